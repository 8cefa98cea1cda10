import ControlModel

/// The header parameters we obey. `jwk`, `jku`, `x5u`, `x5c` and `x5t` are not among them: a token cannot bring its own
/// key or say where to get one.
struct JOSEHeader {
  let algorithm: SignatureAlgorithm
  let keyID: String?
  let type: String?

  init(_ bytes: [UInt8]) throws(Refusal) {
    let header: JSONValue
    do {
      header = try JSONDocument(bytes, .token).root
    } catch {
      throw Refusal(.authMalformed, "The token's header \(error).")
    }
    guard header.isObject else { throw Refusal(.authMalformed, "The token's header is not a JSON object.") }
    guard header["crit"] == nil else {
      throw Refusal(.authMalformed, "The token's header has `crit`, and we implement no critical extension.")
    }
    guard header["zip"] == nil else {
      throw Refusal(.authMalformed, "The token's header has `zip`, which signed tokens do not have.")
    }
    if let contentType = try header.optionalString("cty"), MediaType.areSame(contentType, "JWT") {
      throw Refusal(.authMalformed, "The token wraps another token; send the inner one.")
    }
    type = try header.optionalString("typ")
    keyID = try header.optionalString("kid")
    guard (1...JWK.idBytesMax).contains(keyID?.utf8.count ?? 1) else {
      throw Refusal(.authMalformed, "The token's `kid` is empty or longer than \(JWK.idBytesMax) bytes.")
    }
    guard let name = try header.optionalString("alg") else {
      throw Refusal(.authMalformed, "The token's header has no `alg`.")
    }
    guard let algorithm = SignatureAlgorithm(rawValue: name) else {
      throw Refusal(.authAlgorithm, "The token's algorithm \"\(excerpt(name))\" is not one we know.")
    }
    self.algorithm = algorithm
  }
}

/// Media types as `typ` and `cty` write them (RFC 7515 §4.1.9): ASCII case does not matter and `application/` may be
/// left out where no other slash follows.
enum MediaType {
  static func areSame(_ a: String, _ b: String) -> Bool {
    normalised(a) == normalised(b)
  }

  static func normalised(_ text: String) -> [UInt8] {
    let lower = text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    let prefix = Array("application/".utf8)
    guard lower.starts(with: prefix), !lower.dropFirst(prefix.count).contains(UInt8(ascii: "/")) else { return lower }
    return Array(lower.dropFirst(prefix.count))
  }
}

extension JSONValue {
  /// The member as text, `nil` if absent; refuses any other type, null included.
  fileprivate func optionalString(_ name: String) throws(Refusal) -> String? {
    guard let value = self[name] else { return nil }
    guard let string = value.string else {
      throw Refusal(.authMalformed, "The token's header has a `\(name)` that is not a string.")
    }
    return string
  }
}
