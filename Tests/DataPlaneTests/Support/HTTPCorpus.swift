import Foundation

/// The raw requests of Fixtures/http-raw/requests.json.
enum HTTPCorpus {
  struct Request: Sendable {
    let id: String
    let raw: [UInt8]
  }

  static func load() throws -> [Request] {
    struct Row: Decodable {
      let id: String
      let raw: Data
    }
    let rows = try JSONDecoder().decode([Row].self, from: Data(contentsOf: url("requests.json")))
    return rows.map { Request(id: $0.id, raw: [UInt8]($0.raw)) }
  }

  static func url(_ name: String) -> URL {
    Bundle.module.bundleURL.appendingPathComponent("Fixtures/http-raw/\(name)")
  }
}
