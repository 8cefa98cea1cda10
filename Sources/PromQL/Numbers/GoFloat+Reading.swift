extension GoFloat {
  /// Reads what Go's `ParseFloat` reads: decimal and hexadecimal floats, underscores between digits, `Inf`,
  /// `Infinity` and `NaN` in any case with a sign. `nil` for anything else, and for a number too large to hold.
  public static func parse(_ text: some StringProtocol) -> Double? {
    let bytes = Array(text.utf8)
    if let word = specialWord(bytes) { return word }
    guard let plain = withoutUnderscores(bytes), isNumeral(plain) else { return nil }
    guard let value = Double(String(decoding: plain, as: UTF8.self)), value.isFinite else { return nil }
    return value
  }

  /// Reads a number of a query: an integer as Go's `ParseInt` with base 0 (`0x1f`, `017`, `1_000`), else a
  /// float.
  static func parseLiteral(_ text: some StringProtocol) -> Double? {
    let bytes = Array(text.utf8)
    guard let plain = withoutUnderscores(bytes) else { return nil }
    var digits = plain[...]
    var radix = 10
    if digits.count > 1, digits.first == UInt8(ascii: "0") {
      let isHexadecimal = digits[1] | 0x20 == UInt8(ascii: "x")
      (radix, digits) = isHexadecimal ? (16, digits.dropFirst(2)) : (8, digits)
    }
    if let first = digits.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-"),
      let integer = Int64(String(decoding: digits, as: UTF8.self), radix: radix)
    {
      return Double(integer)
    }
    return parse(text)
  }

  private static func specialWord(_ bytes: [UInt8]) -> Double? {
    let isNegative = bytes.first == UInt8(ascii: "-")
    let isSigned = isNegative || bytes.first == UInt8(ascii: "+")
    switch String(decoding: bytes.dropFirst(isSigned ? 1 : 0).map { $0 | 0x20 }, as: UTF8.self) {
    case "inf", "infinity": return isNegative ? -.infinity : .infinity
    case "nan": return isSigned ? nil : .nan
    default: return nil
    }
  }

  /// `nil` if an underscore stands anywhere but between digits or after a base prefix.
  private static func withoutUnderscores(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.contains(UInt8(ascii: "_")) else { return bytes }
    var previousIsDigit = false
    var hasPendingUnderscore = false
    for (index, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "_") {
        let followsPrefix = index == 2 && bytes[0] == UInt8(ascii: "0")
        guard previousIsDigit || followsPrefix else { return nil }
        (previousIsDigit, hasPendingUnderscore) = (false, true)
      } else {
        let isDigit = isHexDigit(byte)
        if hasPendingUnderscore, !isDigit { return nil }
        (previousIsDigit, hasPendingUnderscore) = (isDigit, false)
      }
    }
    return hasPendingUnderscore ? nil : bytes.filter { $0 != UInt8(ascii: "_") }
  }

  /// Keeps out what Swift's `Double` reads and Go does not, such as `nan(0x1)` or a hexadecimal without exponent.
  private static func isNumeral(_ bytes: [UInt8]) -> Bool {
    let isSigned = bytes.first == UInt8(ascii: "+") || bytes.first == UInt8(ascii: "-")
    let unsigned = bytes.dropFirst(isSigned ? 1 : 0)
    if unsigned.starts(with: "0x".utf8) || unsigned.starts(with: "0X".utf8) {
      let digits = unsigned.dropFirst(2)
      return digits.contains { $0 | 0x20 == UInt8(ascii: "p") }
        && digits.allSatisfy { isHexDigit($0) || ".pP+-".utf8.contains($0) }
    }
    return unsigned.allSatisfy { LabelName.isDigit($0) || ".eE+-".utf8.contains($0) }
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    LabelName.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
  }
}
