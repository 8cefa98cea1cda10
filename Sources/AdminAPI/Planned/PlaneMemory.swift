package import ControlModel
package import ControlPlane
import Foundation
import GRDB
package import Store
package import Wire

/// Planned stops and drill reports, durable with their audit rows.
package struct PlaneMemory: Sendable {
  private let store: SQLiteControlStore
  private let now: @Sendable () -> WallTime

  package init(_ store: SQLiteControlStore, now: @escaping @Sendable () -> WallTime) {
    self.store = store
    self.now = now
  }

  /// Planned stops of earlier processes. Throws when they cannot be read: a stop that was planned must not be forgotten.
  package func plannedStops() throws(StoreFailure) -> [PlannedStop] {
    let bodies = try store.database.readNow {
      try PlaneRecords.all(.window, limit: PlaneRecords.keptMax, in: $0)
    }
    return bodies.compactMap { body in
      (try? JSONDecoder().decode(WindowItem.self, from: Data(body))).flatMap { PlannedStop($0) }
    }
  }

  /// Where an occurrence stands; its stop has an audit row of its own. What cannot be written is begun again after a crash,
  /// which restricts twice and no more.
  package func note(_ stop: PlannedStop) async {
    let at = now()
    let body = WireJSON.encode(WindowItem(stop, at: at))
    _ = try? await store.database.write { try PlaneRecords.save(.window, stop.id, body, at: stop.createdAt, in: $0) }
  }

  func keep(_ stop: PlannedStop, _ action: String, by actor: String, requestID: RequestID) async throws(Refusal) {
    let body = WireJSON.encode(WindowItem(stop, at: now()))
    let entry = AuditEntry(
      at: now(), actor: actor, action: action, object: stop.id, after: DocumentDigest.of(body), requestID: requestID,
      reason: stop.reason,
      summary:
        "planned a stop of \(stop.scope.summary) from \(stop.startsAt) to \(stop.endsAt), \(stop.repeats.rawValue) again"
    )
    try await write(entry) { try PlaneRecords.save(.window, stop.id, body, at: stop.createdAt, in: $0) }
  }

  func forget(_ stop: PlannedStop, by actor: String, requestID: RequestID) async throws(Refusal) {
    let entry = AuditEntry(
      at: now(), actor: actor, action: "window.remove", object: stop.id, requestID: requestID, reason: stop.reason,
      summary: "removed the planned stop of \(stop.scope.summary)")
    try await write(entry) { _ = try PlaneRecords.remove(.window, stop.id, in: $0) }
  }

  func keep(_ report: DrillReport) async throws(Refusal) {
    let body = WireJSON.encode(DrillItem(report))
    do throws(StoreFailure) {
      try await store.database.write { try PlaneRecords.save(.drill, report.id, body, at: report.startedAt, in: $0) }
    } catch {
      throw Refusal(.storeUnavailable, "The report is not kept: \(error.message)", retryAfterSeconds: 1)
    }
  }

  /// Reports, newest first.
  package func reports(limit: Int) async throws(StoreFailure) -> [DrillItem] {
    try await store.database.read { try PlaneRecords.all(.drill, limit: limit, in: $0) }
      .compactMap { try? JSONDecoder().decode(DrillItem.self, from: Data($0)) }
  }

  private func write(
    _ entry: AuditEntry, _ work: @escaping @Sendable (GRDB.Database) throws -> Void
  ) async throws(Refusal) {
    do throws(StoreFailure) {
      try await store.audited(entry, work)
    } catch {
      throw Refusal(.storeUnavailable, "Nothing was planned or removed: \(error.message)", retryAfterSeconds: 1)
    }
  }
}
