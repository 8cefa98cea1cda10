// public: read by the request path of other targets on every request.

public import ControlModel

/// Who is calling, proven: only this target's verifier can make one, from a token whose signature and claims hold.
/// Immutable, so that one value is shared by a cache, a connection and a request.
public final class Principal: Sendable {
  /// The tenant of the verified token; `nil` only for staff roles.
  public let tenant: TenantID?
  /// The same as bytes; empty without one.
  public let tenantBytes: [UInt8]
  /// The token's `sub` as the issuer wrote it: 1–256 bytes of printable ASCII without quotes or backslash, no space at
  /// either end. Safe as a header value and in a log line.
  public let subject: String
  /// `subject` in the alphabet of ids: itself if it fits, else `sub-sha256.` and the digest in base64url. Two subjects
  /// never share one.
  public let user: UserID
  public let role: Role
  /// `jti` and `sid`, by which a token or a session is revoked.
  public let tokenID: String?
  public let sessionID: String?
  /// `iat`; a token without one falls to every issued-before revocation of its scope.
  public let issuedAt: WallTime?
  /// `exp` as the issuer wrote it, without our allowance for clock skew.
  public let expiresAt: WallTime
  /// Set while a member of staff, who is the subject, acts as the tenant.
  public let actingAs: ActingAs?
  /// The `kid` of the key that verified the token.
  public let keyID: String
  /// `X-Tenant-Id: …\r\nX-User-Id: …\r\nX-User-Role: …\r\n` for the upstream; the tenant line is absent without a tenant.
  public let identityHeaderLines: [UInt8]

  /// Milliseconds since 1970 between which the token is accepted, clock skew included: [from, until).
  let acceptedFrom: Int64
  let acceptedUntil: Int64

  /// Of a token of the issuer.
  init(_ claims: TokenClaims, keyID: String, skewMilliseconds: Int64) {
    tenant = claims.tenant
    tenantBytes = Array((claims.tenant?.text ?? "").utf8)
    subject = claims.subject
    user = Self.userID(for: claims.subject)
    role = claims.role
    tokenID = claims.tokenID
    sessionID = claims.sessionID
    issuedAt = claims.issuedAt
    expiresAt = claims.expiresAt
    actingAs = nil
    self.keyID = keyID
    identityHeaderLines = Self.headerLines(claims.tenant, claims.subject, claims.role)
    let from = max(claims.notBefore?.unixMilliseconds ?? .min, claims.issuedAt?.unixMilliseconds ?? .min)
    acceptedFrom = from == .min ? .min : from - skewMilliseconds
    acceptedUntil = claims.expiresAt.unixMilliseconds + skewMilliseconds
  }

  /// Of an act-as token: a user of the tenant. Upstreams see a user of no such name as any of the tenant's own, and beside
  /// it who really acts.
  init(_ grant: ActAsGrant, keyID: String) {
    tenant = grant.tenant
    tenantBytes = Array(grant.tenant.text.utf8)
    subject = grant.actor
    user = Self.userID(for: "act-as:\(grant.actor)")
    role = .user
    tokenID = grant.id
    sessionID = nil
    issuedAt = grant.issuedAt
    expiresAt = grant.expiresAt
    actingAs = ActingAs(
      session: grant.id, isReadOnly: grant.mode == .read,
      responseLine: Array("X-Acting-As: \(grant.tenant)\r\n".utf8))
    self.keyID = keyID
    identityHeaderLines =
      Self.headerLines(grant.tenant, "act-as:\(grant.actor)", .user)
      + Array("X-Breakwater-Actor: \(grant.actor)\r\n".utf8)
    acceptedFrom = grant.issuedAt.unixMilliseconds
    acceptedUntil = grant.expiresAt.unixMilliseconds
  }

  /// Whether this caller may act in one tenant only, their own.
  public var isConfined: Bool { role == .user || role == .service && tenant != nil }

  /// When a connection that lives on this token must close: `exp` plus the allowed clock skew.
  public var acceptedUntilTime: WallTime { WallTime(unixMilliseconds: acceptedUntil) }

  /// Refuses once the token has expired, or while a clock that jumped back makes it not yet valid.
  @inline(__always)
  public func checkValidity(at now: WallTime) throws(Refusal) {
    let now = now.unixMilliseconds
    if now < acceptedUntil, now >= acceptedFrom { return }
    throw validityRefusal(at: now)
  }

  @inline(never)
  private func validityRefusal(at now: Int64) -> Refusal {
    now < acceptedUntil
      ? Refusal(.authNotYetValid, "The token is not valid yet; check the issuer's clock and ours, then try again.")
      : Refusal(.authExpired, "The token has expired; sign in again or refresh it.")
  }

  /// Bytes this value and its strings take, for caches that bound memory.
  var memoryBytes: Int {
    let fixed = 256
    return fixed + identityHeaderLines.count + subject.utf8.count + tenantBytes.count + user.text.utf8.count
      + (tokenID?.utf8.count ?? 0)
      + (sessionID?.utf8.count ?? 0) + (tenant?.text.utf8.count ?? 0)
  }

  private static func headerLines(_ tenant: TenantID?, _ user: String, _ role: Role) -> [UInt8] {
    let tenantLine = tenant.map { "X-Tenant-Id: \($0)\r\n" } ?? ""
    return Array("\(tenantLine)X-User-Id: \(user)\r\nX-User-Role: \(role.rawValue)\r\n".utf8)
  }
}
