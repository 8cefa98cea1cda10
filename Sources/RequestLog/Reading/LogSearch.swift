package import ControlModel
import Synchronization

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
  /// Text the line holds.
  package var text: String?
  package var since: WallTime?
  package var until: WallTime?
  package var limit: Int

  package static let limitMax = 500
  /// Most bytes of log one search reads; what lies before is not looked at and the answer says so.
  package static let bytesMax = 64 * 1024 * 1024

  package init(limit: Int = 50) {
    self.limit = min(max(1, limit), Self.limitMax)
  }

  /// A cheap test on the bytes, so that most lines are never parsed.
  func mayMatch(_ line: [UInt8]) -> Bool {
    for value in [event, tenant, actor, code, severity, component, text] {
      if let value, !value.isEmpty, !line.contains(subsequence: Array(value.utf8)) { return false }
    }
    return true
  }

  func matches(_ record: LogRecord) -> Bool {
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

extension LogWriter {
  /// Matching records, newest first.
  package func search(_ query: LogQuery) async -> [LogRecord] {
    let found = Mutex<[LogRecord]>([])
    await scanBackwards(bytesMax: LogQuery.bytesMax) { line in
      guard query.mayMatch(line), let record = LogRecord.decode(line), let time = record.time else { return true }
      if let until = query.until, time >= until { return true }
      if let since = query.since, time < since { return false }
      guard query.matches(record) else { return true }
      return found.withLock { found in
        found.append(record)
        return found.count < query.limit
      }
    }
    return found.withLock { $0 }
  }

  /// Everything under one id, oldest first.
  package func records(withID id: String, limit: Int = LogQuery.limitMax) async -> [LogRecord] {
    await lines(withID: id, limit: limit).compactMap(LogRecord.decode)
      .filter { $0.requestID == id || $0.traceID == id || $0.attributes?["order"]?.text == id }
  }
}

extension [UInt8] {
  fileprivate func contains(subsequence other: [UInt8]) -> Bool {
    guard let first = other.first, other.count <= count else { return other.isEmpty }
    var index = startIndex
    while index + other.count <= endIndex {
      if self[index] == first, self[index..<index + other.count].elementsEqual(other) { return true }
      index += 1
    }
    return false
  }
}
