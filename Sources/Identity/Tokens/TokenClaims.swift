import ControlModel

/// The claims we use, once they are of the right types and say what the policy asks; only the clock is left to check.
struct TokenClaims {
  let subject: String
  let tenant: TenantID?
  let role: Role
  let tokenID: String?
  let sessionID: String?
  let issuedAt: WallTime?
  let notBefore: WallTime?
  let expiresAt: WallTime

  /// Longest `sub`, `jti` or `sid` in bytes. RFC 9068 sets no bound; 256 holds every issuer's form seen.
  static let nameBytesMax = 256

  /// Reads a verified payload. One sentence names the first claim that is wrong.
  init(_ payload: [UInt8], _ policy: TokenPolicy) throws(Refusal) {
    let claims: JSONValue
    do {
      claims = try JSONDocument(payload, .token).root
    } catch {
      throw Refusal(.authMalformed, "The token's payload \(error).")
    }
    guard claims.isObject else { throw Refusal(.authMalformed, "The token's payload is not a JSON object.") }
    try Self.checkIssuer(claims["iss"], policy)
    try Self.checkAudience(claims["aud"], policy)
    guard let expiresAt = try Self.time(claims, "exp", .down) else {
      throw Refusal(.authMalformed, "The token has no `exp`; tokens without an end are not accepted.")
    }
    self.expiresAt = expiresAt
    issuedAt = try Self.time(claims, "iat", .up)
    notBefore = try Self.time(claims, "nbf", .up)
    guard let subject = try Self.name(claims, "sub") else {
      throw Refusal(.authMalformed, "The token has no `sub`.")
    }
    self.subject = subject
    role = try Self.role(claims[policy.roleClaim], policy)
    tenant = try Self.tenant(claims[policy.tenantClaim], for: role, policy)
    tokenID = try Self.name(claims, "jti")
    sessionID = try Self.name(claims, "sid")
  }

  private static func checkIssuer(_ claim: JSONValue?, _ policy: TokenPolicy) throws(Refusal) {
    guard let issuer = claim?.string else {
      throw Refusal(.authIssuer, "The token's `iss` is missing or not a string.")
    }
    guard issuer.isIdentical(to: policy.issuer) else {
      throw Refusal(.authIssuer, "The token comes from another issuer.")
    }
  }

  /// A string, or an array of strings (RFC 7519 §4.1.3).
  private static func checkAudience(_ claim: JSONValue?, _ policy: TokenPolicy) throws(Refusal) {
    guard let claim, claim.isArray || claim.isString else {
      throw Refusal(.authAudience, "The token's `aud` is missing or neither a string nor an array.")
    }
    var isOurs = false
    for element in claim.isString ? [claim] : claim.elements {
      guard let audience = element.string else {
        throw Refusal(.authAudience, "The token's `aud` holds something that is not a string.")
      }
      if audience.isIdentical(to: policy.audience) { isOurs = true }
    }
    guard isOurs else { throw Refusal(.authAudience, "The token is for another audience.") }
  }

  private static func role(_ claim: JSONValue?, _ policy: TokenPolicy) throws(Refusal) -> Role {
    guard let role = claim?.string.flatMap(Role.init(rawValue:)), policy.roles.contains(role) else {
      throw Refusal(.authMalformed, "The token's `\(policy.roleClaim)` is missing or not one role we know.")
    }
    return role
  }

  /// Tenant users act in their tenant and nowhere else; staff may belong to none.
  private static func tenant(
    _ claim: JSONValue?, for role: Role, _ policy: TokenPolicy
  ) throws(Refusal) -> TenantID? {
    guard let claim else {
      if role != .user { return nil }
      throw Refusal(.tenantMissing, "The token has no `\(policy.tenantClaim)`, and role user needs one.")
    }
    guard let tenant = claim.string.flatMap(TenantID.init) else {
      throw Refusal(
        .authMalformed,
        "The token's `\(policy.tenantClaim)` is not 1 to \(TenantID.bytesMax) bytes of A-Z a-z 0-9 . _ -.")
    }
    return tenant
  }

  /// A name we will put into header values, log lines and messages: see `Principal.subject` for the alphabet.
  private static func name(_ claims: JSONValue, _ claim: String) throws(Refusal) -> String? {
    guard let value = claims[claim] else { return nil }
    guard let name = value.string, (1...nameBytesMax).contains(name.utf8.count), name.utf8.allSatisfy(isNameByte),
      name.utf8.first != 0x20, name.utf8.last != 0x20
    else {
      throw Refusal(
        .authMalformed, "The token's `\(claim)` is not 1 to \(nameBytesMax) bytes of printable ASCII without quotes.")
    }
    return name
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: "\\"): false
    case 0x20...0x7E: true
    default: false
    }
  }

  private enum Rounding { case down, up }

  /// A NumericDate (RFC 7519 §2), fractions rounded against the token; years past 9999 are a mistake, not a date.
  private static func time(_ claims: JSONValue, _ claim: String, _ rounding: Rounding) throws(Refusal) -> WallTime? {
    guard let value = claims[claim] else { return nil }
    let secondsMax: Int64 = 253_402_300_799
    if let seconds = value.integer, abs(seconds.clamped) <= secondsMax { return WallTime(unixSeconds: seconds) }
    guard let seconds = value.double, abs(seconds) <= Double(secondsMax) else {
      throw Refusal(.authMalformed, "The token's `\(claim)` is not a number of seconds since 1970.")
    }
    let milliseconds = (seconds * 1000).rounded(rounding == .down ? .down : .up)
    return WallTime(unixMilliseconds: Int64(milliseconds))
  }
}

extension Int64 {
  /// Without `.min`, whose magnitude does not fit.
  fileprivate var clamped: Int64 { Swift.max(self, -.max) }
}
