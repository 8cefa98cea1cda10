import BreakwaterTesting
import ControlModel
import Foundation
import RequestLog
import Telemetry

/// A log of a test's own, in its own folder.
struct TestLog {
  let folder: TemporaryFolder
  let metrics: MetricRegistry
  let clock: TestClock
  let writer: LogWriter

  init(
    segment: Int = 16 * 1024 * 1024, total: Int = 1024 * 1024 * 1024, pending: Int = 64 * 1024 * 1024,
    in folder: TemporaryFolder? = nil, clock: TestClock = TestClock(), copy: (@Sendable ([UInt8]) -> Void)? = nil
  ) throws {
    let folder = try folder ?? TemporaryFolder()
    var settings = LogWriter.Settings()
    settings.segmentBytesMax = segment
    settings.totalBytesMax = total
    settings.pendingBytesMax = pending
    metrics = MetricRegistry()
    writer = try LogWriter(
      folder.path, settings: settings, metrics: metrics, now: clock.clocks.wall, copy: copy)
    self.folder = folder
    self.clock = clock
  }

  func append(_ events: LogEvent...) async {
    for event in events { writer.append(event) }
    await writer.flush()
  }

  /// Everything, newest first.
  func bodies(_ query: LogQuery = LogQuery(limit: LogQuery.limitMax)) async -> [String] {
    await writer.search(query).map { $0.body ?? "" }
  }

  func dropped(_ reason: String) -> Double {
    metrics.family(MetricCatalog.logDropped).counter("segments", reason).value
  }

  /// Names of files that end so, sorted by the time in them.
  func files(_ suffix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(suffix) }
      .sorted { (Int64($0.dropLast(4)) ?? 0) < (Int64($1.dropLast(4)) ?? 0) }
  }

  func bytes(_ name: String) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: folder.file(name)) ?? Data()) }
}

/// An event with a number in its body, whose request id is made of it.
func event(
  _ number: Int, at time: WallTime = WallTime(unixMilliseconds: 1_795_348_800_000), name: String = "order.sent",
  _ severity: LogEvent.Severity = .info, component: String = "runtime", tenant: String? = nil, actor: String? = nil,
  body: String? = nil, trace: String? = nil, attributes: [(String, LogValue)] = []
) -> LogEvent {
  LogEvent(
    name, severity, at: time, component: component, body: body ?? "n\(number)",
    requestID: RequestID("request-\(number)"),
    traceID: trace, tenant: tenant.flatMap { TenantID($0) }, actor: actor, attributes: attributes)
}

/// An access line, as the gateway writes it.
func access(_ number: Int, status: Int, code: String? = nil, tenant: String? = nil, path: String = "/api/v1/orders")
  -> LogBlock
{
  var line = JSONLine()
  line.begin()
  line.field("ts", "2026-11-22T12:00:00.000Z")
  line.field("severity_text", "INFO")
  line.field("severity_number", 9)
  line.field("event_name", "http.access")
  line.field("component", "gateway")
  line.field("request_id", "request-\(number)")
  line.field("method", "GET")
  line.field("path", escaping: Array(path.utf8))
  line.field("status", status)
  if let code { line.field("code", code) }
  if let tenant { line.field("tenant", tenant) }
  line.field("duration_ms", millisecondsFrom: 1_500_000)
  line.end()
  var block = LogBlock()
  block.append(line.bytes, keys: (LogKey.of("request-\(number)".utf8), 0))
  return block
}
