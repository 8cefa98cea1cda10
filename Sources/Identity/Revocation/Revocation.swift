package import ControlModel

/// What a revocation is aimed at. Never a token's text or hash: an ECDSA token has a second valid signature, and with
/// it another text, that anyone can compute.
package enum RevocationTarget: Hashable, Sendable {
  /// One token, by `jti`.
  case token(String)
  /// Every token of one sign-in, by `sid`.
  case session(String)
  /// Every token of one person or service, by `sub`.
  case subject(String)
  case tenant(TenantID)
  /// Every token there is; only together with an issued-before moment.
  case everyone
}

/// One entry of the revocation list, as it is shown, audited and persisted.
package struct Revocation: Equatable, Sendable {
  package let target: RevocationTarget
  /// Only tokens whose `iat` lies before this moment, or is missing; `nil` for all of the target's tokens.
  package let issuedBefore: WallTime?
  /// For operators and the audit log; never shown to the caller.
  package let reason: String
  package let createdAt: WallTime
  /// From here on every token it could match has expired by itself.
  package let expiresAt: WallTime

  /// For entries read back from a store.
  package init(
    _ target: RevocationTarget, issuedBefore: WallTime? = nil, reason: String, createdAt: WallTime, expiresAt: WallTime
  ) {
    self.target = target
    self.issuedBefore = issuedBefore
    self.reason = reason
    self.createdAt = createdAt
    self.expiresAt = expiresAt
  }

  /// For a new entry: it lives as long as any token that was issued before `now` can be accepted.
  package init(
    _ target: RevocationTarget, issuedBefore: WallTime? = nil, reason: String, at now: WallTime, policy: TokenPolicy
  ) {
    let secondsMax = policy.lifetimeSecondsMax + 2 * policy.clockSkewSeconds
    self.init(
      target, issuedBefore: issuedBefore, reason: reason, createdAt: now,
      expiresAt: now.adding(milliseconds: secondsMax * 1000))
  }

  /// An entry that covers what both cover: adding a revocation never narrows an earlier one.
  func widened(by newer: Revocation) -> Revocation {
    let isUnlimited = issuedBefore == nil || newer.issuedBefore == nil
    return Revocation(
      target, issuedBefore: isUnlimited ? nil : max(issuedBefore ?? newer.createdAt, newer.issuedBefore ?? createdAt),
      reason: newer.reason, createdAt: newer.createdAt, expiresAt: max(expiresAt, newer.expiresAt))
  }

  func covers(issuedAt: WallTime?) -> Bool {
    guard let issuedBefore else { return true }
    guard let issuedAt else { return true }
    return issuedAt < issuedBefore
  }
}
