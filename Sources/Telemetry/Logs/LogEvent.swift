package import ControlModel

/// One structured record: the fields of the OpenTelemetry log data model plus the ids an operator searches by.
package struct LogEvent: Sendable {
  package var time: WallTime
  package var severity: Severity
  /// Stable machine name, dotted: `order.sent`, `control.sealed`.
  package var name: String
  /// One sentence for a person.
  package var body: String
  /// The plane it comes from: `gateway`, `runtime`, `control`, `alerting`, `lifecycle`.
  package var component: String
  package var requestID: RequestID?
  package var traceID: String?
  package var tenant: TenantID?
  package var actor: String?
  package var attributes: [(String, LogValue)]

  package init(
    _ name: String, _ severity: Severity = .info, at time: WallTime, component: String, body: String,
    requestID: RequestID? = nil, traceID: String? = nil, tenant: TenantID? = nil, actor: String? = nil,
    attributes: [(String, LogValue)] = []
  ) {
    self.time = time
    self.severity = severity
    self.name = name
    self.body = body
    self.component = component
    self.requestID = requestID
    self.traceID = traceID
    self.tenant = tenant
    self.actor = actor
    self.attributes = attributes
  }

  /// OpenTelemetry's severity numbers.
  package enum Severity: Int, Sendable, CaseIterable, Comparable {
    case debug = 5
    case info = 9
    case warn = 13
    case error = 17

    package var text: String {
      switch self {
      case .debug: "DEBUG"
      case .info: "INFO"
      case .warn: "WARN"
      case .error: "ERROR"
      }
    }

    package static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }
  }

  /// The record as one JSON line without its newline.
  package func encoded() -> [UInt8] {
    var line = JSONLine()
    line.begin()
    line.field("ts", plain: time.description.utf8)
    line.field("severity_text", plain: severity.text.utf8)
    line.field("severity_number", severity.rawValue)
    line.field("event_name", name)
    line.field("body", body)
    line.field("component", component)
    if let requestID { line.field("request_id", plain: requestID.text.utf8) }
    if let traceID { line.field("trace_id", plain: traceID.utf8) }
    if let tenant { line.field("tenant", plain: tenant.text.utf8) }
    if let actor { line.field("actor", actor) }
    if !attributes.isEmpty {
      line.open("attributes")
      for (name, value) in attributes { line.attribute(name, value) }
      line.close()
    }
    line.end()
    return line.bytes
  }
}

package enum LogValue: Sendable, Equatable {
  case string(String)
  case int(Int)
  case double(Double)
  case bool(Bool)
}

/// Where components hand their records: never blocks, never fails; what cannot be kept is counted and dropped.
package struct EventLog: Sendable {
  private let sink: @Sendable (LogEvent) -> Void

  package init(_ sink: @escaping @Sendable (LogEvent) -> Void) {
    self.sink = sink
  }

  package static let discarding = EventLog { _ in }

  package func emit(_ event: LogEvent) { sink(event) }
}
