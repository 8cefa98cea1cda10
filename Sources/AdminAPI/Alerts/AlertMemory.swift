package import Alerting
package import ControlModel
import Foundation
package import Store
import Synchronization

/// The alerts as they are, durable: over a restart `for` goes on counting and what fires stays known.
///
/// Written beside the evaluation, never by it: a disk that hangs must not blind the rules.
package final class AlertMemory: Sendable {
  private let store: SQLiteControlStore
  private let written = Mutex<(records: [AlertRecord], at: WallTime)?>(nil)

  /// Written again after this time although nothing changed, so that a start knows how long nobody watched.
  private static let heartbeatMilliseconds: Int64 = 30_000
  /// Over a longer outage an alert that was pending starts to wait anew: whether it held meanwhile nobody knows.
  package static let outageMilliseconds: Int64 = 300_000

  package init(_ store: SQLiteControlStore) {
    self.store = store
  }

  /// What is to be restored at `now`; nothing when it cannot be read, because alerting begins anew without it.
  package func recall(at now: WallTime) -> [AlertRecord] {
    guard let kept = try? store.database.readNow({ try OperationRecords.alerts(in: $0) }),
      let records = try? JSONDecoder().decode([AlertRecord].self, from: Data(kept.records))
    else { return [] }
    let isShort = now.unixMilliseconds - kept.at.unixMilliseconds <= Self.outageMilliseconds
    return records.filter { isShort || $0.state == .firing }
  }

  /// Writes `records` if they differ from what is written. What cannot be written now is tried with the next call.
  package func keep(_ records: [AlertRecord], at now: WallTime) async {
    let isKnown = written.withLock { written in
      guard let written, written.records.count == records.count else { return false }
      return now.unixMilliseconds - written.at.unixMilliseconds < Self.heartbeatMilliseconds
        && zip(written.records, records).allSatisfy { $0.isSameState(as: $1) }
    }
    guard !isKnown, let encoded = try? JSONEncoder().encode(records) else { return }
    let bytes = [UInt8](encoded)
    guard (try? await store.database.write({ try OperationRecords.saveAlerts(bytes, at: now, in: $0) })) != nil else {
      return
    }
    written.withLock { $0 = (records, now) }
  }
}
