import ControlModel
import Identity
import Telemetry

/// One request being answered: what the access line, the metrics and the response headers need. Reused from request to
/// request on its connection, so that a request allocates nothing here.
struct Exchange: ~Copyable {
  var requestID: [UInt8] = []
  var trace = TraceContext(traceHigh: 0, traceLow: 0, spanID: 0, flags: 0)
  /// Whether the trace is the client's; only then does its `tracestate` mean anything.
  var continuesTrace = false
  var method = Method.other
  var path: [UInt8] = []
  /// Where in which table the route is; the table of a snapshot that has been replaced since still counts.
  var routeIndex = -1
  var snapshotVersion = 0
  var template = Exchange.unrouted
  var upstream = ""
  var caller: Principal?
  /// What is done about another tenant's data in the answer.
  var guardMode = GuardMode.off
  /// The client's address: the connection's, or what a trusted proxy says it is.
  var peer = PeerAddress.unknown
  /// Zero until an answer begins.
  var status = 0
  var refusal: RefusalCode?
  var isUpstream = false
  var bytesIn = 0
  var bytesOut = 0
  /// Of a body that is read away after the answer.
  var discardedBytes = 0
  /// The request has a body and says it is JSON.
  var hasJSON = false
  var isHTTP10 = false
  var keepsConnection = true
  /// The client holds its body back until it is told `100 Continue`.
  var awaitsContinue = false
  /// Monotonic nanoseconds.
  var startedAt: Int64 = 0
  var sentUpstreamAt: Int64 = 0
  var wallStart: Int64 = 0
  /// `RateLimit: …` and its policy, when a limit applied.
  private(set) var rateHeaders: [UInt8] = []
  /// For `Allow`, when the route answers other methods.
  var allowedMethods: [Method] = []

  /// Route label of requests that match no route or never got that far.
  static let unrouted = "none"
  /// Bytes of a path kept for the log line.
  static let pathBytesMax = 1024

  mutating func reset() {
    requestID.removeAll(keepingCapacity: true)
    path.removeAll(keepingCapacity: true)
    rateHeaders.removeAll(keepingCapacity: true)
    continuesTrace = false
    method = .other
    routeIndex = -1
    snapshotVersion = 0
    template = Exchange.unrouted
    upstream = ""
    caller = nil
    guardMode = .off
    status = 0
    refusal = nil
    isUpstream = false
    bytesIn = 0
    bytesOut = 0
    discardedBytes = 0
    hasJSON = false
    isHTTP10 = false
    keepsConnection = true
    awaitsContinue = false
    startedAt = 0
    sentUpstreamAt = 0
    wallStart = 0
    if !allowedMethods.isEmpty { allowedMethods = [] }
  }

  mutating func appendRateHeaders(_ policy: [UInt8], _ tightest: RateAllowance.Tightest) {
    rateHeaders.append(contentsOf: policy)
    rateHeaders.append(contentsOf: "RateLimit: \"".utf8)
    rateHeaders.append(contentsOf: tightest.scope.rawValue.utf8)
    rateHeaders.append(contentsOf: "\";r=".utf8)
    Decimal.append(tightest.remaining, to: &rateHeaders)
    rateHeaders.append(contentsOf: ";t=".utf8)
    Decimal.append(tightest.resetSeconds, to: &rateHeaders)
    rateHeaders.append(carriageReturn)
    rateHeaders.append(lineFeed)
  }

  var allowHeader: String {
    let implied: [Method] = allowedMethods.contains(.get) && !allowedMethods.contains(.head) ? [.head] : []
    return (allowedMethods + implied).map(\.text).joined(separator: ", ")
  }
}

extension LoopContext {
  /// Counts a finished request and writes its access line.
  func record(_ exchange: borrowing Exchange, listener: Listener.Kind) {
    let now = clocks.monotonic()
    let duration = Int(now - exchange.startedAt)
    let key = CellKey(
      snapshot: exchange.snapshotVersion, route: exchange.routeIndex, isOps: listener == .ops,
      method: exchange.method, status: exchange.status, isUpstream: exchange.isUpstream)
    let cells = cells(key, template: exchange.template)
    cells.requests.increment()
    cells.duration.observe(duration)
    if exchange.bytesIn > 0 { cells.requestBytes.increment(by: exchange.bytesIn) }
    if exchange.bytesOut > 0 { cells.responseBytes.increment(by: exchange.bytesOut) }
    writeAccessLine(exchange, duration: duration, now: now, listener: listener)
  }

  private func writeAccessLine(_ exchange: borrowing Exchange, duration: Int, now: Int64, listener: Listener.Kind) {
    let severity: LogEvent.Severity =
      exchange.status >= 500 || exchange.refusal?.source == .upstream
      ? .error : exchange.refusal?.source == .caller ? .warn : .info
    traceText.removeAll(keepingCapacity: true)
    exchange.trace.appendTraceID(to: &traceText)
    line.begin()
    line.field("ts", plain: stamps.timestamp(exchange.wallStart))
    line.field("severity_text", plain: severity.text.utf8)
    line.field("severity_number", severity.rawValue)
    line.field("event_name", plain: "http.access".utf8)
    line.field("component", plain: "gateway".utf8)
    line.field("request_id", plain: exchange.requestID)
    line.field("trace_id", plain: traceText)
    if let caller = exchange.caller {
      if let tenant = caller.tenant { line.field("tenant", plain: tenant.text.utf8) }
      line.field("actor", plain: caller.subject.utf8)
      line.field("role", plain: caller.role.rawValue.utf8)
      if let acting = caller.actingAs {
        line.field("acting_as", plain: caller.tenantBytes)
        line.field("act_as_session", plain: acting.session.utf8)
      }
    }
    line.field("method", plain: exchange.method.text.utf8)
    line.field("path", escaping: exchange.path)
    line.field("route", plain: exchange.template.utf8)
    line.field("status", exchange.status)
    if let refusal = exchange.refusal { line.field("code", plain: refusal.rawValue.utf8) }
    if !exchange.upstream.isEmpty { line.field("upstream", plain: exchange.upstream.utf8) }
    if exchange.sentUpstreamAt > 0 {
      line.field("upstream_ms", millisecondsFrom: Int(now - exchange.sentUpstreamAt))
    }
    line.field("bytes_in", exchange.bytesIn)
    line.field("bytes_out", exchange.bytesOut)
    line.field("duration_ms", millisecondsFrom: duration)
    line.field("peer", plain: exchange.peer.text.utf8)
    line.field("listener", plain: listener.rawValue.utf8)
    line.end()
    append(logLine: (LogKey.of(exchange.requestID), LogKey.of(traceText)))
  }
}

/// Decimal digits without an intermediate string.
enum Decimal {
  static func append(_ value: Int, to bytes: inout [UInt8]) {
    precondition(value >= 0, "only sizes and counts are written this way")
    var divisor = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(48 + value / divisor % 10))
      divisor /= 10
    }
  }
}
