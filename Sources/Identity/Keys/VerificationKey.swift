import Crypto
import CryptoExtras
import FoundationEssentials

/// One key that may verify tokens, with the one algorithm it may be used with. The key decides the algorithm; a token
/// only repeats it (RFC 8725 §3.1).
package struct VerificationKey: Sendable {
  /// The `kid` tokens name it by; its thumbprint if the source gave none.
  package let id: String
  package let algorithm: SignatureAlgorithm
  /// RFC 7638 SHA-256 thumbprint: the same key has the same one, whatever its source calls it.
  package let thumbprint: String
  let material: Material

  enum Material: Sendable {
    case rsa(_RSA.Signing.PublicKey, modulusBytes: Int)
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)
    case secret(SymmetricKey)
  }

  /// Whether `signature` is this key's, with this key's algorithm, over `input`. A signature of the wrong length is
  /// not.
  func verifies(_ signature: [UInt8], over input: Span<UInt8>) -> Bool {
    input.withUnsafeBytes { input in
      switch algorithm {
      case .rs256, .ps256, .es256: verifies(signature, digest: SHA256.hash(bufferPointer: input))
      case .rs384, .ps384, .es384: verifies(signature, digest: SHA384.hash(bufferPointer: input))
      case .rs512, .ps512, .es512: verifies(signature, digest: SHA512.hash(bufferPointer: input))
      case .eddsa: verifiesEdDSA(signature, input)
      case .hs256: verifiesCode(signature, input, SHA256.self)
      case .hs384: verifiesCode(signature, input, SHA384.self)
      case .hs512: verifiesCode(signature, input, SHA512.self)
      }
    }
  }

  private func verifies(_ signature: [UInt8], digest: some Digest) -> Bool {
    switch material {
    case .rsa(let key, let modulusBytes):
      guard signature.count == modulusBytes else { return false }
      return key.isValidSignature(.init(rawRepresentation: signature), for: digest, padding: padding)
    case .p256(let key):
      guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
      return key.isValidSignature(signature, for: digest)
    case .p384(let key):
      guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
      return key.isValidSignature(signature, for: digest)
    case .p521(let key):
      guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
      return key.isValidSignature(signature, for: digest)
    case .ed25519, .secret: return false
    }
  }

  private var padding: _RSA.Signing.Padding {
    switch algorithm {
    case .ps256, .ps384, .ps512: .PSS
    default: .insecurePKCS1v1_5
    }
  }

  private func verifiesEdDSA(_ signature: [UInt8], _ input: UnsafeRawBufferPointer) -> Bool {
    guard case .ed25519(let key) = material else { return false }
    return key.isValidSignature(signature, for: input)
  }

  private func verifiesCode<H: HashFunction>(
    _ code: [UInt8], _ input: UnsafeRawBufferPointer, _: H.Type
  ) -> Bool {
    guard case .secret(let key) = material else { return false }
    return HMAC<H>.isValidAuthenticationCode(code, authenticating: input, using: key)
  }
}

extension HashFunction {
  fileprivate static func hash(bufferPointer: UnsafeRawBufferPointer) -> Digest {
    var hasher = Self()
    hasher.update(bufferPointer: bufferPointer)
    return hasher.finalize()
  }
}
