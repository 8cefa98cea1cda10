package import ControlModel
import Telemetry

/// A refusal as `application/problem+json` (RFC 9457).
package enum ProblemDocument {
  package static let contentType = "application/problem+json"

  package static func encode(_ refusal: Refusal, instance: [UInt8], requestID: [UInt8]) -> [UInt8] {
    var line = JSONLine()
    line.begin()
    line.field("type", "/errors/\(refusal.code.rawValue)")
    line.field("title", refusal.code.title)
    line.field("status", refusal.code.status)
    line.field("detail", refusal.detail)
    if !instance.isEmpty { line.field("instance", escaping: instance) }
    line.field("code", plain: refusal.code.rawValue.utf8)
    line.field("requestId", plain: requestID)
    if let seconds = retryAfter(refusal) { line.field("retryAfter", seconds) }
    if !refusal.fields.isEmpty {
      line.array("errors", refusal.fields) { line, problem in
        line.field("field", problem.field)
        line.field("problem", problem.problem)
      }
    }
    line.end()
    return line.bytes
  }

  /// Every 429 and 503 says when to come back.
  static func retryAfter(_ refusal: Refusal) -> Int? {
    refusal.retryAfterSeconds ?? (refusal.code.status == 429 || refusal.code.status == 503 ? 1 : nil)
  }
}
