package import ControlModel

/// Which tokens the gateway believes, beyond a good signature.
package struct TokenPolicy: Sendable {
  /// `iss` must be these bytes.
  package var issuer: String
  /// `aud` must be or contain these bytes.
  package var audience: String
  /// Accepted `typ` values, compared as media types (RFC 7515 §4.1.9): without case, `application/` optional.
  /// The empty string stands for a header without `typ`.
  package var tokenTypes: [String] = ["at+jwt", "JWT"]
  package var algorithms = SignatureAlgorithm.gatewayDefaults
  /// The claim that names the tenant: its only source.
  package var tenantClaim = "tenantId"
  /// The claim that names the one role, a string.
  package var roleClaim = "role"
  package var roles = Set(Role.allCases)
  /// How far the issuer's clock and ours may differ.
  package var clockSkewSeconds: Int64 = 30
  /// `exp` may lie at most this far ahead: a stolen token, and a revocation entry, live no longer.
  package var lifetimeSecondsMax: Int64 = 86_400

  /// Longest token looked at. Past 8 KiB it would not fit the 16 KiB a request head may have with everything else.
  package static let tokenBytesMax = 8192
  package static let clockSkewSecondsMax: Int64 = 300

  /// Everything else as documented beside it.
  package init(issuer: String, audience: String) {
    self.issuer = issuer
    self.audience = audience
  }

  /// What keeps this policy from being used; empty when it may be.
  package var problems: [FieldProblem] {
    var problems: [FieldProblem] = []
    if issuer.isEmpty { problems.append(.init("auth.issuer", "is empty; name the issuer exactly")) }
    if audience.isEmpty { problems.append(.init("auth.audience", "is empty; name the audience exactly")) }
    if tenantClaim.isEmpty { problems.append(.init("auth.tenantClaim", "is empty")) }
    if roleClaim.isEmpty { problems.append(.init("auth.roleClaim", "is empty")) }
    if tenantClaim == roleClaim { problems.append(.init("auth.roleClaim", "is the tenant claim too")) }
    if tokenTypes.isEmpty { problems.append(.init("auth.tokenTypes", "is empty; every token would be refused")) }
    if algorithms.isEmpty { problems.append(.init("auth.algorithms", "is empty; every token would be refused")) }
    if !(0...Self.clockSkewSecondsMax).contains(clockSkewSeconds) {
      problems.append(.init("auth.clockSkew", "is not between 0 s and \(Self.clockSkewSecondsMax) s"))
    }
    if !(1...31_536_000).contains(lifetimeSecondsMax) {
      problems.append(.init("auth.maxLifetime", "is not between 1 s and 365 days"))
    }
    return problems
  }
}
