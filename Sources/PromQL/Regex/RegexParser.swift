/// Reads RE2 syntax: what Go's `regexp` accepts, except Unicode classes (`\p{…}`).
///
/// A dot matches a newline, as in the matchers of Prometheus 3.x.
struct RegexParser {
  let pattern: [Unicode.Scalar]
  var position = 0
  private(set) var flags = Flags()
  private var depth = 0
  /// Names of capturing groups, by index; group 0 is the whole match.
  private(set) var captureNames: [String?] = [nil]

  /// Deepest nesting of groups; parsing and compiling recurse once per level.
  static let depthMax = 100
  /// Most capturing groups: every thread of a match carries two positions for each.
  static let capturesMax = 100
  /// Largest count in `{n,m}`, as in RE2.
  static let repetitionMax = 1000

  struct Flags {
    var foldsCase = false
    var isMultiline = false
    var dotMatchesNewline = true
    var isUngreedy = false
  }

  init(_ pattern: String) {
    self.pattern = Array(pattern.unicodeScalars)
  }

  mutating func parse() throws(RegexError) -> RegexNode {
    let node = try alternation()
    guard position == pattern.count else { throw malformed("unexpected )", from: 0) }
    return node
  }

  var current: Unicode.Scalar? { position < pattern.count ? pattern[position] : nil }

  mutating func consumes(_ text: String) -> Bool {
    var end = position
    for scalar in text.unicodeScalars {
      guard end < pattern.count, pattern[end] == scalar else { return false }
      end += 1
    }
    position = end
    return true
  }

  func malformed(_ problem: String, from start: Int) -> RegexError {
    .malformed(problem, part: part(from: start))
  }

