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
  /// The caller and what is known of it; nil on routes that need none.
  var standing: CallerStanding?
  /// What is done about another tenant's data in the answer.
  var guardMode = GuardMode.off
  /// The client's address: the connection's, or what a trusted proxy says it is.
  var peer = PeerAddress.unknown
  /// Zero until an answer begins.
  var status = 0
  var refusal: RefusalCode?
  /// Why no answer of the upstream could be passed on.
  var proxyError: ProxyError?
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
  private(set) var rateHeaders = ByteWriter(capacity: 256)
  /// For `Allow`, when the route answers other methods.
  var allowedMethods: [Method] = []

  /// Route label of requests that match no route or never got that far.
  static let unrouted = "none"
  /// Bytes of a path kept for the log line.
  static let pathBytesMax = 1024

  var caller: Principal? { standing?.principal }

  mutating func reset() {
    requestID.removeAll(keepingCapacity: true)
    path.removeAll(keepingCapacity: true)
    rateHeaders.removeAll()
    continuesTrace = false
    method = .other
    routeIndex = -1
    snapshotVersion = 0
    template = Exchange.unrouted
    upstream = ""
    standing = nil
    guardMode = .off
    status = 0
    refusal = nil
    proxyError = nil
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

  mutating func appendRateHeaders(_ allowance: RateAllowance, _ tightest: RateAllowance.Tightest) {
    rateHeaders.append(allowance.policyLine)
    rateHeaders.append("RateLimit: \"")
    rateHeaders.append(tightest.scope.rawValue.utf8)
    rateHeaders.append("\";r=")
    rateHeaders.append(decimal: tightest.remaining)
    rateHeaders.append(";t=")
    rateHeaders.append(decimal: tightest.resetSeconds)
    rateHeaders.append("\r\n")
  }

  var allowHeader: String {
    let implied: [Method] = allowedMethods.contains(.get) && !allowedMethods.contains(.head) ? [.head] : []
    return (allowedMethods + implied).map(\.text).joined(separator: ", ")
  }
}

extension LoopContext {
  /// Counts a finished request and writes its access line.
  func record(_ exchange: borrowing Exchange, listener: Listener.Kind, transport: Transport, at now: Int64) {
    let duration = Int(now - exchange.startedAt)
    let key = CellKey(
      snapshot: exchange.snapshotVersion, route: exchange.routeIndex, isOps: listener == .ops,
      method: exchange.method, status: exchange.status, isUpstream: exchange.isUpstream)
    let cells = cells(key, template: exchange.template)
    cells.requests.increment()
    // A tunnel lasts as long as its peers want.
    if exchange.status != 101 {
      cells.duration.observe(
        duration, at: exchange.wallStart, trace: exchange.trace, requestID: exchange.requestID)
    }
    if exchange.bytesIn > 0 { cells.requestBytes.increment(by: exchange.bytesIn) }
    if exchange.bytesOut > 0 { cells.responseBytes.increment(by: exchange.bytesOut) }
    writeAccessLine(exchange, duration: duration, now: now, listener: listener, transport: transport)
  }

  private func writeAccessLine(
    _ exchange: borrowing Exchange, duration: Int, now: Int64, listener: Listener.Kind, transport: Transport
  ) {
    traceText.removeAll(keepingCapacity: true)
    exchange.trace.appendTraceID(to: &traceText)
    line.begin()
    line.field("ts", plain: stamps.timestamp(exchange.wallStart))
    if exchange.status >= 500 || exchange.refusal?.source == .upstream {
      line.members(#""severity_text":"ERROR","severity_number":17"#)
    } else if exchange.refusal?.source == .caller {
      line.members(#""severity_text":"WARN","severity_number":13"#)
    } else {
      line.members(#""severity_text":"INFO","severity_number":9"#)
    }
    line.members(#""event_name":"http.access","component":"gateway""#)
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
    if let error = exchange.proxyError { line.field("upstream_error", plain: error.rawValue.utf8) }
    if !exchange.upstream.isEmpty { line.field("upstream", plain: exchange.upstream.utf8) }
    if exchange.sentUpstreamAt > 0 {
      line.field("upstream_ms", millisecondsFrom: Int(now - exchange.sentUpstreamAt))
    }
    line.field("bytes_in", exchange.bytesIn)
    line.field("bytes_out", exchange.bytesOut)
    line.field("duration_ms", millisecondsFrom: duration)
    line.field("peer", plain: exchange.peer.text.utf8)
    line.field("listener", plain: listener.rawValue.utf8)
    if transport.isHTTP2 { line.field("protocol", plain: "h2".utf8) }
    if let tls = transport.tls { line.field("tls", plain: tls.rawValue.utf8) }
    line.end()
    append(logLine: (LogKey.of(exchange.requestID), LogKey.of(traceText)))
  }
}
