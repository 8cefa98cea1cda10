import ControlModel
import Testing

@testable import Identity

@Suite struct `Verified token cache` {
  let issuer: TestIssuer
  let revocations = RevocationStore()
  let now = TestIssuer.now

  init() throws {
    issuer = try TestIssuer()
  }

  private func cache(bytesMax: Int = 1 << 20) -> VerifiedTokenCache {
    VerifiedTokenCache(keys: issuer.store, revocations: revocations, bytesMax: bytesMax, seed: 99)
  }

  private func insert(_ token: [UInt8], _ principal: Principal, into cache: VerifiedTokenCache) {
    cache.insert(
      token.span, principal, keyGeneration: issuer.store.generation, revocationEpoch: revocations.epoch)
  }

  private func find(_ token: [UInt8], in cache: VerifiedTokenCache, at time: WallTime? = nil) throws -> Principal? {
    try cache.principal(for: token.span, at: time ?? now)
  }

  @Test func `answers with the same principal as the verification`() throws {
    let cache = cache()
    let token = try issuer.token()
    let principal = try issuer.principal()
    #expect(try find(token, in: cache) == nil)
    insert(token, principal, into: cache)
    #expect(try find(token, in: cache) === principal)
    #expect(cache.count == 1)
  }

  @Test func `never takes one token for another that differs in any byte`() throws {
    let cache = cache()
    let token = try issuer.token()
    insert(token, try issuer.principal(), into: cache)
    for index in token.indices {
      for bit in 0..<8 {
        var changed = token
        changed[index] ^= 1 << bit
        #expect(try find(changed, in: cache) == nil, "byte \(index), bit \(bit)")
      }
      #expect(try find(Array(token[index...].dropFirst()), in: cache) == nil)
      #expect(try find(Array(token[..<index]), in: cache) == nil)
    }
    #expect(try find(token + [0], in: cache) == nil)
    #expect(try find([], in: cache) == nil)
  }

  @Test func `keeps apart tokens that share their hashed end`() throws {
    let cache = cache()
    let principals = try (0..<50).map { index in try issuer.principal { $0.subject = "user-\(index)" } }
    let tokens = (0..<50).map { "head-\($0).the-same-last-sixteen-bytes".bytes }
    for (token, principal) in zip(tokens, principals) { insert(token, principal, into: cache) }
    for (token, principal) in zip(tokens, principals) { #expect(try find(token, in: cache) === principal) }
  }

  @Test func `agrees with a dictionary through a hundred thousand random steps under eviction`() throws {
    var random = SplitMix64(5)
    let cache = cache(bytesMax: 64 * 1024)
    let principal = try issuer.principal()
    let tokens = (0..<400).map { _ in
      (0..<Int.random(in: 20...400, using: &random)).map { _ in UInt8.random(in: 33...126, using: &random) }
    }
    var inserted: Set<Int> = []
    var hits = 0
    for _ in 0..<100_000 {
      let index = Int.random(in: 0..<tokens.count, using: &random)
      if let found = try find(tokens[index], in: cache) {
        #expect(inserted.contains(index) && found === principal)
        hits += 1
      } else {
        insert(tokens[index], principal, into: cache)
        inserted.insert(index)
        #expect(try find(tokens[index], in: cache) === principal)
      }
      #expect(cache.bytesUsed <= 64 * 1024)
    }
    #expect(hits > 10_000)
    #expect(cache.count > 60)
    cache.removeAll()
    #expect((cache.count, cache.bytesUsed) == (0, 0))
    #expect(try find(tokens[0], in: cache) == nil)
  }

  @Test func `evicts tokens that are not used before tokens that are`() throws {
    let cache = cache(bytesMax: 100_000)
    let principal = try issuer.principal()
    let hot = (0..<20).map { Array("hot-token-number-\($0)".utf8) }
    for token in hot { insert(token, principal, into: cache) }
    for index in 0..<2000 {
      insert(Array("cold-token-number-\(index)".utf8), principal, into: cache)
      if index % 20 == 0 { for token in hot { _ = try find(token, in: cache) } }
    }
    #expect(try hot.filter { try find($0, in: cache) != nil }.count == 20)
  }

  @Test func `refuses a remembered token once it has expired or was revoked`() throws {
    let cache = cache()
    let token = try issuer.token()
    insert(token, try issuer.principal(), into: cache)
    #expect(refusal { _ = try find(token, in: cache, at: now.adding(milliseconds: 930_000)) } == .authExpired)
    #expect(refusal { _ = try find(token, in: cache, at: now.adding(milliseconds: -30_001)) } == .authNotYetValid)
    #expect(try find(token, in: cache, at: now.adding(milliseconds: 929_999)) != nil)
    let entry = Revocation(.session("sess-1"), reason: "stolen", at: now, policy: issuer.policy)
    try revocations.update { list throws(Refusal) in try list.add(entry) }
    #expect(refusal { _ = try find(token, in: cache) } == .authRevoked)
    #expect(refusal { _ = try find(token, in: cache) } == .authRevoked)
    try revocations.update { list throws(Refusal) in _ = list.remove(.session("sess-1")) }
    #expect(try find(token, in: cache) != nil)
  }

  @Test func `forgets tokens of an earlier key generation`() throws {
    let cache = cache()
    let token = try issuer.token()
    insert(token, try issuer.principal(), into: cache)
    issuer.store.replaceFetched(try `Key sets`.set(`Key sets`.ec))
    #expect(try find(token, in: cache) == nil)
    #expect(cache.count == 0)
  }

  @Test func `remembers nothing that does not fit`() throws {
    let cache = cache(bytesMax: 200)
    insert(try issuer.token(), try issuer.principal(), into: cache)
    #expect(cache.count == 0)
  }
}

@Suite struct `Authentication` {
  let issuer: TestIssuer
  let revocations = RevocationStore()
  let now = TestIssuer.now
  let authenticator: Authenticator

  init() throws {
    issuer = try TestIssuer(.p256)
    authenticator = Authenticator(
      issuer.verifier, revocations: revocations, cacheBytesMax: 1 << 20, seed: 4)
  }

  private func principal(_ token: [UInt8]) throws -> Principal {
    try authenticator.principal(for: token.span, at: now)
  }

  @Test func `verifies once and remembers`() throws {
    let token = try issuer.token()
    let first = try principal(token)
    #expect(try principal(token) === first)
    #expect(authenticator.cache.count == 1)
  }

  @Test func `remembers no refusal`() throws {
    let other = try TestIssuer(.p256, seed: 2)
    let token = try other.token()
    #expect(refusal { _ = try principal(token) } == .authUnknownKey)
    issuer.store.replaceFetched(try KeySet(jwks: other.signer.jwks.bytes))
    #expect(try principal(token).subject == "user-1")
  }

  @Test func `applies a revocation and a withdrawn key to the next request`() throws {
    let token = try issuer.token()
    let fresh = try issuer.token { $0.tokenID = "jti-2" }
    _ = try principal(token)
    let entry = Revocation(.token("jti-1"), reason: "lost phone", at: now, policy: issuer.policy)
    try revocations.update { list throws(Refusal) in try list.add(entry) }
    #expect(refusal { _ = try principal(token) } == .authRevoked)
    #expect(refusal { _ = try principal(try issuer.token()) } == .authRevoked)
    _ = try principal(fresh)
    issuer.store.replacePinned(try `Key sets`.set(`Key sets`.ed))
    #expect(refusal { _ = try principal(fresh) } == .authUnknownKey)
  }
}
