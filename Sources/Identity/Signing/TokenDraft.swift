package import ControlModel

/// The claims of a token to be signed, for demo tokens and tests.
package struct TokenDraft: Sendable {
  package var issuer: String
  package var audience: String
  package var subject: String
  package var role: Role
  package var tenant: TenantID?
  package var tokenID: String?
  package var sessionID: String?
  package var issuedAt: WallTime
  package var expiresAt: WallTime
  package var type = "at+jwt"
  package var tenantClaim = "tenantId"
  package var roleClaim = "role"

  /// A token that `policy` accepts from `now` for `lifetimeSeconds`.
  package init(
    for policy: TokenPolicy, subject: String, role: Role, tenant: TenantID?, at now: WallTime, lifetimeSeconds: Int64
  ) {
    issuer = policy.issuer
    audience = policy.audience
    self.subject = subject
    self.role = role
    self.tenant = tenant
    issuedAt = now
    expiresAt = now.adding(milliseconds: lifetimeSeconds * 1000)
    tenantClaim = policy.tenantClaim
    roleClaim = policy.roleClaim
  }

  var payload: String {
    var members: [(name: String, value: JSONText.Value)] = [
      ("iss", .string(issuer)), ("aud", .string(audience)), ("sub", .string(subject)),
      (roleClaim, .string(role.rawValue)), ("iat", .integer(issuedAt.unixSeconds)),
      ("exp", .integer(expiresAt.unixSeconds)),
    ]
    if let tenant { members.append((tenantClaim, .string(tenant.text))) }
    if let tokenID { members.append(("jti", .string(tokenID))) }
    if let sessionID { members.append(("sid", .string(sessionID))) }
    return JSONText.object(members)
  }
}
