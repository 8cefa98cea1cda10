package import DataPlane
import Foundation

extension Reply {
  /// A JSON answer, never cached.
  package static func json(_ status: Int = 200, _ value: some Encodable, fields: [(String, String)] = []) -> Reply {
    Reply(
      status, contentType: "application/json", fields: [("Cache-Control", "no-store")] + fields,
      body: .bytes(WireJSON.encode(value)))
  }

  package static func text(_ status: Int = 200, _ text: String) -> Reply {
    Reply(
      status, contentType: "text/plain; charset=utf-8", fields: [("Cache-Control", "no-store")],
      body: .bytes(Array(text.utf8)))
  }
}

/// The one JSON encoding of wire documents: members in a stable order, slashes as they are.
package enum WireJSON {
  package static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      preconditionFailure("wire documents hold finite numbers and strings only")
    }
    return Array(data)
  }
}
