import ControlModel
import Testing

@testable import Identity

@Suite struct `Token verifier` {
  let issuer: TestIssuer

  init() throws {
    issuer = try TestIssuer()
  }

  @Test(arguments: TokenSigner.Kind.allCases)
  func `accepts a good token and tells who is calling`(_ kind: TokenSigner.Kind) throws {
    let issuer = try TestIssuer(kind)
    let principal = try issuer.principal()
    #expect(principal.subject == "user-1")
    #expect(principal.user == UserID("user-1"))
    #expect(principal.tenant == TenantID("tenant-a"))
    #expect(principal.role == .user)
    #expect(principal.tokenID == "jti-1")
    #expect(principal.sessionID == "sess-1")
    #expect(principal.issuedAt == TestIssuer.now)
    #expect(principal.expiresAt == TestIssuer.now.adding(milliseconds: 900_000))
    #expect(principal.acceptedUntilTime == TestIssuer.now.adding(milliseconds: 930_000))
    #expect(principal.keyID == issuer.signer.keyID)
  }

  @Test func `accepts a token from 30 s before its times to 30 s after`() throws {
    let token = try issuer.token(payload: issuer.payload(["nbf": "1800000000", "iat": "1800000000"]))
    let start = TestIssuer.now
    #expect(issuer.code(token, at: start.adding(milliseconds: -30_001)) == .authNotYetValid)
    #expect(issuer.code(token, at: start.adding(milliseconds: -30_000)) == nil)
    #expect(issuer.code(token, at: start.adding(milliseconds: 869_999)) == nil)
    #expect(issuer.code(token, at: start.adding(milliseconds: 870_000)) == .authExpired)
  }

  @Test func `reads fractions and exponents of a time, rounding against the token`() throws {
    #expect(try issuer.code(payload: ["exp": "1799999970.0009"]) == .authExpired)
    #expect(try issuer.code(payload: ["exp": "1799999970.0011"]) == nil)
    #expect(try issuer.code(payload: ["exp": "1.8000001e9"]) == nil)
    #expect(try issuer.code(payload: ["nbf": "1800000030"]) == nil)
    #expect(try issuer.code(payload: ["nbf": "1800000030.0001"]) == .authNotYetValid)
    #expect(try issuer.code(payload: ["iat": "1800000031"]) == .authNotYetValid)
    #expect(try issuer.code(payload: ["nbf": "-1"]) == nil)
    #expect(try issuer.code(payload: ["exp": "-9223372036854775808"]) == .authMalformed)
  }

  @Test func `accepts a lifetime of exactly the maximum and not a second more`() throws {
    #expect(try issuer.code(payload: ["exp": "1800086400"]) == nil)
    #expect(try issuer.code(payload: ["exp": "1800086401"]) == .authMalformed)
  }

  @Test(arguments: [
    ("exp", nil, RefusalCode.authMalformed), ("exp", "null", .authMalformed), ("exp", "\"1800000840\"", .authMalformed),
    ("exp", "1e400", .authMalformed), ("exp", "1e30", .authMalformed), ("exp", "0", .authExpired),
    ("nbf", "\"0\"", .authMalformed), ("nbf", "true", .authMalformed), ("iat", "[]", .authMalformed),
    ("iss", nil, .authIssuer), ("iss", "\"https://PLATFORM.test/\"", .authIssuer),
    ("iss", "\"https://platform.test\"", .authIssuer),
    ("iss", "[\"https://platform.test/\"]", .authIssuer), ("aud", nil, .authAudience), ("aud", "[]", .authAudience),
    ("aud", "\"trading\"", .authAudience), ("aud", "{\"trading-backend\":1}", .authAudience),
    ("aud", "[\"trading-backend\",7]", .authAudience), ("aud", "null", .authAudience),
    ("sub", nil, .authMalformed), ("sub", "\"\"", .authMalformed), ("sub", "7", .authMalformed),
    ("jti", "\"\"", .authMalformed), ("jti", "7", .authMalformed), ("sid", "null", .authMalformed),
    ("role", nil, .authMalformed), ("role", "\"root\"", .authMalformed),
    ("role", "[\"user\",\"admin\"]", .authMalformed),
    ("role", "\"User\"", .authMalformed), ("tenantId", nil, .tenantMissing), ("tenantId", "\"\"", .authMalformed),
    ("tenantId", "null", .authMalformed), ("tenantId", "\"a/../b\"", .authMalformed),
    ("tenantId", "\"a\\r\\nX-Tenant-Id: b\"", .authMalformed), ("tenantId", "\"a b\"", .authMalformed),
    ("tenantId", "[\"tenant-a\"]", .authMalformed),
  ])
  func `refuses a claim that is missing, of another type or not ours`(
    _ claim: String, _ value: String?, _ code: RefusalCode
  ) throws {
    #expect(try issuer.code(payload: [claim: value]) == code)
  }

  @Test func `finds its audience in a list`() throws {
    #expect(try issuer.code(payload: ["aud": #"["other","trading-backend"]"#]) == nil)
  }

