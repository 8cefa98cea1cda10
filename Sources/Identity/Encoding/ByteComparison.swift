/// Whether both hold the same bytes. Its time depends on the lengths alone, so a near miss tells an attacker nothing;
/// without an early exit the compiler can also vectorise the loop.
@inline(__always)
func areEqual(_ a: [UInt8], _ b: Span<UInt8>) -> Bool {
  guard a.count == b.count else { return false }
  return b.withUnsafeBufferPointer { b in
    a.withUnsafeBufferPointer { a in
      var difference: UInt8 = 0
      for index in 0..<a.count { difference |= a[index] ^ b[index] }
      return difference == 0
    }
  }
}

extension String {
  /// Byte equality. `==` on strings is canonical equivalence, under which U+212A KELVIN SIGN equals `K`: two names that
  /// RFC 7519 §2 (StringOrURI, "case-sensitive, no transformations") calls different.
  func isIdentical(to other: String) -> Bool {
    utf8.elementsEqual(other.utf8)
  }
}

/// An untrusted value as it may appear in a message to a person: at most 32 characters, everything but printable
/// ASCII (and the quoting characters) written as `\xHH`.
func excerpt(_ text: String) -> String {
  let shownMax = 32
  var shown: [UInt8] = []
  for byte in text.utf8.prefix(shownMax) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20, 0x7F...0xFF:
      let hex = String(byte, radix: 16, uppercase: true)
      shown += Array("\\x".utf8) + (hex.utf8.count == 1 ? [UInt8(ascii: "0")] : []) + Array(hex.utf8)
    default: shown.append(byte)
    }
  }
  return String(decoding: shown, as: UTF8.self) + (text.utf8.count > shownMax ? "..." : "")
}

extension Array where Element == UInt8 {
  init(copying bytes: Span<UInt8>) {
    self = bytes.withUnsafeBufferPointer { Array($0) }
  }
}
