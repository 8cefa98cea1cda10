import ControlModel

/// Throws any bytes at everything here that reads bytes of strangers. For a coverage-guided fuzzer and for seeded runs;
/// it returns, or the process dies, which is the finding.
package struct IdentityFuzzer: Sendable {
  /// Two tokens that must be accepted, one per algorithm we can sign with; everything else must not be.
  package let goodTokens: [[UInt8]]
  private let signers: [TokenSigner]
  private let payload: String
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
    self.signers = signers
    payload = draft.payload
    goodTokens = signers.compactMap { try? $0.sign(draft) }.map { Array($0.utf8) }
    verifier = TokenVerifier(policy, keys: KeyStore(pinned: keys, expectsFetched: false))
  }

  /// Whether `input` is accepted as a token. Anything but a good token, or the second form of its ECDSA signature, that
  /// is accepted ends the process: it is a forgery.
  @discardableResult
  package func tryToken(_ input: Span<UInt8>) -> Bool {
    guard (try? verifier.verify(input, at: now)) != nil else { return false }
    let isOurs = goodTokens.contains { areEqual($0, input) || ECDSAForm.isOther(of: $0, input) }
    precondition(isOurs, "A token that we did not sign was accepted")
    return true
  }

  /// Signs a damaged payload as the issuer would, so that what is read behind the signature is reached. Whoever comes
  /// out must have a name, and a tenant where the role wants one.
  @discardableResult
  package func trySigned(_ mutator: inout TokenMutator) -> Bool {
    let signer = signers[mutator.choose(signers.count)]
    let header = #"{"alg":"\#(signer.algorithm.rawValue)","typ":"at+jwt","kid":"\#(signer.keyID)"}"#
    let text = String(decoding: mutator.mutate(json: Array(payload.utf8)), as: UTF8.self)
    guard let token = try? signer.sign(header: header, payload: text) else { return false }
    let bytes = Array(token.utf8)
    guard let principal = try? verifier.verify(bytes.span, at: now) else { return false }
    precondition(!principal.subject.isEmpty && (principal.role != .user || principal.tenant != nil), "Nobody came in")
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

/// For every ECDSA signature (r, s) there is a second one, (r, n - s), that verifies as well (RFC 6979 leaves both). It
/// says the same thing by the same signer, so it is no forgery; revocation goes by claims, never by bytes, for its sake.
enum ECDSAForm {
  /// Order of P-256 (SEC 2 §2.4.2).
  private static let order: [UInt8] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad,
    0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
  ]

  /// Whether `input` is `token` with the other form of its signature.
  static func isOther(of token: [UInt8], _ input: Span<UInt8>) -> Bool {
    guard let a = try? CompactJWS(token.span), let b = try? CompactJWS(input), a.header.algorithm == .es256,
      a.signedCount == b.signedCount, areEqual(Array(token[..<a.signedCount]), input.extracting(0..<b.signedCount))
    else { return false }
    return a.signature.count == 64 && other(a.signature) == b.signature
  }

  /// (r, n - s)
  static func other(_ signature: [UInt8]) -> [UInt8] {
    var result = signature
    var borrow = 0
    for index in (0..<32).reversed() {
      let difference = Int(order[index]) - Int(signature[32 + index]) - borrow
      borrow = difference < 0 ? 1 : 0
      result[32 + index] = UInt8(truncatingIfNeeded: difference)
    }
    return result
  }
}