  @Test func `compares issuer and audience byte for byte, not as Unicode`() throws {
    var kelvin = issuer
    kelvin.policy.issuer = "https://K.test/"
    let token = try kelvin.token(payload: kelvin.payload(["iss": "\"https://\u{212A}.test/\""]))
    #expect(kelvin.code(token) == .authIssuer)
  }

  @Test(arguments: [
    "auth0|5f7c8ec7c33c6c004bbafe82", "someone@example.com", "CN=Jane Doe,OU=Desk", "a", "urn:uuid:1/2",
  ])
  func `keeps the subject forms issuers use`(_ subject: String) throws {
    let principal = try issuer.principal { $0.subject = subject }
    #expect(principal.subject == subject)
  }

  @Test(arguments: [
    "a\\r\\nX-User-Role: admin", "a\\u0000", "a\\\"b", "a\\\\b", "a'b", " a", "a ", "caf\\u00e9", "\\u007f", "a\\tb",
  ])
  func `refuses a subject that could break a header or a log line`(_ json: String) throws {
    #expect(try issuer.code(payload: ["sub": "\"\(json)\""]) == .authMalformed)
    #expect(try issuer.code(payload: ["jti": "\"\(json)\""]) == .authMalformed)
    #expect(try issuer.code(payload: ["sid": "\"\(json)\""]) == .authMalformed)
  }

  @Test func `refuses names longer than their bounds`() throws {
    let (fits, long) = (String(repeating: "s", count: 256), String(repeating: "s", count: 257))
    #expect(try issuer.code(payload: ["sub": "\"\(fits)\""]) == nil)
    #expect(try issuer.code(payload: ["sub": "\"\(long)\""]) == .authMalformed)
    #expect(try issuer.code(payload: ["tenantId": "\"\(long.prefix(64))\""]) == nil)
    #expect(try issuer.code(payload: ["tenantId": "\"\(long.prefix(65))\""]) == .authMalformed)
  }

  @Test(arguments: Role.allCases.filter { $0 != .user })
  func `lets staff be of no tenant, but never of a malformed one`(_ role: Role) throws {
    #expect(try issuer.code(payload: ["role": "\"\(role.rawValue)\"", "tenantId": nil]) == nil)
    #expect(try issuer.code(payload: ["role": "\"\(role.rawValue)\"", "tenantId": "\"a/b\""]) == .authMalformed)
    #expect(try issuer.principal { ($0.role, $0.tenant) = (role, nil) }.tenant == nil)
  }

  @Test func `accepts only the roles its policy lists`() throws {
    var narrow = issuer
    narrow.policy.roles = [.user]
    #expect(try narrow.code(payload: ["role": "\"admin\""]) == .authMalformed)
  }

  @Test func `takes the tenant and the role from the claims that are configured`() throws {
    var named = issuer
    named.policy.tenantClaim = "https://platform.test/tid"
    named.policy.roleClaim = "https://platform.test/role"
    let principal = try named.principal { $0.role = .admin }
    #expect(principal.role == .admin)
    #expect(principal.tenant == TenantID("tenant-a"))
    #expect(issuer.code(try named.token()) == .authMalformed)
  }

  @Test(arguments: [
    #""typ":"at+jwt""#, #""typ":"AT+JWT""#, #""typ":"application/at+jwt""#, #""typ":"JWT""#, #""typ":"jwt""#,
    #""typ":"at+jwt","jku":"http://127.0.0.1:9/","x5u":"http://127.0.0.1:9/","x5c":["AA"],"jwk":{"kty":"oct"}"#,
    #""typ":"at+jwt","cty":"json","b64":true,"x":{"y":[1,2]}"#,
  ])
  func `accepts these headers`(_ header: String) throws {
    #expect(issuer.code(try issuer.token(payload: issuer.payload(), header: header)) == nil)
  }

