import ControlModel
import Identity
import Telemetry

extension ClientConnection {
  /// What watches the answer to the current request; nil where nobody needs to.
  func answerWatch() -> AnswerWatch? {
    guard exchange.guardMode != .off else { return nil }
    return loop.takeWatch()
  }

  /// Begins to watch an answer.
  func watch(_ head: AnswerWatch.Head, by watch: AnswerWatch) -> AnswerWatch.Step {
    let (mode, template) = (exchange.guardMode, exchange.template)
    let isTripped = mode == .enforce && loop.dataPlane.trips.isTripped(template, at: loop.clocks.monotonic())
    loop.counters.guarded(mode)
    return watch.begin(head, mode, own: exchange.caller?.tenantBytes ?? [], isTripped: isTripped)
  }

  /// A long answer leaked after its head was sent.
  func tripRoute() {
    loop.dataPlane.trips.trip(
      exchange.template, until: loop.clocks.monotonic() + loop.snapshot.isolation.tripDuration.nanoseconds)
  }
}

extension LoopContext {
  /// Counts a finding and writes a record of it: who asked for what, where it was and whose it seems to be. Never the
  /// content.
  func record(_ finding: TenantFinding, of exchange: borrowing Exchange) {
    counters.violations.counter(finding.kind == .unreadable ? "unreadable" : "leak_\(finding.kind.rawValue)")
      .increment()
    violation("tenant.leak", exchange, severity: .error, exchange.guardMode == .enforce ? "refused" : "passed on") {
      line in
      line.field("kind", plain: finding.kind.rawValue.utf8)
      line.field("place", finding.place)
      if let other = finding.other { line.field("other_tenant", plain: other.text.utf8) }
    }
  }

  /// Counts a request that names another tenant than its caller's and writes a record of it.
  func record(mismatchIn place: String, kind: StaticString, found: [UInt8], of exchange: borrowing Exchange) {
    counters.violations.counter(kind.description).increment()
    violation("tenant.mismatch", exchange, severity: .warn, "refused") { line in
      line.field("place", place)
      if let other = TenantID(String(decoding: found, as: UTF8.self)) {
        line.field("other_tenant", plain: other.text.utf8)
      }
    }
  }

  private func violation(
    _ name: String, _ exchange: borrowing Exchange, severity: LogEvent.Severity, _ outcome: String,
    _ rest: (inout JSONLine) -> Void
  ) {
    traceText.removeAll(keepingCapacity: true)
    exchange.trace.appendTraceID(to: &traceText)
    line.begin()
    line.field("ts", plain: stamps.timestamp(clocks.wall()))
    line.field("severity_text", plain: severity.text.utf8)
    line.field("severity_number", severity.rawValue)
    line.field("event_name", plain: name.utf8)
    line.field("component", plain: "gateway".utf8)
    line.field("body", "Another tenant was named where only the caller's may be; \(outcome).")
    line.field("request_id", plain: exchange.requestID)
    line.field("trace_id", plain: traceText)
    if let caller = exchange.caller {
      if let tenant = caller.tenant { line.field("tenant", plain: tenant.text.utf8) }
      line.field("actor", plain: caller.subject.utf8)
      if caller.actingAs != nil { line.field("acting_as", plain: caller.tenantBytes) }
    }
    line.field("route", plain: exchange.template.utf8)
    line.field("outcome", plain: outcome.utf8)
    rest(&line)
    line.end()
    append(logLine: (LogKey.of(exchange.requestID), LogKey.of(traceText)))
  }
}