  func part(from start: Int) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: pattern[start..<min(pattern.count, max(position, start + 1))].prefix(64))
    return String(text)
  }

  private mutating func alternation() throws(RegexError) -> RegexNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthMax else { throw .tooLarge }
    var alternatives = [try concatenation()]
    while consumes("|") { alternatives.append(try concatenation()) }
    return .choice(alternatives)
  }

  private mutating func concatenation() throws(RegexError) -> RegexNode {
    var parts: [RegexNode] = []
    while let scalar = current, scalar != "|", scalar != ")" {
      let start = position
      if consumes("\\Q") {
        parts.append(contentsOf: quotedLiterals())
        // An operator after the quoted text repeats its last character.
        if let last = parts.popLast() { parts.append(try repeated(last)) }
        continue
      }
      if let atom = try atom() {
        parts.append(try repeated(atom))
      } else if try repetitionOperator() != nil {
        throw malformed("missing argument to repetition operator", from: start)
      }
    }
    return .sequence(parts)
  }

  private mutating func quotedLiterals() -> [RegexNode] {
    var literals: [RegexNode] = []
    while position < pattern.count, !consumes("\\E") {
      literals.append(.scalar(pattern[position].value, foldsCase: flags.foldsCase))
      position += 1
    }
    return literals
  }

  /// What an operator can repeat; `nil` after a group that only sets flags.
  private mutating func atom() throws(RegexError) -> RegexNode? {
    let start = position
    let scalar = pattern[position]
    position += 1
    switch scalar {
    case "(": return try group(from: start)
    case "[": return .set(try characterClass(from: start))
    case ".": return .set(flags.dotMatchesNewline ? .all : ScalarSet.newline.inverted)
    case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
    case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
    case "*", "+", "?": throw malformed("missing argument to repetition operator", from: start)
    case "\\": return try escape(from: start)
    case "{":
      position = start
      if try repetitionOperator() != nil { throw malformed("missing argument to repetition operator", from: start) }
      position = start + 1
      return .scalar(scalar.value, foldsCase: flags.foldsCase)
    default: return .scalar(scalar.value, foldsCase: flags.foldsCase)
    }
  }

  private mutating func repeated(_ atom: RegexNode) throws(RegexError) -> RegexNode {
    let operatorStart = position
    guard let (least, most) = try repetitionOperator() else { return atom }
    let isLazy = consumes("?") != flags.isUngreedy
    let next = position
    if try repetitionOperator() != nil {
      throw malformed("invalid nested repetition operator", from: operatorStart)
    }
    position = next
    return .repeating(atom, min: least, max: most, isLazy: isLazy)
  }

  /// `*`, `+`, `?` or `{n,m}`. Braces that hold anything else stand for themselves.
  private mutating func repetitionOperator() throws(RegexError) -> (Int, Int?)? {
    if consumes("*") { return (0, nil) }
    if consumes("+") { return (1, nil) }
    if consumes("?") { return (0, 1) }
    let start = position
    guard consumes("{"), let least = number() else {
      position = start
      return nil
    }
    var most: Int? = least
    if consumes(",") { most = number() }
    let isUnbounded = position > 0 && pattern[position - 1] == ","
    guard consumes("}") else {
      position = start
      return nil
    }
    guard least <= Self.repetitionMax, isUnbounded || (most ?? 0) <= Self.repetitionMax,
      most.map({ least <= $0 }) != false
    else { throw malformed("invalid repeat count", from: start) }
    return (least, isUnbounded ? nil : most)
  }

  /// A decimal number without leading zeros, cut off above any count that is allowed.
  private mutating func number() -> Int? {
    let digits = pattern[position...].prefix { ("0"..."9").contains($0) }
    guard !digits.isEmpty, digits.count == 1 || digits.first != "0" else { return nil }
    position += digits.count
    return digits.reduce(0) { min($0 * 10 + Int($1.value - 0x30), Self.repetitionMax + 1) }
  }

  private mutating func group(from start: Int) throws(RegexError) -> RegexNode? {
    let outer = flags
    var index: Int?
    if consumes("?") {
      if consumes("P<") || (current == "<" && !isLookbehind && consumes("<")) {
        index = try openCapture(named: try groupName(from: start))
      } else if try setsFlags(from: start) {
        return nil
      }
    } else {
      index = try openCapture(named: nil)
    }
    let inner = try alternation()
    guard consumes(")") else { throw malformed("missing closing )", from: start) }
    flags = outer
    return index.map { .capture(inner, index: $0) } ?? inner
  }

  private var isLookbehind: Bool {
    position + 1 < pattern.count && (pattern[position + 1] == "=" || pattern[position + 1] == "!")
  }

  private mutating func openCapture(named name: String?) throws(RegexError) -> Int {
    guard captureNames.count <= Self.capturesMax else { throw .tooLarge }
    if let name, captureNames.contains(name) { throw .malformed("duplicate capture group name", part: name) }
    captureNames.append(name)
    return captureNames.count - 1
  }

  private mutating func groupName(from start: Int) throws(RegexError) -> String {
    let name = pattern[position...].prefix { LabelName.isWordScalar($0) }
    position += name.count
    guard !name.isEmpty, consumes(">") else { throw malformed("invalid named capture", from: start) }
    return String(String.UnicodeScalarView(name))
  }

  /// `(?i)` or the start of `(?i:`. Returns whether the group ends here.
  private mutating func setsFlags(from start: Int) throws(RegexError) -> Bool {
    var isSet = true
    var hasFlag = false
    while let scalar = current {
      position += 1
      switch scalar {
      case "i": flags.foldsCase = isSet
      case "m": flags.isMultiline = isSet
      case "s": flags.dotMatchesNewline = isSet
      case "U": flags.isUngreedy = isSet
      case "-" where isSet:
        (isSet, hasFlag) = (false, false)
        continue
      case ":", ")":
        if !isSet, !hasFlag { throw malformed("invalid or unsupported Perl syntax", from: start) }
        return scalar == ")"
      case "=", "!", "<": throw .unsupported("lookahead and lookbehind", part: part(from: start))
      default: throw malformed("invalid or unsupported Perl syntax", from: start)
      }
      hasFlag = true
    }
    throw malformed("missing closing )", from: start)
  }
}
