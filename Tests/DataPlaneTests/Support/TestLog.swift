import Foundation
import Synchronization
import Telemetry

/// Keeps the access lines a gateway hands over.
final class TestLog: Sendable {
  private let bytes = Mutex<[UInt8]>([])

  init() {}

  @Sendable func append(_ block: LogBlock) {
    bytes.withLock { $0.append(contentsOf: block.bytes) }
  }

  /// Whole lines so far.
  var lines: [String] {
    String(decoding: bytes.withLock { $0 }, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Lines as objects; a line that is not one makes this nil.
  var objects: [[String: any Sendable]]? {
    var objects: [[String: any Sendable]] = []
    for line in lines {
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: any Sendable] else {
        return nil
      }
      objects.append(object)
    }
    return objects
  }

  /// Waits for the access line of a request.
  func line(of requestID: String) async throws -> AccessLine {
    var found: AccessLine?
    try await waitUntil("the access line of \(requestID)") {
      found = lines.lazy.compactMap { try? JSONDecoder().decode(AccessLine.self, from: Data($0.utf8)) }
        .first { $0.request_id == requestID }
      return found != nil
    }
    guard let found else { throw NotInTime(what: requestID, limit: .zero) }
    return found
  }
}

/// Keeps what a gateway tells of itself.
final class TestEvents: Sendable {
  private let events = Mutex<[LogEvent]>([])

  @Sendable func append(_ event: LogEvent) { events.withLock { $0.append(event) } }

  /// Names in the order told.
  var names: [String] { events.withLock { $0.map(\.name) } }
}

/// The access line, as another program reads it.
struct AccessLine: Decodable, Sendable {
  let ts, severity_text, event_name, component, request_id, trace_id, method, path, route, peer, listener: String
  let tenant, actor, role, code, upstream, tls, `protocol`: String?
  let status, bytes_in, bytes_out: Int
  let duration_ms: Double
  let upstream_ms: Double?
}
