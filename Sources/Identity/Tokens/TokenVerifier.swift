package import ControlModel

/// Decides whether bytes are a token of our issuer, for us, now. Pure: keys come from a store that others keep fresh,
/// time is passed in.
package struct TokenVerifier: Sendable {
  package let policy: TokenPolicy
  package let keys: KeyStore
  /// Whose act-as tokens are believed beside the issuer's tokens; nil believes none.
  package let actAs: ActAsAuthority?
  private let types: [[UInt8]]

  /// - Parameter policy: one without `problems`; a configuration check reports those.
  package init(_ policy: TokenPolicy, keys: KeyStore, actAs: ActAsAuthority? = nil) {
    self.policy = policy
    self.actAs = actAs
    self.keys = keys
    self.types = policy.tokenTypes.map(MediaType.normalised)
  }

  /// The principal of `token`, or why there is none. Revocation is not looked at here.
  ///
  /// Cheap tests come first and the payload is read only after the signature holds, so that a forger reaches no code
  /// past base64 and one small JSON object. Measured, release, one core, all in: RS256 15 µs, ES256 35 µs, EdDSA 50 µs;
  /// an unknown key is refused in 1.1 µs.
  ///
  /// Refuses with `auth.*` or `tenant.missing`; `auth.unavailable` while keys were never loaded.
  package func verify(_ token: Span<UInt8>, at now: WallTime) throws(Refusal) -> Principal {
    try verify(token, at: now, keys.current)
  }

  func verify(_ token: Span<UInt8>, at now: WallTime, _ keys: KeySnapshot) throws(Refusal) -> Principal {
    let jws = try CompactJWS(token)
    if let actAs, jws.header.keyID?.isIdentical(to: actAs.keyID) == true {
      return try actAs.principal(jws, of: token, at: now)
    }
    try check(jws.header)
    let key = try keys.key(for: jws.header)
    guard key.verifies(jws.signature, over: token.extracting(0..<jws.signedCount)) else {
      throw Refusal(.authSignature, "The token's signature does not verify with key \"\(excerpt(key.id))\".")
    }
    let claims = try TokenClaims(try jws.payload(of: token), policy)
    guard claims.expiresAt <= now.adding(milliseconds: policy.lifetimeSecondsMax * 1000) else {
      throw Refusal(
        .authMalformed, "The token's `exp` is more than \(policy.lifetimeSecondsMax) s ahead; ask for a shorter one.")
    }
    let principal = Principal(claims, keyID: key.id, skewMilliseconds: policy.clockSkewSeconds * 1000)
    try principal.checkValidity(at: now)
    return principal
  }

  private func check(_ header: JOSEHeader) throws(Refusal) {
    guard policy.algorithms.contains(header.algorithm) else {
      throw Refusal(.authAlgorithm, "Tokens signed with \(header.algorithm.rawValue) are not accepted here.")
    }
    guard types.contains(MediaType.normalised(header.type ?? "")) else {
      throw Refusal(
        .authType,
        header.type.map { "The token's `typ` is \"\(excerpt($0))\"; access tokens are wanted." }
          ?? "The token's header has no `typ`; access tokens say at+jwt.")
    }
  }
}

extension KeySnapshot {
  /// The key a header names, if the header repeats that key's algorithm.
  func key(for header: JOSEHeader) throws(Refusal) -> VerificationKey {
    guard let key = keys.key(named: header.keyID) else {
      guard isComplete else {
        throw Refusal(
          .authUnavailable, "The issuer's signing keys have not been loaded yet; try again shortly.",
          retryAfterSeconds: 1)
      }
      throw Refusal(
        .authUnknownKey,
        header.keyID.map { "The issuer publishes no usable key \"\(excerpt($0))\"; sign in again." }
          ?? "The token names no key, and the issuer has several.")
    }
    guard key.algorithm == header.algorithm else {
      throw Refusal(
        .authAlgorithm,
        "The token says \(header.algorithm.rawValue), but key \"\(excerpt(key.id))\" is for \(key.algorithm.rawValue).")
    }
    return key
  }
}
