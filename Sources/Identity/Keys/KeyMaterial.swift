import Crypto
import CryptoExtras
import FoundationEssentials

/// The numbers of a public key as JWK or PEM gave them, and the checks both must pass.
enum KeyMaterial {
  case rsa(modulus: [UInt8], exponent: [UInt8])
  /// Big-endian coordinates, each exactly as long as the field.
  case ellipticCurve(Curve, x: [UInt8], y: [UInt8])
  case ed25519([UInt8])
  case secret([UInt8])

  enum Curve: String {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"

    var coordinateBytes: Int {
      switch self {
      case .p256: 32
      case .p384: 48
      case .p521: 66
      }
    }

    var algorithm: SignatureAlgorithm {
      switch self {
      case .p256: .es256
      case .p384: .es384
      case .p521: .es512
      }
    }
  }

  /// RFC 7518 §3.3.
  static let modulusBitsMin = 2048
  /// Verifying costs the square of the length; 8192 bits is 16 times 2048.
  static let modulusBitsMax = 8192

  /// The algorithm the key is pinned to when its source names none.
  var defaultAlgorithm: SignatureAlgorithm {
    switch self {
    case .rsa: .rs256
    case .ellipticCurve(let curve, _, _): curve.algorithm
    case .ed25519: .eddsa
    case .secret: .hs256
    }
  }

  func allows(_ algorithm: SignatureAlgorithm) -> Bool {
    switch self {
    case .rsa: algorithm.isRSA
    case .secret: algorithm.isSymmetric
    case .ellipticCurve, .ed25519: algorithm == defaultAlgorithm
    }
  }

  /// The key, ready to verify with `algorithm`; throws why it may not be used.
  func key(id: String?, algorithm: SignatureAlgorithm) throws(UnusableKey) -> VerificationKey {
    guard allows(algorithm) else { throw UnusableKey("alg \(algorithm.rawValue) does not fit the key type") }
    let material = try material(for: algorithm)
    let thumbprint = thumbprint
    return VerificationKey(id: id ?? thumbprint, algorithm: algorithm, thumbprint: thumbprint, material: material)
  }

  private func material(for algorithm: SignatureAlgorithm) throws(UnusableKey) -> VerificationKey.Material {
    switch self {
    case .rsa(let modulus, let exponent): return try rsaMaterial(modulus, exponent)
    case .ellipticCurve(let curve, let x, let y):
      let point = [0x04] + x + y
      let material: VerificationKey.Material? =
        switch curve {
        case .p256: (try? P256.Signing.PublicKey(x963Representation: point)).map { .p256($0) }
        case .p384: (try? P384.Signing.PublicKey(x963Representation: point)).map { .p384($0) }
        case .p521: (try? P521.Signing.PublicKey(x963Representation: point)).map { .p521($0) }
        }
      guard let material else { throw UnusableKey("the point is not on \(curve.rawValue)") }
      return material
    case .ed25519(let bytes):
      guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
        throw UnusableKey("an Ed25519 key is 32 bytes, this one \(bytes.count)")
      }
      return .ed25519(key)
    case .secret(let bytes):
      guard bytes.count >= algorithm.secretBytesMin else {
        throw UnusableKey("\(algorithm.rawValue) needs a secret of at least \(algorithm.secretBytesMin) bytes")
      }
      return .secret(SymmetricKey(data: bytes))
    }
  }

  private func rsaMaterial(_ modulus: [UInt8], _ exponent: [UInt8]) throws(UnusableKey) -> VerificationKey.Material {
    let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
    guard bits >= Self.modulusBitsMin else { throw UnusableKey("RSA needs 2048 bits or more, this key has \(bits)") }
    guard bits <= Self.modulusBitsMax else {
      throw UnusableKey("RSA keys stop at 8192 bits here, this one has \(bits)")
    }
    guard exponent.count <= 4, let last = exponent.last, last & 1 == 1, exponent != [1] else {
      throw UnusableKey("the RSA exponent must be odd, above 2 and below 2^32")
    }
    guard let low = modulus.last, low & 1 == 1 else { throw UnusableKey("the RSA modulus is even") }
    guard !RSAFingerprint.isROCA(modulus) else {
      throw UnusableKey("the RSA modulus has the fingerprint of CVE-2017-15361 (ROCA): its private key can be computed")
    }
    guard let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) else {
      throw UnusableKey("the RSA numbers do not form a public key")
    }
    return .rsa(key, modulusBytes: modulus.count)
  }

  /// RFC 7638: SHA-256 over the required members in lexical order, base64url.
  private var thumbprint: String {
    let json =
      switch self {
      case .rsa(let modulus, let exponent):
        #"{"e":"\#(Base64URL.encode(exponent))","kty":"RSA","n":"\#(Base64URL.encode(modulus))"}"#
      case .ellipticCurve(let curve, let x, let y):
        #"{"crv":"\#(curve.rawValue)","kty":"EC","x":"\#(Base64URL.encode(x))","y":"\#(Base64URL.encode(y))"}"#
      case .ed25519(let bytes): #"{"crv":"Ed25519","kty":"OKP","x":"\#(Base64URL.encode(bytes))"}"#
      case .secret(let bytes): #"{"k":"\#(Base64URL.encode(bytes))","kty":"oct"}"#
      }
    return Base64URL.encode(Array(SHA256.hash(data: Array(json.utf8))))
  }
}

/// Why one key of a set is left out, in words for an operator.
struct UnusableKey: Error {
  let reason: String

  init(_ reason: String) {
    self.reason = reason
  }
}
