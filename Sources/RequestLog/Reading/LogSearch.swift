package import ControlModel
import Synchronization
import Telemetry

/// What to look for in the log; nil matches everything.
package struct LogQuery: Sendable {
  package var event: String?
  package var tenant: String?
  package var actor: String?
  /// Exact status, or a class as its first digit times 100 with `isStatusClass`.
  package var status: Int?
  package var isStatusClass = false
  package var code: String?
  package var severity: String?
  package var component: String?
  /// Text that stands in some member of the record.
  package var text: String?
  package var since: WallTime?
  package var until: WallTime?
  /// Where an earlier search stopped.
  package var before: LogPosition?
  package var limit: Int

  package static let limitMax = 500
  /// Most bytes of log one search reads; it can be continued from where it stopped.
  package static let bytesMax = 64 * 1024 * 1024

  package init(limit: Int = 50) {
    self.limit = min(max(1, limit), Self.limitMax)
  }

  /// Texts that a matching line holds, as JSON spells them: a cheap test on the bytes, so that most lines are never
  /// parsed.
  fileprivate var needles: [[UInt8]] {
    [event, tenant, actor, code, severity, component, text].compactMap { value in
      guard let value, !value.isEmpty else { return nil }
      var line = JSONLine()
      line.begin()
      line.field("", value)
      return Array(line.bytes.dropFirst(#"{"":""#.utf8.count).dropLast())
    }
  }

  fileprivate func matches(_ record: LogRecord) -> Bool {
    if let event, record.eventName != event { return false }
    if let tenant, record.tenant != tenant { return false }
    if let actor, record.actor != actor { return false }
    if let code, record.code != code { return false }
    if let severity, record.severityText != severity { return false }
    if let component, record.component != component { return false }
    if let status {
      guard let found = record.status else { return false }
      if isStatusClass ? found / 100 != status / 100 : found != status { return false }
    }
    return true
  }
}

/// What a search found.
package struct LogFindings: Sendable {
  /// Newest first.
  package let records: [LogRecord]
  /// Where to go on for older records; nil when there are none.
  package let next: LogPosition?
}

extension LogWriter {
  /// Lines stand in the order in which they were handed over, a fraction of a second after their time. A search goes this
  /// much further back than `since`.
  private static let disorderMilliseconds: Int64 = 10_000

  /// Matching records. Stops at the query's limit, at its `since`, or after `LogQuery.bytesMax` bytes of log.
  package func find(_ query: LogQuery) async -> LogFindings {
    let needles = query.needles
    let state = Mutex((records: [LogRecord](), isPastSince: false))
    let stop = await scanBackwards(before: query.before, bytesMax: LogQuery.bytesMax) { line, _ in
      guard needles.allSatisfy({ line.end(of: $0) != nil }), let record = LogRecord.decode(line),
        let time = record.time
      else { return true }
      if let until = query.until, time >= until { return true }
      if let since = query.since, time < since {
        guard since.unixMilliseconds - time.unixMilliseconds > Self.disorderMilliseconds else { return true }
        state.withLock { $0.isPastSince = true }
        return false
      }
      guard query.matches(record) else { return true }
      return state.withLock { state in
        state.records.append(record)
        return state.records.count < query.limit
      }
    }
    return state.withLock { state in
      LogFindings(records: state.records, next: state.isPastSince ? nil : stop)
    }
  }

  /// The records of `find`.
  package func search(_ query: LogQuery) async -> [LogRecord] { await find(query).records }

  /// Everything under one id, oldest first.
  package func records(withID id: String, limit: Int = LogQuery.limitMax) async -> [LogRecord] {
    await lines(withID: id, limit: limit).compactMap { LogRecord.decode($0[...]) }
      .filter { $0.requestID == id || $0.traceID == id || $0.attributes?["order"]?.text == id }
  }
}
