import ControlModel

/// Throws any bytes at everything here that reads bytes of strangers. For a coverage-guided fuzzer and for seeded runs;
/// it returns, or the process dies, which is the finding.
package struct IdentityFuzzer: Sendable {
  /// Two tokens that must be accepted, one per algorithm we can sign with; everything else must not be.
  package let goodTokens: [[UInt8]]
  private let verifier: TokenVerifier
  private let now = WallTime(unixSeconds: 1_800_000_000)

  /// - Parameter seed: of the throw-away keys.
  package init(seed: UInt64) {
    var random = SplitMix64(seed)
    let policy = TokenPolicy(issuer: "https://issuer.example/", audience: "fuzz")
    let signers = TokenSigner.Kind.allCases.map { TokenSigner.fresh($0, using: &random) }
    var keys = KeySet()
    for signer in signers {
      guard let set = try? KeySet(jwks: Array(signer.jwks.utf8)) else { preconditionFailure("Our own JWKS must load") }
      keys = keys.merging(set)
    }
    let draft = TokenDraft(
      for: policy, subject: "user-1", role: .user, tenant: TenantID("tenant-1"), at: now, lifetimeSeconds: 600)
    goodTokens = signers.compactMap { try? $0.sign(draft) }.map { Array($0.utf8) }
    verifier = TokenVerifier(policy, keys: KeyStore(pinned: keys, expectsFetched: false))
  }

  /// Whether `input` is accepted as a token. Anything but a good token that is accepted ends the process: it is either
  /// a forgery or the second form of an ECDSA signature, which random edits do not find.
  @discardableResult
  package func tryToken(_ input: Span<UInt8>) -> Bool {
    guard (try? verifier.verify(input, at: now)) != nil else { return false }
    precondition(goodTokens.contains { areEqual($0, input) }, "A token that we did not sign was accepted")
    return true
  }

  /// Reads `input` as a token, a header, a JWKS, PEM text and a JSON body.
  package func tryEverything(_ input: Span<UInt8>) {
    tryToken(input)
    let bytes = Array(copying: input)
    _ = try? JOSEHeader(bytes)
    _ = try? TokenClaims(bytes, verifier.policy)
    _ = try? KeySet(jwks: bytes)
    _ = try? KeySet(jwks: bytes, .secretsAllowed)
    _ = try? KeySet(pem: String(decoding: bytes, as: UTF8.self))
    if let document = try? JSONDocument(bytes) { Self.readAll(document.root) }
    if let decoded = Base64URL.decode(input) {
      precondition(Array(Base64URL.encode(decoded).utf8) == bytes, "Base64url accepted a text it would not write")
    }
  }

  private static func readAll(_ value: JSONValue) {
    _ = (value.string, value.integer, value.double, value.bool)
    for element in value.elements { readAll(element) }
    for member in value.members { readAll(member.value) }
  }
}
