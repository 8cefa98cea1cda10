import ControlModel
import Testing

@testable import Identity

@Suite struct `Revocation list` {
  let issuer: TestIssuer
  let now = TestIssuer.now

  init() throws {
    issuer = try TestIssuer()
  }

  private func entry(_ target: RevocationTarget, issuedBefore: WallTime? = nil, at time: WallTime? = nil) -> Revocation
  {
    Revocation(target, issuedBefore: issuedBefore, reason: "test", at: time ?? now, policy: issuer.policy)
  }

  private func isRevoked(_ list: RevocationList, _ principal: Principal) -> Bool {
    refusal { try list.check(principal) } == .authRevoked
  }

  @Test func `covers a token by its id, session, subject or tenant, and no other token`() throws {
    let principal = try issuer.principal()
    let other = try issuer.principal {
      ($0.subject, $0.tokenID, $0.sessionID, $0.tenant) = ("user-2", "jti-2", "sess-2", TenantID("tenant-b"))
    }
    let tenant = try #require(TenantID("tenant-a"))
    for target in [RevocationTarget.token("jti-1"), .session("sess-1"), .subject("user-1"), .tenant(tenant)] {
      var list = RevocationList()
      try list.add(entry(target))
      #expect(isRevoked(list, principal), "\(target)")
      #expect(!isRevoked(list, other), "\(target)")
      #expect(list.remove(target)?.target == target)
      #expect(!isRevoked(list, principal), "\(target)")
    }
  }

  @Test func `covers both forms of an ECDSA token, whose text differs`() throws {
    let corpus = try Fixture.json("attacks/attacks.json")
    let verifier = try `Attack corpus`.verifier(corpus)
    let malleable = try #require(
      corpus["cases"]?.elements.first { $0["id"]?.string == "es-malleable" }?["token"]?.string)
    let token = malleable.bytes
    let principal = try verifier.verify(token.span, at: now)
    var list = RevocationList()
    try list.add(entry(.token("jti-1")))
    #expect(isRevoked(list, principal))
  }

  @Test func `covers only tokens issued before a moment, and tokens that do not say when`() throws {
    let moment = now.adding(milliseconds: -10_000)
    let older = try issuer.principal { $0.issuedAt = now.adding(milliseconds: -11_000) }
    let newer = try issuer.principal { $0.issuedAt = moment }
    let undatedToken = try issuer.token(payload: issuer.payload(["iat": nil]))
    let undated = try issuer.verifier.verify(undatedToken.span, at: now)
    for target in [RevocationTarget.everyone, .subject("user-1"), .tenant(try #require(TenantID("tenant-a")))] {
      var list = RevocationList()
      try list.add(entry(target, issuedBefore: moment))
      #expect(isRevoked(list, older))
      #expect(!isRevoked(list, newer))
      #expect(isRevoked(list, undated))
    }
  }

  @Test func `never narrows an earlier entry of the same target`() throws {
    var list = RevocationList()
    let principal = try issuer.principal()
    try list.add(entry(.subject("user-1")))
    try list.add(entry(.subject("user-1"), issuedBefore: WallTime(unixSeconds: 1)))
    #expect(isRevoked(list, principal))
    #expect(list.count == 1)
    try list.add(entry(.everyone, issuedBefore: now.adding(milliseconds: 5)))
    try list.add(entry(.everyone, issuedBefore: WallTime(unixSeconds: 1)))
    #expect(list.all.first { $0.target == .everyone }?.issuedBefore == now.adding(milliseconds: 5))
  }

  @Test func `refuses to revoke nobody, or everybody for ever`() {
    var list = RevocationList()
    for target in [RevocationTarget.token(""), .session(""), .subject(""), .everyone] {
      #expect(refusal { try list.add(entry(target)) } == .requestInvalid)
    }
    #expect(list.count == 0)
  }

  @Test func `drops entries once every token they cover has expired`() throws {
    var list = RevocationList()
    try list.add(entry(.token("jti-1")))
    let last = now.adding(milliseconds: (86_400 + 60) * 1000)
    #expect(list.removeExpired(at: last.adding(milliseconds: -1)) == 0)
    #expect(list.removeExpired(at: last) == 1)
    #expect(list.all.isEmpty)
  }

  @Test func `is bounded, makes room from expired entries, and says what to do when it is full`() throws {
    var list = RevocationList()
    for index in 0..<RevocationList.entriesMax { try list.add(entry(.token("t\(index)"))) }
    #expect(refusal { try list.add(entry(.token("one more"))) } == .requestInvalid)
    #expect(refusal { try list.add(entry(.token("t0"))) } == nil)
    #expect(list.count == RevocationList.entriesMax)
    try list.add(entry(.token("a week on"), at: now.adding(milliseconds: 7 * 86_400_000)))
    #expect(list.count == 1)
  }

  @Test func `raises its epoch with every change and not with a refused one`() throws {
    let store = RevocationStore()
    let start = store.epoch
    try store.update { list throws(Refusal) in try list.add(entry(.token("a"))) }
    #expect(store.epoch == start + 1)
    #expect(refusal { try store.update { list throws(Refusal) in try list.add(entry(.token(""))) } } == .requestInvalid)
    #expect(store.epoch == start + 1)
    #expect(store.current.count == 1)
  }

  @Test func `loses no entry to another writer`() async throws {
    let store = RevocationStore()
    await withTaskGroup { group in
      for writer in 0..<4 {
        group.addTask {
          for index in 0..<50 {
            _ = refusal {
              try store.update { list throws(Refusal) in try list.add(entry(.token("w\(writer)-\(index)"))) }
            }
          }
        }
      }
    }
    #expect(store.current.count == 200)
    #expect(store.epoch == 201)
  }
}
