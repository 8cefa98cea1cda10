import ControlModel

/// A token taken apart: compact serialisation only (RFC 7515 §7.1), header read and obeyed, signature decoded, payload
/// still untouched text.
struct CompactJWS {
  let header: JOSEHeader
  let signature: [UInt8]
  private let payloadText: Range<Int>

  /// Refuses whatever cannot be a token we would verify, before any cryptography.
  init(_ token: Span<UInt8>) throws(Refusal) {
    guard token.count <= TokenPolicy.tokenBytesMax else {
      throw Refusal(.authMalformed, "The token is larger than \(TokenPolicy.tokenBytesMax) bytes.")
    }
    guard let (first, second) = Self.dots(token) else {
      throw Refusal(.authMalformed, "The token is not three base64url parts joined by dots.")
    }
    guard let headerBytes = Base64URL.decode(token.extracting(0..<first)) else {
      throw Refusal(.authMalformed, "The token's header is not base64url.")
    }
    header = try JOSEHeader(headerBytes)
    guard let signature = Base64URL.decode(token.extracting((second + 1)..<token.count)) else {
      throw Refusal(.authMalformed, "The token's signature is not base64url.")
    }
    self.signature = signature
    payloadText = (first + 1)..<second
  }

  /// The bytes the signature covers: everything before the second dot.
  var signedCount: Int { payloadText.upperBound }

  /// The payload of the token this was made from. To be read after the signature has been verified.
  func payload(of token: Span<UInt8>) throws(Refusal) -> [UInt8] {
    guard let payload = Base64URL.decode(token.extracting(payloadText)) else {
      throw Refusal(.authMalformed, "The token's payload is not base64url.")
    }
    return payload
  }

  /// The only two dots, both after at least one byte of header.
  private static func dots(_ token: Span<UInt8>) -> (Int, Int)? {
    var dots: (first: Int, second: Int) = (0, 0)
    for index in 0..<token.count where token[index] == UInt8(ascii: ".") {
      if dots.first == 0 {
        guard index > 0 else { return nil }
        dots.first = index
      } else if dots.second == 0 {
        dots.second = index
      } else {
        return nil
      }
    }
    return dots.second == 0 ? nil : dots
  }
}
