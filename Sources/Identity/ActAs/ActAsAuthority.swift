import ControlModel

/// Signs and verifies the tokens of act-as sessions with a key of this installation and nobody else's.
///
/// Apart from the issuer's tokens in everything: another key, named by a `kid` that no other token is judged by; another
/// `iss`, `aud` and `typ`; no allowance for clock skew, because one clock makes both ends. A token of the issuer cannot
/// become one of these, nor the other way round.
package struct ActAsAuthority: Sendable {
  package let keyID: String
  private let signer: TokenSigner
  private let key: VerificationKey
  /// Names this installation: a token made by another is for another audience.
  private let audience: String

  private static let issuer = "urn:breakwater:act-as"
  private static let type = "act-as+jwt"

  /// The authority whose private key was stored as `seedText`.
  package init(seedText: String) throws(SigningProblem) {
    try self.init(try TokenSigner(.ed25519, seedText: seedText))
  }

  init(_ signer: TokenSigner) throws(SigningProblem) {
    self.signer = signer
    guard let set = try? KeySet(jwks: Array(signer.jwks.utf8)), let key = set.keys.first else {
      throw SigningProblem("The act-as key cannot be used")
    }
    self.key = key
    keyID = "act-as." + signer.keyID
    audience = "urn:breakwater:installation:" + signer.keyID
  }

  /// The bearer token of a grant (RFC 8693 §4.1: `act` names who really acts).
  package func sign(_ grant: ActAsGrant) throws(SigningProblem) -> String {
    try signer.sign(
      header: JSONText.object([
        ("alg", .string(signer.algorithm.rawValue)), ("typ", .string(Self.type)), ("kid", .string(keyID)),
      ]),
      payload: JSONText.object([
        ("iss", .string(Self.issuer)), ("aud", .string(audience)), ("sub", .string("act-as:\(grant.tenant)")),
        ("act", .object([("sub", .string(grant.actor))])), ("tenantId", .string(grant.tenant.text)),
        ("mode", .string(grant.mode.rawValue)), ("jti", .string(grant.id)),
        ("iat", .integer(grant.issuedAt.unixSeconds)), ("exp", .integer(grant.expiresAt.unixSeconds)),
      ]))
  }

  /// The principal of a token that names our key: a user of the tenant, with the member of staff as its subject.
  func principal(_ jws: CompactJWS, of token: Span<UInt8>, at now: WallTime) throws(Refusal) -> Principal {
    guard jws.header.algorithm == key.algorithm else {
      throw Refusal(.authAlgorithm, "Act-as tokens are signed with \(key.algorithm.rawValue).")
    }
    guard jws.header.type == Self.type else {
      throw Refusal(.authType, "This key signs act-as tokens only.")
    }
    guard key.verifies(jws.signature, over: token.extracting(0..<jws.signedCount)) else {
      throw Refusal(.authSignature, "The act-as token's signature does not verify.")
    }
    let grant = try read(try jws.payload(of: token))
    let principal = Principal(grant, keyID: keyID)
    try principal.checkValidity(at: now)
    return principal
  }

  private func read(_ payload: [UInt8]) throws(Refusal) -> ActAsGrant {
    let malformed = Refusal(.authMalformed, "The act-as token is not one of ours.")
    guard let claims = (try? JSONDocument(payload, .token))?.root, claims.isObject else { throw malformed }
    guard claims["iss"]?.string == Self.issuer else {
      throw Refusal(.authIssuer, "The token comes from another issuer.")
    }
    guard claims["aud"]?.string == audience else {
      throw Refusal(.authAudience, "The token is for another installation.")
    }
    guard let tenant = claims["tenantId"]?.string.flatMap(TenantID.init), let actor = claims["act"]?["sub"]?.string,
      let mode = claims["mode"]?.string.flatMap(ActAsGrant.Mode.init), let id = claims["jti"]?.string,
      let issued = claims["iat"]?.integer, let expires = claims["exp"]?.integer, expires > issued,
      expires - issued <= ActAsGrant.lifetimeSecondsMax
    else { throw malformed }
    return ActAsGrant(
      id: id, tenant: tenant, actor: actor, mode: mode, issuedAt: WallTime(unixSeconds: issued),
      expiresAt: WallTime(unixSeconds: expires))
  }
}
