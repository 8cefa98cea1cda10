import ControlModel
import GRDB
package import Identity
package import Store
package import Telemetry

/// Begins and ends the sessions in which staff act as a tenant. Both are recorded with their audit row; a session ends by
/// revoking its token, which is in force at once and survives a restart.
package struct ActAsDesk: Sendable {
  private let authority: ActAsAuthority
  private let store: SQLiteControlStore
  private let revocations: RevocationDesk
  private let ids: IDSource

  /// Sessions one member of staff may have open at once.
  static let sessionsPerActorMax = 5

  package init(_ authority: ActAsAuthority, store: SQLiteControlStore, revocations: RevocationDesk, ids: IDSource) {
    self.authority = authority
    self.store = store
    self.revocations = revocations
    self.ids = ids
  }

  /// What is asked for, checked.
  struct Wish {
    let tenant: TenantID
    let mode: ActAsGrant.Mode
    let reason: String
    let lifetimeSeconds: Int64
  }

  /// A new session and its token. It ends with the token it was asked for with, if that is sooner.
  func begin(
    _ wish: Wish, by actor: Principal, at now: WallTime, requestID: RequestID
  ) async throws(Refusal) -> (row: ActAsRecords.Row, token: String) {
    let end = min(now.unixSeconds + wish.lifetimeSeconds, actor.expiresAt.unixSeconds)
    guard end > now.unixSeconds else { throw Refusal(.authExpired, "Your token ends now; refresh it, then ask again.") }
    let grant = ActAsGrant(
      id: ids.actAsID(), tenant: wish.tenant, actor: actor.subject, mode: wish.mode,
      issuedAt: WallTime(unixSeconds: now.unixSeconds), expiresAt: WallTime(unixSeconds: end))
    guard let token = try? authority.sign(grant) else {
      throw Refusal(.internalError, "The session's token cannot be signed.")
    }
    let row = ActAsRecords.Row(
      id: grant.id, tenant: grant.tenant.text, actor: grant.actor, mode: grant.mode.rawValue, reason: wish.reason,
      createdAt: now, expiresAt: grant.expiresAt)
    let entry = AuditEntry(
      at: now, actor: grant.actor, actingAs: grant.tenant.text, action: "act_as.begin", object: "session:\(grant.id)",
      requestID: requestID, reason: wish.reason,
      summary: "may act as tenant \(grant.tenant) to \(grant.mode.rawValue) until \(grant.expiresAt)")
    do throws(StoreFailure) {
      try await store.audited(entry) { database in
        let open = try ActAsRecords.active(of: row.actor, at: now, in: database)
        guard open < Self.sessionsPerActorMax else {
          throw StoreFailure(.conflict, "You have \(open) sessions open; end one first.")
        }
        try ActAsRecords.insert(row, in: database)
      }
    } catch {
      if error.kind == .conflict { throw Refusal(.requestInvalid, error.message) }
      throw Refusal(.storeUnavailable, "Nobody acts as a tenant unrecorded: \(error.message)", retryAfterSeconds: 1)
    }
    return (row, token)
  }

  /// Ends a session: its own actor's, or anybody's for an admin.
  func end(
    _ id: String, by actor: Principal, at now: WallTime, requestID: RequestID
  ) async throws(Refusal) -> ActAsRecords.Row {
    let unknown = Refusal(.notFound, "There is no such session.")
    guard var row = try await read({ try ActAsRecords.find(id, in: $0) }) else { throw unknown }
    guard actor.role == .admin || row.actor == actor.subject else { throw unknown }
    // First it has no effect any more, then that is written down.
    _ = try await revocations.add(
      .token(id), issuedBefore: nil, reason: "act-as session ended by \(actor.subject)", by: actor.subject, at: now,
      requestID: requestID)
    let entry = AuditEntry(
      at: now, actor: actor.subject, actingAs: row.tenant, action: "act_as.end", object: "session:\(id)",
      requestID: requestID, summary: "ended \(row.actor)'s session as tenant \(row.tenant)")
    let name = actor.subject
    do throws(StoreFailure) {
      try await store.audited(entry) { try ActAsRecords.end(id, by: name, at: now, in: $0) }
    } catch {
      throw Refusal(.storeUnavailable, "The session has ended, but that is not recorded: \(error.message)")
    }
    if row.endedAt == nil { (row.endedAt, row.endedBy) = (now, name) }
    return row
  }

  func sessions(_ filter: ActAsRecords.Filter) async throws(Refusal) -> [ActAsRecords.Row] {
    try await read { try ActAsRecords.list(filter, in: $0) }
  }

  private func read<Result: Sendable>(
    _ work: @escaping @Sendable (GRDB.Database) throws -> Result
  ) async throws(Refusal) -> Result {
    do throws(StoreFailure) {
      return try await store.database.read(work)
    } catch {
      throw Refusal(.storeUnavailable, "The sessions cannot be read: \(error.message)", retryAfterSeconds: 1)
    }
  }
}
