import Alerting
import ControlModel
import GRDB
package import Store
import Synchronization

/// Who has which alert. Durable with its audit row; forgotten when the alert ends, so that the next one pages again.
package final class AlertAcknowledgements: Sendable {
  private let store: SQLiteControlStore
  private let byFingerprint: Mutex<[String: OperationRecords.Acknowledgement]>

  package init(_ store: SQLiteControlStore) throws(StoreFailure) {
    self.store = store
    let known = try store.database.readNow { try OperationRecords.acks(in: $0) }
    byFingerprint = Mutex(Dictionary(known.map { ($0.fingerprint, $0) }, uniquingKeysWith: { first, _ in first }))
  }

  package func find(_ fingerprint: String) -> OperationRecords.Acknowledgement? {
    byFingerprint.withLock { $0[fingerprint] }
  }

  /// - Parameter owner: who has it from now on, `actor` or someone they hand it to.
  func take(
    _ alert: Alert, by actor: String, owner: String, comment: String, at now: WallTime, requestID: RequestID
  ) async throws(StoreFailure) {
    let ack = OperationRecords.Acknowledgement(
      fingerprint: alert.fingerprint, actor: owner, at: now, comment: comment)
    let what = owner == actor ? "took the alert \(alert.name)" : "handed the alert \(alert.name) to \(owner)"
    let entry = AuditEntry(
      at: now, actor: actor, action: "alert.ack", object: "\(alert.name)/\(alert.fingerprint)", requestID: requestID,
      reason: comment, summary: what)
    try await store.audited(entry) { try OperationRecords.save(ack, in: $0) }
    byFingerprint.withLock { $0[alert.fingerprint] = ack }
  }

  /// Nobody has it any more.
  func release(_ alert: Alert, by actor: String, at now: WallTime, requestID: RequestID) async throws(StoreFailure) {
    let entry = AuditEntry(
      at: now, actor: actor, action: "alert.release", object: "\(alert.name)/\(alert.fingerprint)",
      requestID: requestID, summary: "gave the alert \(alert.name) back")
    try await store.audited(entry) { try OperationRecords.forgetAck(alert.fingerprint, in: $0) }
    byFingerprint.withLock { $0[alert.fingerprint] = nil }
  }

  /// An alert ended: whoever had it has it no more. What cannot be forgotten now is forgotten when it ends again.
  package func forget(_ fingerprint: String) async {
    guard byFingerprint.withLock({ $0.removeValue(forKey: fingerprint) }) != nil else { return }
    _ = try? await store.database.write { try OperationRecords.forgetAck(fingerprint, in: $0) }
  }
}
