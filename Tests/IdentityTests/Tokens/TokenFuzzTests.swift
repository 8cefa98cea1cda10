import Testing

@testable import Identity

@Suite struct `Token fuzzing` {
  static let seed: UInt64 = 20_260_314

  @Test func `accepts none of 50 000 near misses, and its own tokens always`() {
    let fuzzer = IdentityFuzzer(seed: Self.seed)
    var mutator = TokenMutator(seed: Self.seed)
    #expect(fuzzer.goodTokens.count == 2)
    for token in fuzzer.goodTokens { #expect(fuzzer.accepts(token)) }
    var accepted = 0
    for round in 0..<50_000 {
      let token = fuzzer.goodTokens[round % 2]
      let mutated = mutator.mutate(token, splicing: fuzzer.goodTokens[(round + 1) % 2])
      if fuzzer.accepts(mutated) {
        accepted += 1
        #expect(fuzzer.goodTokens.contains(mutated), "seed \(Self.seed), round \(round)")
      }
    }
    #expect(accepted < 500, "seed \(Self.seed)")
  }

  @Test func `takes the other form of an ECDSA signature for the same signer's, and nothing else for it`() throws {
    let fuzzer = IdentityFuzzer(seed: Self.seed)
    let token = try #require(fuzzer.goodTokens.first { (try? CompactJWS($0.span))?.header.algorithm == .es256 })
    let jws = try CompactJWS(token.span)
    let other = Array(token[...jws.signedCount]) + Base64URL.encode(ECDSAForm.other(jws.signature)).bytes
    #expect(other != token && ECDSAForm.other(ECDSAForm.other(jws.signature)) == jws.signature)
    #expect(ECDSAForm.isOther(of: token, other.span) && fuzzer.accepts(other))
    for stranger in fuzzer.goodTokens where stranger != token {
      #expect(!ECDSAForm.isOther(of: stranger, other.span) && !ECDSAForm.isOther(of: token, stranger.span))
    }
  }

  @Test func `lets nobody in whose signed claims are damaged beyond use`() {
    let fuzzer = IdentityFuzzer(seed: Self.seed)
    var mutator = TokenMutator(seed: Self.seed)
    let accepted = (0..<5_000).count { _ in fuzzer.trySigned(&mutator) }
    #expect(accepted > 10 && accepted < 2_500, "seed \(Self.seed): \(accepted)")
  }

  @Test func `refuses a good token with any one byte changed`() {
    let fuzzer = IdentityFuzzer(seed: Self.seed)
    for token in fuzzer.goodTokens {
      for index in token.indices {
        var changed = token
        changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        #expect(!fuzzer.accepts(changed), "byte \(index)")
      }
    }
  }

  @Test func `survives 20 000 mangled headers, claims, key sets, PEM texts and bodies`() throws {
    let fuzzer = IdentityFuzzer(seed: Self.seed)
    var mutator = TokenMutator(seed: Self.seed)
    let seeds = [
      "{\"keys\":[\(`Key sets`.ed),\(`Key sets`.ec),\(`Key sets`.rsa(#","kid":"r""#))]}".bytes,
      try Fixture.bytes("pem/rsa2048.pem"), #"{"alg":"EdDSA","typ":"at+jwt","kid":"\u00e9\ud83d\ude00"}"#.bytes,
      try TestIssuer().payload().bytes, fuzzer.goodTokens[0],
    ]
    for round in 0..<20_000 {
      let input = mutator.mutate(seeds[round % seeds.count], splicing: seeds[(round / 5) % seeds.count])
      fuzzer.tryEverything(input.span)
    }
  }
}

extension IdentityFuzzer {
  fileprivate func accepts(_ token: [UInt8]) -> Bool { tryToken(token.span) }
}
