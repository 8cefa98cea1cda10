package import ControlModel

/// The tokens that are no longer believed although they verify. A value: whoever holds one holds a moment of it.
package struct RevocationList: Sendable {
  private var entries: [RevocationTarget: Revocation] = [:]

  /// A day of sign-outs of a large customer base, in some tens of megabytes. Past it revoke by tenant or issued-before,
  /// which need one entry for any number of tokens.
  package static let entriesMax = 100_000

  /// Nothing revoked.
  package init() {}

  /// Entries, expired ones that were not yet dropped included.
  package var count: Int { entries.count }

  /// Every entry, newest first.
  package var all: [Revocation] {
    entries.values.sorted { $0.createdAt > $1.createdAt }
  }

  /// The entry with this target.
  package func entry(_ target: RevocationTarget) -> Revocation? { entries[target] }

  /// Adds one entry, or widens the one that has the same target.
  ///
  /// Refuses with `request.invalid` at the cap, for an empty name, and for everyone without a moment, which would also
  /// lock out whoever must undo it. Nothing has changed when it refuses.
  package mutating func add(_ revocation: Revocation) throws(Refusal) {
    switch revocation.target {
    case .token(""), .session(""), .subject(""):
      throw Refusal(.requestInvalid, "A revocation must name what it revokes.")
    case .everyone where revocation.issuedBefore == nil:
      throw Refusal(.requestInvalid, "Revoking everyone needs an issued-before moment, or nobody could sign in again.")
    default: break
    }
    if let existing = entries[revocation.target] {
      entries[revocation.target] = existing.widened(by: revocation)
      return
    }
    if entries.count >= Self.entriesMax { removeExpired(at: revocation.createdAt) }
    guard entries.count < Self.entriesMax else {
      throw Refusal(
        .requestInvalid,
        "The revocation list is full (\(Self.entriesMax) entries); revoke the tenant, or tokens issued before a moment."
      )
    }
    entries[revocation.target] = revocation
  }

  /// Returns the entry that was there.
  @discardableResult
  package mutating func remove(_ target: RevocationTarget) -> Revocation? {
    entries.removeValue(forKey: target)
  }

  /// Drops entries no living token can match. Returns how many.
  @discardableResult
  package mutating func removeExpired(at now: WallTime) -> Int {
    let before = entries.count
    entries = entries.filter { $0.value.expiresAt > now }
    return before - entries.count
  }

  /// Refuses with `auth.revoked` if any entry covers the principal's token.
  package func check(_ principal: Principal) throws(Refusal) {
    if entries.isEmpty { return }
    if let tokenID = principal.tokenID, covers(.token(tokenID), principal) {
      throw Refusal(.authRevoked, "This token was revoked; sign in again.")
    }
    if let sessionID = principal.sessionID, covers(.session(sessionID), principal) {
      throw Refusal(.authRevoked, "This session was signed out; sign in again.")
    }
    if covers(.subject(principal.subject), principal) {
      throw Refusal(.authRevoked, "This account's tokens were revoked; sign in again or ask an administrator.")
    }
    if let tenant = principal.tenant, covers(.tenant(tenant), principal) {
      throw Refusal(.authRevoked, "This tenant's tokens were revoked; sign in again or ask an administrator.")
    }
    if covers(.everyone, principal) {
      throw Refusal(.authRevoked, "All tokens issued before a moment were revoked; sign in again.")
    }
  }

  private func covers(_ target: RevocationTarget, _ principal: Principal) -> Bool {
    entries[target]?.covers(issuedAt: principal.issuedAt) ?? false
  }
}
