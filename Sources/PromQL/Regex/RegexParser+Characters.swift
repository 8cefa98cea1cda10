extension RegexParser {
  /// An escape outside a class, after its backslash.
  mutating func escape(from start: Int) throws(RegexError) -> RegexNode {
    guard let scalar = current else { throw malformed("trailing backslash at end of expression", from: start) }
    switch scalar {
    case "A": return assertion(.textStart)
    case "z": return assertion(.textEnd)
    case "b": return assertion(.wordBoundary)
    case "B": return assertion(.notWordBoundary)
    default:
      if let set = try perlClass(from: start) { return .set(set) }
      return .scalar(try escapedScalar(from: start), foldsCase: flags.foldsCase)
    }
  }

  private mutating func assertion(_ assertion: RegexAssertion) -> RegexNode {
    position += 1
    return .assertion(assertion)
  }

  /// `\d`, `\W` and the like, after the backslash; `nil` if something else stands there.
  private mutating func perlClass(from start: Int) throws(RegexError) -> ScalarSet? {
    let set: ScalarSet
    switch current {
    case "d": set = .digit
    case "D": set = ScalarSet.digit.inverted
    case "s": set = .space
    case "S": set = ScalarSet.space.inverted
    case "w": set = .word
    case "W": set = ScalarSet.word.inverted
    case "p", "P": throw .unsupported("Unicode classes", part: part(from: start))
    default: return nil
    }
    position += 1
    return set
  }

  /// The character an escape stands for, after the backslash.
  private mutating func escapedScalar(from start: Int) throws(RegexError) -> UInt32 {
    guard let scalar = current else { throw malformed("trailing backslash at end of expression", from: start) }
    position += 1
    switch scalar {
    case "a": return 0x07
    case "f": return 0x0C
    case "n": return 0x0A
    case "r": return 0x0D
    case "t": return 0x09
    case "v": return 0x0B
    case "x": return try hexadecimal(from: start)
    case "1"..."7":
      // RE2 reads an octal code if another octal digit follows, else it would be a backreference.
      guard let next = current, ("0"..."7").contains(next) else {
        throw .unsupported("backreferences", part: part(from: start))
      }
      position -= 1
      return octal()
    case "0":
      position -= 1
      return octal()
    default:
      guard scalar.isASCII, !LabelName.isWordScalar(scalar) else {
        throw malformed("invalid escape sequence", from: start)
      }
      return scalar.value
    }
  }

  private mutating func octal() -> UInt32 {
    let digits = pattern[position...].prefix(3).prefix { ("0"..."7").contains($0) }
    position += digits.count
    return digits.reduce(0) { $0 * 8 + ($1.value - 0x30) }
  }

  /// `\x7F` or `\x{10FFFF}`, after the `x`.
  private mutating func hexadecimal(from start: Int) throws(RegexError) -> UInt32 {
    let isBraced = consumes("{")
    let digits = pattern[position...].prefix(isBraced ? 8 : 2).prefix { $0.properties.isASCIIHexDigit }
    position += digits.count
    let code = digits.reduce(UInt32(0)) { code, digit in
      let value = digit.value
      return code &* 16 &+ (value <= 0x39 ? value - 0x30 : (value | 0x20) - 0x61 + 10)
    }
    let isComplete = isBraced ? !digits.isEmpty && consumes("}") : digits.count == 2
    guard isComplete, code <= ScalarSet.scalarMax else { throw malformed("invalid escape sequence", from: start) }
    return code
  }

  /// `[…]`, after the opening bracket.
  mutating func characterClass(from start: Int) throws(RegexError) -> ScalarSet {
    let isInverted = consumes("^")
    var ranges: [ClosedRange<UInt32>] = []
    repeat {
      guard current != nil else { throw malformed("missing closing ]", from: start) }
      ranges += try classItem(from: start)
    } while current != "]"
    position += 1
    var set = ScalarSet(ranges)
    set.foldsCase = flags.foldsCase
    return isInverted ? set.inverted : set
  }

  private mutating func classItem(from start: Int) throws(RegexError) -> [ClosedRange<UInt32>] {
    let itemStart = position
    if pattern[position...].starts(with: "[:".unicodeScalars), let named = try posixClass() {
      return named.flattened
    }
    if consumes("\\") {
      if let set = try perlClass(from: itemStart) { return set.flattened }
      position = itemStart
    }
    let low = try classScalar(from: start)
    guard current == "-", position + 1 < pattern.count, pattern[position + 1] != "]" else { return [low...low] }
    position += 1
    let high = try classScalar(from: start)
    guard low <= high else { throw malformed("invalid character class range", from: itemStart) }
    return [low...high]
  }

  private mutating func classScalar(from start: Int) throws(RegexError) -> UInt32 {
    guard let scalar = current else { throw malformed("missing closing ]", from: start) }
    position += 1
    return scalar == "\\" ? try escapedScalar(from: position - 1) : scalar.value
  }

  /// `[:alpha:]` or `[:^alpha:]`; `nil` if it is not closed, so that the bracket stands for itself.
  private mutating func posixClass() throws(RegexError) -> ScalarSet? {
    let start = position
    // No class has a name longer than eight letters; looking further would make reading a pattern quadratic.
    let rest = pattern[(position + 2)...].prefix(32)
    guard let end = zip(rest.indices, rest.indices.dropFirst()).first(where: { rest[$0] == ":" && rest[$1] == "]" })
    else { return nil }
    var name = String(String.UnicodeScalarView(rest[..<end.0]))
    let isInverted = name.hasPrefix("^")
    if isInverted { name.removeFirst() }
    position = end.1 + 1
    guard let set = ScalarSet.posix(name) else { throw malformed("invalid character class range", from: start) }
    return isInverted ? set.inverted : set
  }
}

extension LabelName {
  /// A letter, digit or underscore of ASCII.
  static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII && (isLetter(UInt8(scalar.value)) || isDigit(UInt8(scalar.value)))
  }
}
