package import Alerting
import ControlModel
import Foundation
package import Store
import Synchronization

/// The backtests that let rules act by themselves: those of a file the operator named, and those kept here.
package final class BacktestDesk: Sendable {
  private let alerts: AlertStore
  private let audit: SQLiteControlStore
  private let state: Mutex<BacktestLibrary>

  /// - Parameter committed: records of `controls.automatic.backtests`.
  package init(_ alerts: AlertStore, audit: SQLiteControlStore, committed: [BacktestRecord]) throws(StoreFailure) {
    self.alerts = alerts
    self.audit = audit
    let kept = try alerts.database.readNow { try BacktestRecords.all(in: $0) }
    let decoder = JSONDecoder()
    state = Mutex(
      BacktestLibrary(committed + kept.compactMap { try? decoder.decode(BacktestRecord.self, from: Data($0)) }))
  }

  package var library: BacktestLibrary { state.withLock { $0 } }

  /// Whether a rule may act by itself.
  package func permits(_ rule: Rule) -> Bool { library.record(for: rule)?.permits ?? false }

  /// Says so in the audit log, then keeps it.
  func keep(_ record: BacktestRecord, at now: WallTime, requestID: RequestID) async throws(Refusal) {
    let entry = AuditEntry(
      at: now, actor: record.by, action: "backtest.keep", object: "rule:\(record.rule)", after: record.ruleHash,
      requestID: requestID,
      summary: "backtest of \(record.rule) from \(record.start) to \(record.end): \(record.verdict.rawValue)")
    guard let document = try? JSONEncoder().encode(record) else { preconditionFailure("a record is text and numbers") }
    do throws(StoreFailure) {
      _ = try await audit.audit(entry)
      try await alerts.database.write {
        try BacktestRecords.save(
          hash: record.ruleHash, at: now, actor: record.by, document: [UInt8](document), in: $0)
      }
    } catch {
      throw Refusal(.storeUnavailable, "The backtest was not kept: \(error.message)", retryAfterSeconds: 1)
    }
    state.withLock { $0.add(record) }
  }
}
