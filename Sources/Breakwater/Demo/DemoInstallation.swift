package import ControlModel
import Foundation
package import Identity
package import Store
import Telemetry

/// A throw-away installation to look at: fourteen tenants trading recorded bars on a paper venue, keys of its own, a
/// backend to proxy to, and one incident to play through.
package struct DemoInstallation: Sendable {
  package let folder: String
  package let signer: TokenSigner
  package let policy: TokenPolicy

  package static let defaultFolder = "./data/demo"
  private static let keyFile = "signing-key.json"
  private static let issuer = "https://demo.breakwater.invalid/"
  private static let audience = "trading-backend"

  private struct KeyFile: Codable {
    var purpose: String
    var kind: String
    var seed: String
  }

  private static let purpose = "breakwater demo signing key; signs tokens for this folder's demo only"

  /// Opens the folder of an earlier demo, or makes one with a fresh key. Throws `StoreFailure`.
  package init(_ folder: String, random: inout some RandomNumberGenerator) throws(StoreFailure) {
    let path = "\(folder)/\(Self.keyFile)"
    if FileManager.default.fileExists(atPath: path) {
      self = try Self(existing: folder)
      return
    }
    signer = TokenSigner.fresh(.ed25519, using: &random)
    self.folder = folder
    policy = Self.policy()
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let file = KeyFile(purpose: Self.purpose, kind: TokenSigner.Kind.ed25519.rawValue, seed: signer.seedText)
      try JSONEncoder().encode(file).write(to: URL(fileURLWithPath: path))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    } catch {
      throw StoreFailure(.unwritable, "The demo folder \(folder) cannot be written: choose another with --data.")
    }
  }

  /// The demo in a folder. Throws when there is none: tokens are signed with a demo's key or not at all.
  package init(existing folder: String) throws(StoreFailure) {
    let path = "\(folder)/\(Self.keyFile)"
    guard let data = FileManager.default.contents(atPath: path),
      let file = try? JSONDecoder().decode(KeyFile.self, from: data), file.purpose == Self.purpose,
      let kind = TokenSigner.Kind(rawValue: file.kind), let signer = try? TokenSigner(kind, seedText: file.seed)
    else {
      throw StoreFailure(
        .corrupt,
        "\(folder) holds no demo key, so no token can be signed. Start `breakwater demo` first, or name its folder with --data."
      )
    }
    self.signer = signer
    self.folder = folder
    policy = Self.policy()
  }

  private static func policy() -> TokenPolicy {
    TokenPolicy(issuer: issuer, audience: audience)
  }

  /// A token for a person of the demo.
  package func token(
    _ role: Role, subject: String, tenant: TenantID? = nil, at now: WallTime, lifetimeSeconds: Int64 = 12 * 3600
  ) throws -> String {
    try signer.sign(
      TokenDraft(
        for: policy, subject: subject, role: role, tenant: tenant, at: now, lifetimeSeconds: lifetimeSeconds))
  }

  /// The demo's configuration file, written into its folder so that it can be read and changed.
  package func writeConfiguration(listen: String, ops: String, backendPort: Int, speed: Double) throws(StoreFailure)
    -> String
  {
    let text = DemoConfiguration.text(
      folder: folder, issuer: Self.issuer, audience: Self.audience, listen: listen, ops: ops, backendPort: backendPort,
      speed: speed)
    let path = "\(folder)/breakwater.yaml"
    guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
      throw StoreFailure(.unwritable, "The demo's configuration \(path) cannot be written.")
    }
    return path
  }
}

/// The people of the demo.
package enum DemoPeople {
  package static let admin = "j.alvarez"
  package static let secondAdmin = "r.chen"
  package static let onCall = "m.ito"
  package static let support = "s.okafor"
}
