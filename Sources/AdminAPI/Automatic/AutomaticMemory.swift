package import ControlModel
package import ControlPlane
import Foundation
package import Store
import Wire

/// The shadow log, durable: what rules did, proposed, or would have done.
package struct AutomaticMemory: Sendable {
  private let store: SQLiteControlStore

  package init(_ store: SQLiteControlStore) {
    self.store = store
  }

  /// Records of earlier processes, newest first; none when they cannot be read: a rule then has its whole budget.
  package func recall() throws(StoreFailure) -> [AutomaticRecord] {
    let bodies = try store.database.readNow {
      try PlaneRecords.all(.automatic, limit: AutomaticControls.recordsMax, in: $0)
    }
    return bodies.compactMap { body in
      (try? JSONDecoder().decode(AutomaticItem.self, from: Data(body))).flatMap { AutomaticRecord($0) }
    }
  }

  /// Writes a record with its audit row. What cannot be written is in the log, and its stop is on record by itself.
  package func keep(_ record: AutomaticRecord, requestID: RequestID) async throws(StoreFailure) {
    let trigger = record.trigger
    let body = WireJSON.encode(AutomaticItem(record, at: record.at))
    let entry = AuditEntry(
      at: record.decidedAt ?? record.at, actor: record.decidedBy ?? trigger.actor,
      action: "automatic.\(record.outcome.rawValue)", object: record.control?.text ?? record.id,
      after: DocumentDigest.of(body), requestID: requestID, reason: record.reason ?? trigger.summary,
      summary: "\(trigger.alert) at \(trigger.value), rule \(trigger.ruleHash.prefix(12)): "
        + "\(record.outcome.rawValue) \(trigger.action.rawValue)")
    let at = record.at
    let id = record.id
    try await store.audited(entry) { try PlaneRecords.save(.automatic, id, body, at: at, in: $0) }
  }
}
