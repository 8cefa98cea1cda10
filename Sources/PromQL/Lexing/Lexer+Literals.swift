extension Lexer {
  /// `42`, `0x1f`, `1_000.5e-3`, `.5`, or a duration such as `1h30m`.
  mutating func numberOrDuration() throws(ParseError) -> Token {
    let start = position
    if let end = endOfDuration() {
      advance(end - position)
      return Token(kind: .duration, range: start..<position)
    }
    if peek() == UInt8(ascii: "0"), peek(1).map({ $0 | 0x20 }) == UInt8(ascii: "x") {
      advance(2)
      advance { Self.isWordByte($0) }
    } else {
      let isDigit: (UInt8) -> Bool = { LabelName.isDigit($0) || $0 == UInt8(ascii: "_") }
      advance(while: isDigit)
      if peek() == UInt8(ascii: ".") {
        advance()
        advance(while: isDigit)
      }
      if peek().map({ $0 | 0x20 }) == UInt8(ascii: "e") {
        advance()
        if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { advance() }
        advance(while: isDigit)
      }
    }
    if let byte = peek(), Self.isWordByte(byte) {
      advance { Self.isWordByte($0) }
      let source = String(decoding: input[start..<position], as: UTF8.self)
      throw error("bad number or duration syntax: \(Quoted.text(source))", at: start..<position)
    }
    return Token(kind: .number, range: start..<position)
  }

  /// The end of `[0-9]+unit([0-9]+unit)*` here, if that is what stands here and no word goes on after it.
  private func endOfDuration() -> Int? {
    var end = position
    repeat {
      let digits = input[end...].prefix(while: LabelName.isDigit)
      guard !digits.isEmpty else { return nil }
      end = digits.endIndex
      guard end < input.count, "smhdwy".utf8.contains(input[end]) else { return nil }
      let isMilliseconds = input[end] == UInt8(ascii: "m") && input[(end + 1)...].first == UInt8(ascii: "s")
      end += isMilliseconds ? 2 : 1
    } while end < input.count && LabelName.isDigit(input[end])
    return end < input.count && Self.isWordByte(input[end]) ? nil : end
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    LabelName.isLetter(byte) || LabelName.isDigit(byte)
  }

  /// A string with escapes, up to the same quote. Its escapes are checked when its value is read.
  mutating func quotedString(_ quote: UInt8) throws(ParseError) -> Token {
    let start = position
    advance()
    while let byte = peek(), byte != UInt8(ascii: "\n") {
      advance()
      if byte == quote { return Token(kind: .string, range: start..<position) }
      if byte == UInt8(ascii: "\\"), peek() != nil, peek() != UInt8(ascii: "\n") { advance() }
    }
    throw error("unterminated quoted string", at: start..<position)
  }

  /// A string between backquotes: everything stands for itself, line breaks too.
  mutating func rawString() throws(ParseError) -> Token {
    let start = position
    advance()
    advance { $0 != UInt8(ascii: "`") }
    guard peek() != nil else { throw error("unterminated raw string", at: start..<position) }
    advance()
    return Token(kind: .string, range: start..<position)
  }
}
