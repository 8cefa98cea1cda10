package import ControlModel
package import Identity

/// Verified callers, made the way real ones are: from tokens.
package struct TestPeople: Sendable {
  private let signer: TokenSigner
  private let verifier: TokenVerifier
  private let policy = TokenPolicy(issuer: "https://issuer.test/", audience: "trading-backend")
  private let now: WallTime

  package init(at now: WallTime) throws {
    signer = try TokenSigner(.ed25519, seed: Array(repeating: 7, count: TokenSigner.seedBytes))
    let keys = KeyStore(pinned: try KeySet(jwks: Array(signer.jwks.utf8)), expectsFetched: false)
    verifier = TokenVerifier(policy, keys: keys)
    self.now = now
  }

  package func principal(_ role: Role, _ name: String) throws -> Principal {
    let tenant = role == .user ? TenantID("orchid") : nil
    let draft = TokenDraft(for: policy, subject: name, role: role, tenant: tenant, at: now, lifetimeSeconds: 86_400)
    let token = Array(try signer.sign(draft).utf8)
    return try verifier.verify(token.span, at: now)
  }
}
