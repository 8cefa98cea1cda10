import ControlModel

@testable import Identity

/// The signature layer alone, with every algorithm and shared secrets allowed: what the published vectors test. No
/// policy, no claims.
enum JOSECore {
  static func payload(_ token: String, jwks: String) -> [UInt8]? {
    guard let keys = try? KeySet(jwks: jwks.bytes, .secretsAllowed) else { return nil }
    let bytes = token.bytes
    guard let jws = try? CompactJWS(bytes.span),
      let key = try? KeySnapshot(generation: 1, keys: keys, isComplete: true).key(for: jws.header),
      key.verifies(jws.signature, over: bytes.span.extracting(0..<jws.signedCount))
    else { return nil }
    return try? jws.payload(of: bytes.span)
  }

  /// A JWKS around one public key: private members left out, `alg` set if it is missing.
  static func jwks(publicPartOf key: JSONValue, algorithm: String? = nil) -> String {
    var members = key.members.filter { !["d", "p", "q", "dp", "dq", "qi"].contains($0.name) }
      .map { "\"\($0.name)\":\($0.value.json)" }
    if let algorithm, key["alg"] == nil { members.append("\"alg\":\"\(algorithm)\"") }
    return "{\"keys\":[{\(members.joined(separator: ","))}]}"
  }
}
