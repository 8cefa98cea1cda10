/// A JWS signature algorithm (RFC 7518 §3, RFC 8037). `none` is not one.
package enum SignatureAlgorithm: String, CaseIterable, Sendable {
  case rs256 = "RS256"
  case rs384 = "RS384"
  case rs512 = "RS512"
  case ps256 = "PS256"
  case ps384 = "PS384"
  case ps512 = "PS512"
  case es256 = "ES256"
  case es384 = "ES384"
  case es512 = "ES512"
  /// Ed25519 only; Ed448 keys are skipped.
  case eddsa = "EdDSA"
  case hs256 = "HS256"
  case hs384 = "HS384"
  case hs512 = "HS512"

  /// What the gateway accepts unless configured otherwise. HMAC is absent: whoever verifies could also sign.
  package static let gatewayDefaults: Set<SignatureAlgorithm> = [.rs256, .es256, .eddsa]

  var isSymmetric: Bool {
    switch self {
    case .hs256, .hs384, .hs512: true
    default: false
    }
  }

  var isRSA: Bool {
    switch self {
    case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: true
    default: false
    }
  }

  /// Smallest HMAC key in bytes (RFC 7518 §3.2: at least the size of the hash); zero for other algorithms.
  var secretBytesMin: Int {
    switch self {
    case .hs256: 32
    case .hs384: 48
    case .hs512: 64
    default: 0
    }
  }
}
