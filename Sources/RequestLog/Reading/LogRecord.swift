package import ControlModel
import Foundation
import Telemetry

/// A log line read back.
package struct LogRecord: Sendable, Decodable {
  package let ts: String
  package let severityText: String
  package let eventName: String
  package let component: String
  package let body: String?
  package let requestID: String?
  package let traceID: String?
  package let tenant: String?
  package let actor: String?
  package let role: String?
  package let method: String?
  package let path: String?
  package let route: String?
  package let status: Int?
  package let code: String?
  package let upstream: String?
  package let upstreamMilliseconds: Double?
  package let durationMilliseconds: Double?
  package let bytesIn: Int?
  package let bytesOut: Int?
  package let peer: String?
  package let attributes: [String: Attribute]?

  enum CodingKeys: String, CodingKey {
    case ts, component, body, tenant, actor, role, method, path, route, status, code, upstream, peer, attributes
    case severityText = "severity_text"
    case eventName = "event_name"
    case requestID = "request_id"
    case traceID = "trace_id"
    case upstreamMilliseconds = "upstream_ms"
    case durationMilliseconds = "duration_ms"
    case bytesIn = "bytes_in"
    case bytesOut = "bytes_out"
  }

  package var time: WallTime? { WallTime(rfc3339: ts) }

  /// Nil when the line is not one of ours.
  package static func decode(_ line: ArraySlice<UInt8>) -> LogRecord? {
    try? JSONDecoder().decode(LogRecord.self, from: Data(line))
  }

  /// A string, number or flag.
  package enum Attribute: Sendable, Decodable {
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .text("null")  // a number that JSON cannot write, such as NaN
      } else if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let integer = try? container.decode(Int.self) {
        self = .integer(integer)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    package var text: String {
      switch self {
      case .text(let text): text
      case .integer(let integer): String(integer)
      case .number(let number): MetricRegistry.number(number)
      case .flag(let flag): String(flag)
      }
    }
  }
}
