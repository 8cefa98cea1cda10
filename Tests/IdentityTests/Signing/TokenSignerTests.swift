import ControlModel
import Testing

@testable import Identity

@Suite struct `Token signer` {
  @Test(arguments: TokenSigner.Kind.allCases)
  func `keeps its identity through its seed`(_ kind: TokenSigner.Kind) throws {
    var random = SplitMix64(3)
    let signer = TokenSigner.fresh(kind, using: &random)
    let again = try TokenSigner(kind, seedText: signer.seedText)
    #expect(again.keyID == signer.keyID)
    #expect(again.jwks == signer.jwks)
    #expect(Base64URL.decode(signer.seedText)?.count == TokenSigner.seedBytes)
    #expect(TokenSigner.fresh(kind, using: &random).keyID != signer.keyID)
  }

  @Test(arguments: TokenSigner.Kind.allCases)
  func `publishes a key set without private members that our own reader takes`(_ kind: TokenSigner.Kind) throws {
    var random = SplitMix64(4)
    let signer = TokenSigner.fresh(kind, using: &random)
    let set = try KeySet(jwks: signer.jwks.bytes)
    #expect(set.keys.map(\.id) == [signer.keyID])
    #expect(set.keys.map(\.thumbprint) == [signer.keyID])
    #expect(!signer.jwks.contains(signer.seedText))
  }

  @Test func `writes claims that need escaping so that they read back the same`() throws {
    var issuer = try TestIssuer()
    issuer.policy.issuer = "https://\"quoted\"\\\u{1}é/"
    #expect(issuer.code(try issuer.token()) == nil)
  }

  @Test func `refuses seeds that are no key`() {
    #expect(throws: SigningProblem.self) { try TokenSigner(.ed25519, seed: [1, 2, 3]) }
    #expect(throws: SigningProblem.self) { try TokenSigner(.p256, seed: Array(repeating: 0, count: 32)) }
    #expect(throws: SigningProblem.self) { try TokenSigner(.p256, seed: Array(repeating: 255, count: 32)) }
    #expect(throws: SigningProblem.self) { try TokenSigner(.p256, seedText: "not base64!") }
  }
}
