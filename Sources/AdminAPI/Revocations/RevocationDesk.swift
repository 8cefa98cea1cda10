package import ControlModel
package import Identity
package import Store
import Telemetry

/// Revocations in force and on disk. Adding takes effect at once and is then recorded; lifting is recorded and then takes
/// effect: memory is only ever stricter than the store.
package struct RevocationDesk: Sendable {
  package let list: RevocationStore
  private let store: SQLiteControlStore
  private let policy: TokenPolicy

  /// Reads what an earlier process left. Throws when the store cannot be read: believing a revoked token is not a fallback.
  package init(_ store: SQLiteControlStore, policy: TokenPolicy, at now: WallTime) throws(StoreFailure) {
    self.store = store
    self.policy = policy
    var known = RevocationList()
    for row in try store.database.readNow({ try RevocationRecords.all(at: now, in: $0) }) {
      guard let target = RevocationTarget(kind: row.kind, name: row.name) else { continue }
      let revocation = Revocation(
        target, issuedBefore: row.issuedBefore, reason: row.reason, createdAt: row.createdAt, expiresAt: row.expiresAt)
      do throws(Refusal) {
        try known.add(revocation)
      } catch {
        throw StoreFailure(.corrupt, "The stored revocation of \(row.kind) \(row.name) is not one: \(error.detail)")
      }
    }
    list = RevocationStore(known)
  }

  /// Refuses for good in memory, then records. Throws `store.unavailable` when only the second failed.
  func add(
    _ target: RevocationTarget, issuedBefore: WallTime?, reason: String, by actor: String, at now: WallTime,
    requestID: RequestID
  ) async throws(Refusal) -> RevocationRecords.Row {
    let revocation = Revocation(target, issuedBefore: issuedBefore, reason: reason, at: now, policy: policy)
    let inForce = try list.update { (list: inout RevocationList) throws(Refusal) in
      try list.add(revocation)
      return list.entry(target) ?? revocation
    }
    let row = RevocationRecords.Row(
      kind: target.kind, name: target.name, issuedBefore: inForce.issuedBefore, reason: reason, actor: actor,
      createdAt: inForce.createdAt, expiresAt: inForce.expiresAt)
    let entry = AuditEntry(
      at: now, actor: actor, action: "revocation.add", object: "\(target.kind):\(target.name)", requestID: requestID,
      reason: reason, summary: "revoked \(target.words)\(issuedBefore.map { ", tokens issued before \($0)" } ?? "")")
    do throws(StoreFailure) {
      try await store.audited(entry) { try RevocationRecords.save(row, in: $0) }
    } catch {
      throw Refusal(
        .storeUnavailable,
        "The revocation is in force but not recorded, so a restart would lose it: \(error.message) Send it again.")
    }
    return row
  }

  /// Records, then lifts. Refuses `resource.unknown` when there is no such revocation.
  func remove(
    _ target: RevocationTarget, reason: String, by actor: String, at now: WallTime, requestID: RequestID
  ) async throws(Refusal) {
    guard list.current.entry(target) != nil else {
      throw Refusal(.notFound, "There is no revocation of \(target.words).")
    }
    let entry = AuditEntry(
      at: now, actor: actor, action: "revocation.remove", object: "\(target.kind):\(target.name)", requestID: requestID,
      reason: reason, summary: "lifted the revocation of \(target.words)")
    do throws(StoreFailure) {
      try await store.audited(entry) {
        try RevocationRecords.remove(kind: target.kind, name: target.name, in: $0)
      }
    } catch {
      throw Refusal(.storeUnavailable, "The revocation stays: \(error.message)")
    }
    _ = try list.update { (list: inout RevocationList) throws(Refusal) in list.remove(target) }
  }

  func rows(at now: WallTime) async throws(Refusal) -> [RevocationRecords.Row] {
    do throws(StoreFailure) {
      return try await store.database.read { try RevocationRecords.all(at: now, in: $0) }
    } catch {
      throw Refusal(.storeUnavailable, "The revocations cannot be read: \(error.message)")
    }
  }
}

extension RevocationTarget {
  init?(kind: String, name: String) {
    switch kind {
    case "jti": self = .token(name)
    case "sid": self = .session(name)
    case "sub": self = .subject(name)
    case "tenant":
      guard let tenant = TenantID(name) else { return nil }
      self = .tenant(tenant)
    case "everyone": self = .everyone
    default: return nil
    }
  }

  var kind: String {
    switch self {
    case .token: "jti"
    case .session: "sid"
    case .subject: "sub"
    case .tenant: "tenant"
    case .everyone: "everyone"
    }
  }

  var name: String {
    switch self {
    case .token(let name), .session(let name), .subject(let name): name
    case .tenant(let tenant): tenant.text
    case .everyone: ""
    }
  }

  fileprivate var words: String {
    switch self {
    case .token(let name): "token \(name)"
    case .session(let name): "session \(name)"
    case .subject(let name): "the tokens of \(name)"
    case .tenant(let tenant): "the tokens of tenant \(tenant)"
    case .everyone: "everyone's tokens"
    }
  }
}
