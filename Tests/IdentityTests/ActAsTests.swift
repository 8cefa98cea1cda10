import ControlModel
import Testing

@testable import Identity

/// The tokens of act-as sessions.
@Suite struct `An act-as token` {
  private let now = WallTime(unixSeconds: 1_800_000_000)

  private func authority(_ byte: UInt8 = 9) throws -> ActAsAuthority {
    try ActAsAuthority(TokenSigner(.ed25519, seed: Array(repeating: byte, count: 32)))
  }

  private func verifier(_ actAs: ActAsAuthority?) throws -> TokenVerifier {
    let signer = try TokenSigner(.ed25519, seed: Array(repeating: 7, count: 32))
    let keys = KeyStore(pinned: try KeySet(jwks: Array(signer.jwks.utf8)), expectsFetched: false)
    return TokenVerifier(
      TokenPolicy(issuer: "https://issuer.test/", audience: "trading-backend"), keys: keys, actAs: actAs)
  }

  private func grant(_ mode: ActAsGrant.Mode = .read, seconds: Int64 = 600) throws -> ActAsGrant {
    ActAsGrant(
      id: "act_1", tenant: try #require(TenantID("heron")), actor: "ada", mode: mode, issuedAt: now,
      expiresAt: now.adding(milliseconds: seconds * 1000))
  }

  private func code(_ token: String, _ verifier: TokenVerifier, after seconds: Int64 = 0) -> String {
    let bytes = Array(token.utf8)
    return verifier.verdict(on: bytes.span, at: now.adding(milliseconds: seconds * 1000)).code
  }

  @Test func `is a user of the tenant, with the member of staff as its subject`() throws {
    let authority = try authority()
    let bytes = Array(try authority.sign(grant()).utf8)
    let principal = try verifier(authority).verify(bytes.span, at: now)
    #expect(principal.tenant?.text == "heron")
    #expect(principal.role == .user)
    #expect(principal.subject == "ada")
    #expect(principal.tokenID == "act_1")
    #expect(principal.actingAs?.isReadOnly == true)
    let lines = String(decoding: principal.identityHeaderLines, as: UTF8.self)
    #expect(
      lines == "X-Tenant-Id: heron\r\nX-User-Id: act-as:ada\r\nX-User-Role: user\r\nX-Breakwater-Actor: ada\r\n")
  }

  @Test func `names who really acts as RFC 8693 has it`() throws {
    let token = try authority().sign(grant(.write))
    let payload = try #require(Base64URL.decode(String(token.split(separator: ".")[1])))
    let claims = try JSONDocument(payload, .token).root
    #expect(claims["sub"]?.string == "act-as:heron")
    #expect(claims["act"]?["sub"]?.string == "ada")
    #expect(claims["mode"]?.string == "write")
  }

  @Test func `ends with its session to the second, without allowance for skew`() throws {
    let authority = try authority()
    let token = try authority.sign(grant(seconds: 60))
    let verifier = try verifier(authority)
    #expect(code(token, verifier, after: 59) == "ok")
    #expect(code(token, verifier, after: 60) == "auth.expired")
    #expect(code(token, verifier, after: -1) == "auth.not_yet_valid")
  }

  @Test func `is believed by its own installation only`() throws {
    let token = try authority().sign(grant())
    #expect(code(token, try verifier(nil)) == "auth.type")
    #expect(code(token, try verifier(authority(10))) == "auth.type")
  }

  @Test func `longer than any session may be is not one`() throws {
    let authority = try authority()
    #expect(code(try authority.sign(grant(seconds: 900)), try verifier(authority)) == "ok")
    #expect(code(try authority.sign(grant(seconds: 901)), try verifier(authority)) == "auth.malformed")
  }

  @Test func `cannot be made from another kind of token, nor another kind from its key`() throws {
    let signer = try TokenSigner(.ed25519, seed: Array(repeating: 9, count: 32))
    let authority = try ActAsAuthority(signer)
    let verifier = try verifier(authority)
    let issuer = try TokenSigner(.ed25519, seed: Array(repeating: 7, count: 32))
    let good = try authority.sign(grant()).split(separator: ".").map(String.init)
    let payload = String(decoding: try #require(Base64URL.decode(good[1])), as: UTF8.self)
    func header(_ type: String, _ keyID: String, _ algorithm: String = "EdDSA") -> String {
      #"{"alg":"\#(algorithm)","typ":"\#(type)","kid":"\#(keyID)"}"#
    }
    // Our key, but not as an act-as token; then an admin's token signed with it.
    let admin = TokenDraft(
      for: verifier.policy, subject: "eve", role: .admin, tenant: nil, at: now, lifetimeSeconds: 600)
    #expect(code(try signer.sign(admin), verifier) == "auth.unknown_key")
    for (token, wanted) in [
      (try signer.sign(header: header("at+jwt", authority.keyID), payload: payload), "auth.type"),
      (try signer.sign(header: header("act-as+jwt", authority.keyID), payload: admin.payload), "auth.issuer"),
      (try issuer.sign(header: header("act-as+jwt", authority.keyID), payload: payload), "auth.signature"),
      (try issuer.sign(header: header("act-as+jwt", issuer.keyID), payload: payload), "auth.type"),
      (try issuer.sign(header: header("at+jwt", issuer.keyID), payload: payload), "auth.issuer"),
      (try signer.sign(header: header("act-as+jwt", authority.keyID, "ES256"), payload: payload), "auth.algorithm"),
      (good[0] + "." + good[1] + "." + Base64URL.encode(Array(repeating: 0, count: 64)), "auth.signature"),
    ] { #expect(code(token, verifier) == wanted) }
  }

  @Test func `falls to a revocation of its session, its person or its tenant`() throws {
    let authority = try authority()
    let bytes = Array(try authority.sign(grant()).utf8)
    let verifier = try verifier(authority)
    let principal = try verifier.verify(bytes.span, at: now)
    for target in [
      RevocationTarget.token("act_1"), .subject("ada"), .tenant(try #require(TenantID("heron"))),
    ] {
      var list = RevocationList()
      try list.add(Revocation(target, reason: "a test", at: now, policy: verifier.policy))
      #expect(throws: Refusal.self) { try list.check(principal) }
    }
  }
}
