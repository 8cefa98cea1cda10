import ControlModel
import Testing

@testable import Identity

@Suite struct `Attack corpus` {
  @Test func `gives the right verdict on every token of attacks json`() throws {
    let corpus = try Fixture.json("attacks/attacks.json")
    let verifier = try Self.verifier(corpus)
    let now = WallTime(unixSeconds: try #require(corpus["now"]?.integer))
    let cases = corpus["cases"]?.elements ?? []
    #expect(cases.count == 96)
    var right = 0
    for entry in cases {
      let token = try #require(entry["token"]?.string).bytes
      let verdict = verifier.verdict(on: token.span, at: now)
      let id = entry["id"]?.string ?? ""
      let isRight = verdict.isAccepted == (entry["expect"]?.string == "accept")
      #expect(isRight, "\(id): \(verdict.why)")
      right += isRight ? 1 : 0
      #expect(!verdict.why.contains(String(decoding: token.suffix(24), as: UTF8.self)) || token.isEmpty, "\(id)")
    }
    print("score: attack tokens (attacks.json): \(right)/\(cases.count)")
  }

  @Test func `names the cause of a refusal`() throws {
    let corpus = try Fixture.json("attacks/attacks.json")
    let verifier = try Self.verifier(corpus)
    let expected = [
      "alg-none-none": "auth.algorithm", "confuse-HS256-pem": "auth.algorithm", "alg-unlisted-PS256": "auth.algorithm",
      "kid-00": "auth.unknown_key", "kid-06": "auth.malformed", "kid-missing": "auth.unknown_key",
      "key-weak-1024": "auth.unknown_key", "key-use-enc": "auth.unknown_key", "wrong-key": "auth.signature",
      "jwk-inject": "auth.signature", "crit-exp": "auth.malformed", "es-der": "auth.signature",
      "sig-padded": "auth.malformed", "struct-two": "auth.malformed", "payload-dup-tid": "auth.malformed",
      "claim-exp-now": "auth.expired", "claim-iss-other": "auth.issuer", "claim-aud-empty": "auth.audience",
      "claim-tid-missing": "tenant.missing", "claim-tid-array": "auth.malformed", "typ-id": "auth.type",
      "huge-9k": "auth.malformed",
    ]
    for entry in corpus["cases"]?.elements ?? [] {
      guard let id = entry["id"]?.string, let code = expected[id] else { continue }
      let token = try #require(entry["token"]?.string).bytes
      let verdict = verifier.verdict(on: token.span, at: TestIssuer.now)
      #expect(verdict.code == code, "\(id)")
    }
  }

  @Test func `refuses every attack with the same sentence shape and no token text`() throws {
    let corpus = try Fixture.json("attacks/attacks.json")
    let verifier = try Self.verifier(corpus)
    for entry in corpus["cases"]?.elements ?? [] {
      let token = try #require(entry["token"]?.string).bytes
      let why = verifier.verdict(on: token.span, at: TestIssuer.now).why
      #expect(why.hasSuffix("."), "\(why)")
      #expect(why.utf8.count < 200 && why.utf8.allSatisfy { $0 >= 0x20 }, "\(why)")
    }
  }

  static func verifier(_ corpus: JSONValue) throws -> TokenVerifier {
    var policy = TokenPolicy(
      issuer: try #require(corpus["issuer"]?.string), audience: try #require(corpus["audience"]?.string))
    policy.tokenTypes = ["at+jwt"]
    policy.tenantClaim = "tid"
    policy.roles = Set((corpus["roles"]?.elements ?? []).compactMap { $0.string.flatMap(Role.init(rawValue:)) })
    policy.clockSkewSeconds = try #require(corpus["skew"]?.integer)
    policy.lifetimeSecondsMax = try #require(corpus["maxLifetime"]?.integer)
    #expect(corpus["maxTokenBytes"]?.integer == Int64(TokenPolicy.tokenBytesMax))
    let keys = try KeySet(jwks: try #require(corpus["jwks"]).json.bytes)
    #expect(keys.skipped.map(\.id) == ["rsa-weak", "rsa-enc"])
    return TokenVerifier(policy, keys: KeyStore(pinned: keys, expectsFetched: false))
  }
}
