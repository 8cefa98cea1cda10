/// Cuts a query into tokens, one at a time, skipping space and `# comments`.
///
/// What a character means depends on what is open: inside braces every word is a label name, inside brackets a colon
/// separates range and step instead of starting a metric name.
struct Lexer {
  let input: [UInt8]
  private(set) var position = 0
  private var isInsideBraces = false
  private var isInsideBrackets = false

  init(_ input: [UInt8]) {
    self.input = input
  }

  /// The next token; `.end` again and again once the input is used up.
  mutating func next() throws(ParseError) -> Token {
    skipSpaceAndComments()
    guard let byte = peek() else {
      if isInsideBraces { throw error("unexpected end of input inside braces", at: position..<position) }
      if isInsideBrackets { throw error("unclosed left bracket", at: position..<position) }
      return Token(kind: .end, range: position..<position)
    }
    if LabelName.isLetter(byte) || (byte == UInt8(ascii: ":") && !isInsideBraces && !isInsideBrackets) { return word() }
    if LabelName.isDigit(byte) || (byte == UInt8(ascii: ".") && peek(1).map(LabelName.isDigit) == true) {
      return try numberOrDuration()
    }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quotedString(byte)
    case UInt8(ascii: "`"): return try rawString()
    default: return try symbol(byte)
    }
  }

  func peek(_ distance: Int = 0) -> UInt8? {
    position + distance < input.count ? input[position + distance] : nil
  }

  mutating func advance(_ count: Int = 1) {
    position += count
  }

  mutating func advance(while isIncluded: (UInt8) -> Bool) {
    while let byte = peek(), isIncluded(byte) { position += 1 }
  }

  func error(_ message: String, at range: Range<Int>) -> ParseError {
    ParseError(message, at: range.lowerBound, in: input)
  }

  /// The character at `offset`, quoted, for a message.
  func character(at offset: Int) -> String {
    guard offset < input.count else { return "end of input" }
    return Quoted.text(String(String(decoding: input[offset...].prefix(4), as: UTF8.self).unicodeScalars.prefix(1)))
  }

  private mutating func skipSpaceAndComments() {
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): advance()
      case UInt8(ascii: "#"): advance { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
      default: return
      }
    }
  }

  private mutating func word() -> Token {
    let start = position
    let allowsColon = !isInsideBraces && !isInsideBrackets
    advance { LabelName.isLetter($0) || LabelName.isDigit($0) || (allowsColon && $0 == UInt8(ascii: ":")) }
    let range = start..<position
    if isInsideBraces { return Token(kind: .identifier, range: range) }
    let word = String(decoding: input[range], as: UTF8.self).lowercased()
    if word == "inf" || word == "nan" { return Token(kind: .number, range: range) }
    if let keyword = Token.Keyword(rawValue: word) { return Token(kind: .keyword(keyword), range: range) }
    return Token(kind: input[range].contains(UInt8(ascii: ":")) ? .metricIdentifier : .identifier, range: range)
  }

  private mutating func symbol(_ byte: UInt8) throws(ParseError) -> Token {
    let start = position
    let pair = String(decoding: input[start...].prefix(2), as: UTF8.self)
    let isMatcher = pair == "=~" || pair == "!~"
    if isMatcher, !isInsideBraces {
      throw error("unexpected character after \(character(at: start)): \"~\"", at: start..<start + 1)
    }
    let single = Unicode.Scalar(byte).isASCII ? String(Unicode.Scalar(byte)) : ""
    guard let symbol = Token.Symbol(rawValue: pair) ?? Token.Symbol(rawValue: single), isAllowed(symbol) else {
      let place = isInsideBraces ? " inside braces" : ""
      throw error("unexpected character\(place): \(character(at: start))", at: start..<start + 1)
    }
    advance(symbol.rawValue.utf8.count)
    try open(symbol, at: start)
    return Token(kind: .symbol(symbol), range: start..<position)
  }

  private func isAllowed(_ symbol: Token.Symbol) -> Bool {
    if isInsideBraces {
      switch symbol {
      case .comma, .assign, .notEqual, .matches, .doesNotMatch, .rightBrace: return true
      default: return false
      }
    }
    return symbol != .rightBrace
  }

  private mutating func open(_ symbol: Token.Symbol, at start: Int) throws(ParseError) {
    switch symbol {
    case .leftBrace: isInsideBraces = true
    case .rightBrace: isInsideBraces = false
    case .leftBracket:
      guard !isInsideBrackets else { throw error("unexpected left bracket", at: start..<position) }
      isInsideBrackets = true
    case .rightBracket:
      guard isInsideBrackets else { throw error("unexpected right bracket", at: start..<position) }
      isInsideBrackets = false
    default: break
    }
  }
}
