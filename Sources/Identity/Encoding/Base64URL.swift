/// Base64url as JWS uses it (RFC 7515 §2, RFC 4648 §5): no padding, no white space, and unused low bits of the last
/// character are zero, so that one byte string has exactly one text.
///
/// Lenient decoders let the same signature travel in several spellings, which defeats anything keyed on token text.
package enum Base64URL {
  /// `nil` if `text` is not the canonical encoding of some bytes. Empty text is the encoding of no bytes.
  package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
    let tail = text.count % 4
    guard tail != 1 else { return nil }
    let whole = text.count - tail
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3 + 2)
    let table = reverseAlphabet
    var index = 0
    while index < whole {
      let a = table[Int(text[index])]
      let b = table[Int(text[index + 1])]
      let c = table[Int(text[index + 2])]
      let d = table[Int(text[index + 3])]
      guard (a | b | c | d) < 64 else { return nil }
      bytes.append(a << 2 | b >> 4)
      bytes.append(b << 4 | c >> 2)
      bytes.append(c << 6 | d)
      index += 4
    }
    guard tail > 0 else { return bytes }
    let a = table[Int(text[whole])]
    let b = table[Int(text[whole + 1])]
    guard (a | b) < 64 else { return nil }
    bytes.append(a << 2 | b >> 4)
    if tail == 2 { return b & 0x0F == 0 ? bytes : nil }
    let c = table[Int(text[whole + 2])]
    guard c < 64, c & 0x03 == 0 else { return nil }
    bytes.append(b << 4 | c >> 2)
    return bytes
  }

  /// See `decode(_:)` over bytes.
  package static func decode(_ text: String) -> [UInt8]? {
    decode(Array(text.utf8).span)
  }

  /// The canonical text of `bytes`.
  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var accumulator: UInt32 = 0
    var bits = 0
    for byte in bytes {
      accumulator = accumulator << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        text.append(alphabet[Int(accumulator >> UInt32(bits) & 63)])
      }
    }
    if bits > 0 { text.append(alphabet[Int(accumulator << UInt32(6 - bits) & 63)]) }
    return String(decoding: text, as: UTF8.self)
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// Value of each byte, or 0xFF, whose high bits survive the OR of a group.
  private static let reverseAlphabet: [UInt8] = {
    var table = [UInt8](repeating: 0xFF, count: 256)
    for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
    return table
  }()
}