  @Test(arguments: [
    ("", RefusalCode.authType), (#""typ":"id+jwt""#, .authType), (#""typ":"refresh+jwt""#, .authType),
    (#""typ":"application/x/at+jwt""#, .authType), (#""typ":"""#, .authType), (#""typ":null"#, .authMalformed),
    (#""typ":["at+jwt"]"#, .authMalformed), (#""typ":"at+jwt","crit":["exp"]"#, .authMalformed),
    (#""typ":"at+jwt","crit":null"#, .authMalformed), (#""typ":"at+jwt","zip":"DEF""#, .authMalformed),
    (#""typ":"at+jwt","cty":"JWT""#, .authMalformed), (#""typ":"at+jwt","cty":"application/jwt""#, .authMalformed),
    (#""typ":"at+jwt","typ":"at+jwt""#, .authMalformed), (#""typ":"at+jwt","\u0061lg":"none""#, .authMalformed),
  ])
  func `refuses these headers`(_ header: String, _ code: RefusalCode) throws {
    #expect(issuer.code(try issuer.token(payload: issuer.payload(), header: header)) == code)
  }

  @Test func `takes a token without typ only where the policy says so`() throws {
    var lenient = issuer
    lenient.policy.tokenTypes = ["at+jwt", ""]
    #expect(lenient.code(try issuer.token(payload: issuer.payload(), header: "")) == nil)
  }

  @Test func `needs no kid while there is one key`() throws {
    let header = #"{"alg":"EdDSA","typ":"at+jwt"}"#
    let token = try issuer.signer.sign(header: header, payload: issuer.payload()).bytes
    #expect(issuer.code(token) == nil)
    issuer.store.replaceFetched(try `Key sets`.set(`Key sets`.ec))
    #expect(issuer.code(token) == .authUnknownKey)
  }

  @Test func `refuses an algorithm the policy does not list, whatever the keys say`() throws {
    let secret = Array("dev-only-secret-dev-only-secret-32b!".utf8)
    let store = KeyStore(pinned: try KeySet(developmentSecret: secret), expectsFetched: false)
    let signed = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImRldiJ9.e30.AAAA".bytes
    var policy = issuer.policy
    #expect(code(signed, policy, store) == .authAlgorithm)
    policy.algorithms = [.hs256]
    #expect(code(signed, policy, store) == .authSignature)
  }

  @Test func `says unavailable, not unknown, while keys were never loaded`() throws {
    let token = try issuer.token()
    let empty = KeyStore(expectsFetched: true)
    #expect(code(token, issuer.policy, empty) == .authUnavailable)
    empty.replaceFetched(try `Key sets`.set(`Key sets`.ec))
    #expect(code(token, issuer.policy, empty) == .authUnknownKey)
  }

  private func code(_ token: [UInt8], _ policy: TokenPolicy, _ keys: KeyStore) -> RefusalCode? {
    refusal { _ = try TokenVerifier(policy, keys: keys).verify(token.span, at: TestIssuer.now) }
  }

  @Test func `names an unknown key escaped and cut short`() throws {
    let kid = "\\r\\nevil\\u202e" + String(repeating: "k", count: 100)
    let header = #"{"alg":"EdDSA","typ":"at+jwt","kid":"\#(kid)"}"#
    let token = try issuer.signer.sign(header: header, payload: "{}").bytes
    let why = issuer.verifier.verdict(on: token.span, at: TestIssuer.now).why
    #expect(why.hasPrefix(#"The issuer publishes no usable key "\x0D\x0Aevil\xE2\x80\xAEkkk"#))
    #expect(why.utf8.count < 140)
  }

  @Test func `refuses a policy that cannot work, naming each fault`() {
    var policy = TokenPolicy(issuer: "", audience: "")
    (policy.tenantClaim, policy.roleClaim, policy.tokenTypes, policy.algorithms) = ("x", "x", [], [])
    (policy.clockSkewSeconds, policy.lifetimeSecondsMax) = (301, 0)
    #expect(
      policy.problems.map(\.field) == [
        "auth.issuer", "auth.audience", "auth.roleClaim", "auth.tokenTypes", "auth.algorithms", "auth.clockSkew",
        "auth.maxLifetime",
      ])
    #expect(issuer.policy.problems.isEmpty)
  }

  @Test(arguments: TokenSigner.Kind.allCases)
  func `knows one spelling of a signature`(_ kind: TokenSigner.Kind) throws {
    let issuer = try TestIssuer(kind)
    let token = try issuer.token()
    let end = try #require(token.lastIndex(of: UInt8(ascii: ".")))
    let (head, signature) = (token[...end], String(decoding: token[(end + 1)...], as: UTF8.self))
    let loose = String(signature.dropLast()) + (signature.hasSuffix("A") ? "B" : "x")
    let spellings = [
      signature + "==", signature + "=", signature + " ", signature + "\n", " " + signature, signature + ".", loose,
      signature + "A", signature + "AA", signature + "AAAA", String(signature.dropLast(2)), "", "AA",
      signature.replacing("-", with: "+").replacing("_", with: "/") + "+",
    ]
    for spelling in spellings {
      #expect([.authMalformed, .authSignature].contains(issuer.code(head + spelling.bytes)), "\(spelling)")
    }
    #expect(issuer.code("Bearer ".bytes + token) == .authMalformed)
    #expect(issuer.code(".".bytes + token) == .authMalformed)
  }

  @Test func `refuses the empty string, bare dots and a token one byte too long`() throws {
    for text in ["", ".", "..", "...", "a.b", "a.b.c.d", ".e30.", "e30..", "e30.e30."] {
      #expect(issuer.code(text.bytes) == .authMalformed, "\(text)")
    }
    let header = #"{"alg":"EdDSA","typ":"at+jwt","kid":"\#(issuer.signer.keyID)"}"#
    func token(padding: Int) throws -> [UInt8] {
      let payload = issuer.payload(["pad": "\"\(String(repeating: "x", count: padding))\""])
      return try issuer.signer.sign(header: header, payload: payload).bytes
    }
    let overhead = try token(padding: 0).count
    let fits = try token(padding: (TokenPolicy.tokenBytesMax - overhead) * 3 / 4 - 2)
    #expect(fits.count <= TokenPolicy.tokenBytesMax && fits.count > TokenPolicy.tokenBytesMax - 8)
    #expect(issuer.code(fits) == nil)
    #expect(issuer.code(try token(padding: (TokenPolicy.tokenBytesMax - overhead) * 3 / 4 + 6)) == .authMalformed)
  }
}
