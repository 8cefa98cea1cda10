import Crypto
import FoundationEssentials

/// Signs tokens with a key of our own: for the demo, for development and for tests. The gateway never signs.
package struct TokenSigner: Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    case ed25519 = "Ed25519"
    case p256 = "P-256"
  }

  private enum Key: Sendable {
    case ed25519(Curve25519.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
  }

  /// Bytes of a private key, of either kind.
  package static let seedBytes = 32

  /// RFC 7638 thumbprint of the public key; tokens name it as `kid`.
  package let keyID: String
  package let algorithm: SignatureAlgorithm
  private let key: Key

  /// The key that was stored as `seedText`.
  package init(_ kind: Kind, seedText: String) throws(SigningProblem) {
    guard let seed = Base64URL.decode(seedText) else { throw SigningProblem("The private key is not base64url") }
    try self.init(kind, seed: seed)
  }

  /// The key with these 32 private bytes. About one P-256 seed in 2^32 is no scalar of the curve and is refused.
  package init(_ kind: Kind, seed: [UInt8]) throws(SigningProblem) {
    let material: KeyMaterial
    switch kind {
    case .ed25519:
      guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
        throw SigningProblem("An Ed25519 private key is \(Self.seedBytes) bytes, this one \(seed.count)")
      }
      self.key = .ed25519(key)
      material = .ed25519(Array(key.publicKey.rawRepresentation))
    case .p256:
      guard let key = try? P256.Signing.PrivateKey(rawRepresentation: seed) else {
        throw SigningProblem("The bytes are not a P-256 private key")
      }
      self.key = .p256(key)
      let point = Array(key.publicKey.rawRepresentation)
      material = .ellipticCurve(.p256, x: Array(point.prefix(32)), y: Array(point.suffix(32)))
    }
    algorithm = material.defaultAlgorithm
    do {
      keyID = try material.key(id: nil, algorithm: algorithm).id
    } catch {
      throw SigningProblem("The key cannot be used: \(error.reason)")
    }
  }

  /// A new key. Pass `SystemRandomNumberGenerator` for any key that protects something.
  package static func fresh(_ kind: Kind, using generator: inout some RandomNumberGenerator) -> TokenSigner {
    while true {
      let seed = (0..<seedBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      if let signer = try? TokenSigner(kind, seed: seed) { return signer }
    }
  }

  /// The private key as base64url, for a file only its owner may read.
  package var seedText: String {
    switch key {
    case .ed25519(let key): Base64URL.encode(Array(key.rawRepresentation))
    case .p256(let key): Base64URL.encode(Array(key.rawRepresentation))
    }
  }

  /// The public half as a JWKS document.
  package var jwks: String {
    let coordinates: [(name: String, value: JSONText.Value)]
    switch key {
    case .ed25519(let key):
      coordinates = [
        ("kty", .string("OKP")), ("crv", .string("Ed25519")),
        ("x", .string(Base64URL.encode(Array(key.publicKey.rawRepresentation)))),
      ]
    case .p256(let key):
      let point = Array(key.publicKey.rawRepresentation)
      coordinates = [
        ("kty", .string("EC")), ("crv", .string("P-256")), ("x", .string(Base64URL.encode(point.prefix(32)))),
        ("y", .string(Base64URL.encode(point.suffix(32)))),
      ]
    }
    let jwk =
      coordinates + [
        ("kid", .string(keyID)), ("use", .string("sig")), ("alg", .string(algorithm.rawValue)),
      ]
    return "{\"keys\":[\(JSONText.object(jwk))]}"
  }

  /// The compact token of these claims.
  package func sign(_ draft: TokenDraft) throws(SigningProblem) -> String {
    try sign(
      header: JSONText.object([
        ("alg", .string(algorithm.rawValue)), ("typ", .string(draft.type)), ("kid", .string(keyID)),
      ]), payload: draft.payload)
  }

  /// The compact token of any header and payload, right or wrong.
  func sign(header: String, payload: String) throws(SigningProblem) -> String {
    let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
    let bytes = Array(input.utf8)
    let signature: Data
    do {
      switch key {
      case .ed25519(let key): signature = try key.signature(for: bytes)
      case .p256(let key): signature = try key.signature(for: bytes).rawRepresentation
      }
    } catch {
      throw SigningProblem("The cryptographic library could not sign")
    }
    return input + "." + Base64URL.encode(Array(signature))
  }
}

/// Why a token could not be signed, or a private key not be read, in one sentence.
package struct SigningProblem: Error, Equatable, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) {
    self.description = description
  }
}
