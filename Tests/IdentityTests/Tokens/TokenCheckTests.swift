import Testing

@testable import Identity

@Suite struct `Token check` {
  @Test func `prints one JSON line for an accepted token`() throws {
    let issuer = try TestIssuer()
    let token = try issuer.token()
    let verdict = issuer.verifier.verdict(on: token.span, at: TestIssuer.now)
    let key = issuer.signer.keyID.prefix(32)
    #expect(
      verdict.json == #"{"verdict":"accept","code":"ok","why":"user user-1 of tenant tenant-a, key \#(key)...."}"#)
  }

  @Test func `prints one JSON line for a refused token`() throws {
    let issuer = try TestIssuer()
    let verdict = issuer.verifier.verdict(on: "nonsense".bytes.span, at: TestIssuer.now)
    #expect(
      verdict.json
        == #"{"verdict":"refuse","code":"auth.malformed","why":"The token is not three base64url parts joined by dots."}"#
    )
    let line = try JSONDocument(verdict.json.bytes).root
    #expect(line.members.map(\.name) == ["verdict", "code", "why"])
  }
}
