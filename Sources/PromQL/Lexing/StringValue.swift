/// The value of a string token: Go's rules for quoted and raw strings.
struct StringValue {
  private let input: [UInt8]
  private let quote: UInt8
  private let end: Int
  private var position: Int
  private var value: [UInt8] = []

  /// - Throws: an unknown or unfinished escape, or escapes that do not add up to UTF-8.
  static func read(_ range: Range<Int>, of input: [UInt8]) throws(ParseError) -> String {
    var reader = StringValue(input: input, range: range)
    if reader.quote == UInt8(ascii: "`") {
      return String(decoding: input[(range.lowerBound + 1)..<(range.upperBound - 1)], as: UTF8.self)
    }
    while reader.position < reader.end { try reader.readCharacter() }
    guard let text = String(validating: reader.value, as: UTF8.self) else {
      throw ParseError("string is not valid UTF-8", at: range.lowerBound, in: input)
    }
    return text
  }

  private init(input: [UInt8], range: Range<Int>) {
    self.input = input
    quote = input[range.lowerBound]
    position = range.lowerBound + 1
    end = range.upperBound - 1
  }

  private mutating func readCharacter() throws(ParseError) {
    let start = position
    let byte = input[position]
    position += 1
    guard byte == UInt8(ascii: "\\") else {
      value.append(byte)
      return
    }
    let escape = input[position]
    position += 1
    switch escape {
    case UInt8(ascii: "a"): value.append(0x07)
    case UInt8(ascii: "b"): value.append(0x08)
    case UInt8(ascii: "f"): value.append(0x0C)
    case UInt8(ascii: "n"): value.append(0x0A)
    case UInt8(ascii: "r"): value.append(0x0D)
    case UInt8(ascii: "t"): value.append(0x09)
    case UInt8(ascii: "v"): value.append(0x0B)
    case UInt8(ascii: "\\"), quote: value.append(escape)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      position -= 1
      let code = try digits(3, radix: 8, of: start)
      guard let byte = UInt8(exactly: code) else { throw invalidCodePoint(at: start) }
      value.append(byte)
    case UInt8(ascii: "x"): value.append(UInt8(truncatingIfNeeded: try digits(2, radix: 16, of: start)))
    case UInt8(ascii: "u"): try appendScalar(digits(4, radix: 16, of: start), at: start)
    case UInt8(ascii: "U"): try appendScalar(digits(8, radix: 16, of: start), at: start)
    default:
      let character = String(decoding: input[(position - 1)...].prefix(4), as: UTF8.self).unicodeScalars.prefix(1)
      throw ParseError("unknown escape sequence \(Quoted.text("\\" + String(character)))", at: start, in: input)
    }
  }

  private mutating func digits(_ count: Int, radix: Int, of start: Int) throws(ParseError) -> UInt32 {
    let digits = input[position..<min(position + count, end)]
    guard digits.count == count, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
      let code = UInt32(String(decoding: digits, as: UTF8.self), radix: radix)
    else { throw ParseError("illegal character in escape sequence", at: start, in: input) }
    position += count
    return code
  }

  private mutating func appendScalar(_ code: UInt32, at start: Int) throws(ParseError) {
    guard let scalar = Unicode.Scalar(code) else { throw invalidCodePoint(at: start) }
    value.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
  }

  private func invalidCodePoint(at start: Int) -> ParseError {
    ParseError("escape sequence is an invalid Unicode code point", at: start, in: input)
  }
}
