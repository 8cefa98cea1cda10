/// Reads one JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
enum JWK {
  /// Longest `kid` in bytes. It is echoed in logs and messages and held in the unknown-key memory.
  static let idBytesMax = 256

  /// Members that only a private key has. One of them in a published set means that a secret has leaked.
  private static let privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"]

  static func isPrivate(_ jwk: JSONValue) -> Bool {
    privateMembers.contains { jwk[$0] != nil }
  }

  static func isShared(_ jwk: JSONValue) -> Bool {
    jwk["kty"]?.string == "oct" || jwk["k"] != nil
  }

  /// The key, or why this one is to be skipped.
  static func key(_ jwk: JSONValue) throws(UnusableKey) -> VerificationKey {
    guard jwk.isObject else { throw UnusableKey("not an object") }
    if let use = jwk["use"], use.string != "sig" { throw UnusableKey("use is not sig") }
    if let operations = jwk["key_ops"] {
      guard operations.isArray, operations.elements.contains(where: { $0.string == "verify" }) else {
        throw UnusableKey("key_ops does not hold verify")
      }
    }
    let id = try identifier(jwk)
    let material = try material(jwk)
    var algorithm = material.defaultAlgorithm
    if let named = jwk["alg"] {
      guard let known = named.string.flatMap({ self.algorithm(named: $0, of: material) }) else {
        throw UnusableKey("alg \(excerpt(named.string ?? "of another type")) is not a signature algorithm we know")
      }
      algorithm = known
    }
    return try material.key(id: id, algorithm: algorithm)
  }

  /// The registered algorithm of this name. `ES521` on a P-521 key, a slip of RFC 7520's published key and of generators
  /// after it, is read as ES512: the curve has no other algorithm (RFC 7518 §3.4), so nothing can be confused with it.
  private static func algorithm(named name: String, of material: KeyMaterial) -> SignatureAlgorithm? {
    if case .ellipticCurve(.p521, _, _) = material, name == "ES521" { return .es512 }
    return SignatureAlgorithm(rawValue: name)
  }

  private static func identifier(_ jwk: JSONValue) throws(UnusableKey) -> String? {
    guard let kid = jwk["kid"] else { return nil }
    guard let id = kid.string, (1...idBytesMax).contains(id.utf8.count) else {
      throw UnusableKey("kid is not a string of 1 to \(idBytesMax) bytes")
    }
    return id
  }

  private static func material(_ jwk: JSONValue) throws(UnusableKey) -> KeyMaterial {
    switch jwk["kty"]?.string {
    case "RSA": return .rsa(modulus: try number(jwk, "n"), exponent: try number(jwk, "e"))
    case "EC":
      guard let curve = jwk["crv"]?.string.flatMap(KeyMaterial.Curve.init(rawValue:)) else {
        throw UnusableKey("crv is not one of P-256, P-384, P-521")
      }
      let (x, y) = (try bytes(jwk, "x"), try bytes(jwk, "y"))
      guard x.count == curve.coordinateBytes, y.count == curve.coordinateBytes else {
        throw UnusableKey("coordinates of \(curve.rawValue) have \(curve.coordinateBytes) bytes each")
      }
      return .ellipticCurve(curve, x: x, y: y)
    case "OKP":
      guard jwk["crv"]?.string == "Ed25519" else { throw UnusableKey("crv is not Ed25519") }
      return .ed25519(try bytes(jwk, "x"))
    case "oct": return .secret(try bytes(jwk, "k"))
    default: throw UnusableKey("kty is not one of RSA, EC, OKP")
    }
  }

  private static func bytes(_ jwk: JSONValue, _ member: String) throws(UnusableKey) -> [UInt8] {
    guard let text = jwk[member]?.string, let bytes = Base64URL.decode(text) else {
      throw UnusableKey("\(member) is missing or not base64url")
    }
    return bytes
  }

  /// A big-endian number without leading zeros. RFC 7518 §6.3.1.1 forbids them, but libraries that add the sign byte
  /// of a two's complement number are common and the number is the same.
  private static func number(_ jwk: JSONValue, _ member: String) throws(UnusableKey) -> [UInt8] {
    Array(try bytes(jwk, member).drop { $0 == 0 })
  }
}
