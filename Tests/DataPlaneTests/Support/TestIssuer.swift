import ControlModel
import Foundation
import Identity
import Telemetry

/// An issuer of tokens with an Ed25519 key of fixed bytes, and a verifier that believes it.
struct TestIssuer: Sendable {
  let policy = TokenPolicy(issuer: "https://issuer.test/", audience: "trading-backend")
  let signer: TokenSigner
  let keys: KeyStore
  let verifier: TokenVerifier
  private let clocks: Clocks

  init(_ clocks: Clocks) throws {
    self.clocks = clocks
    signer = try Self.signer(7)
    keys = KeyStore(pinned: try KeySet(jwks: Array(signer.jwks.utf8)), expectsFetched: false)
    verifier = TokenVerifier(policy, keys: keys)
  }

  /// A signer whose private key is `byte` 32 times.
  static func signer(_ byte: UInt8) throws -> TokenSigner {
    try TokenSigner(.ed25519, seed: Array(repeating: byte, count: TokenSigner.seedBytes))
  }

  /// A token good from now for `lifetimeSeconds`.
  func token(
    _ role: Role = .user, _ subject: String = "u1", tenant: String? = "orchid", lifetimeSeconds: Int64 = 3600,
    signer: TokenSigner? = nil
  ) throws -> String {
    try (signer ?? self.signer).sign(
      TokenDraft(
        for: policy, subject: subject, role: role, tenant: tenant.flatMap { TenantID($0) }, at: clocks.now,
        lifetimeSeconds: lifetimeSeconds))
  }

  static let realClocks = Clocks(
    wall: { Int64(Date().timeIntervalSince1970 * 1000) },
    monotonic: { Int64(DispatchTime.now().uptimeNanoseconds) })
}
