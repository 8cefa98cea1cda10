import PromQL

/// Splits a template into its texts and its actions, and actions into tokens (text/template/parse/lex.go).
enum TemplateScanner {
  enum Piece: Equatable {
    case text(String)
    case action([Token])
  }

  struct Token: Equatable {
    enum Kind: Equatable {
      case identifier(String)
      /// `$name`; `$` alone has an empty name.
      case variable(String)
      /// `.name`
      case field(String)
      case dot
      case literal(TemplateValue)
      case pipe, open, close, comma, declare, assign
    }

    let kind: Kind
    /// Nothing stands between it and the token before: `$labels.tenant` is one operand, `$labels .tenant` are two.
    let isGlued: Bool
  }

  static func pieces(of text: String) throws(TemplateProblem) -> [Piece] {
    let scalars = Array(text.unicodeScalars)
    var pieces: [Piece] = []
    var position = 0
    var pending: [Unicode.Scalar] = []
    while position < scalars.count {
      guard scalars[position] == "{", position + 1 < scalars.count, scalars[position + 1] == "{" else {
        pending.append(scalars[position])
        position += 1
        continue
      }
      position += 2
      if trims(scalars, position) {
        position += 1
        while pending.last?.properties.isWhitespace == true { pending.removeLast() }
      }
      if !pending.isEmpty { pieces.append(.text(string(pending[...]))) }
      pending = []
      let (action, end, trimsAfter) = try Self.action(scalars, from: position)
      position = end
      if trimsAfter { while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 } }
      if let action { pieces.append(.action(try tokens(action))) }
    }
    if !pending.isEmpty { pieces.append(.text(string(pending[...]))) }
    return pieces
  }

  /// `-` and white space right after `{{`.
  private static func trims(_ scalars: [Unicode.Scalar], _ position: Int) -> Bool {
    position + 1 < scalars.count && scalars[position] == "-" && scalars[position + 1].properties.isWhitespace
  }

  /// What is between the braces (nil for a comment), where the text goes on, and whether its space is to be trimmed.
  private static func action(
    _ scalars: [Unicode.Scalar], from start: Int
  ) throws(TemplateProblem) -> (ArraySlice<Unicode.Scalar>?, Int, Bool) {
    var first = start
    while first < scalars.count, scalars[first].properties.isWhitespace { first += 1 }
    if scalars[first...].starts(with: "/*".unicodeScalars) {
      let from = first + 2
      guard let end = scalars.indices.first(where: { $0 >= from && scalars[$0...].starts(with: "*/".unicodeScalars) })
      else { throw TemplateProblem("unclosed comment") }
      let rest = scalars[(end + 2)...]
      if rest.starts(with: "}}".unicodeScalars) { return (nil, end + 4, false) }
      if rest.starts(with: " -}}".unicodeScalars) { return (nil, end + 6, true) }
      throw TemplateProblem("comment ends before closing delimiter")
    }
    var position = start
    var quote: Unicode.Scalar?
    while position < scalars.count {
      let scalar = scalars[position]
      switch quote {
      case nil where scalar == "}" && position + 1 < scalars.count && scalars[position + 1] == "}":
        let trims =
          position >= start + 2 && scalars[position - 1] == "-" && scalars[position - 2].properties.isWhitespace
        return (scalars[start..<(trims ? position - 1 : position)], position + 2, trims)
      case nil: if scalar == "\"" || scalar == "`" || scalar == "'" { quote = scalar }
      case "`": if scalar == "`" { quote = nil }
      case let open:
        if scalar == "\\" { position += 1 } else if scalar == open { quote = nil }
      }
      position += 1
    }
    throw TemplateProblem("unclosed action")
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }

  // MARK: Tokens

  private static func tokens(_ scalars: ArraySlice<Unicode.Scalar>) throws(TemplateProblem) -> [Token] {
    var rest = scalars
    var tokens: [Token] = []
    var isGlued = false
    while let next = rest.first {
      if next.properties.isWhitespace {
        rest.removeFirst()
        isGlued = false
        continue
      }
      tokens.append(Token(kind: try token(next, &rest), isGlued: isGlued))
      isGlued = true
    }
    return tokens
  }

  private static func token(
    _ next: Unicode.Scalar, _ rest: inout ArraySlice<Unicode.Scalar>
  ) throws(TemplateProblem) -> Token.Kind {
    switch next {
    case "|", "(", ")", ",", "=":
      rest.removeFirst()
      return next == "|" ? .pipe : next == "(" ? .open : next == ")" ? .close : next == "," ? .comma : .assign
    case ":":
      rest.removeFirst()
      guard rest.popFirst() == "=" else { throw TemplateProblem("expected :=") }
      return .declare
    case "\"": return .literal(.text(try quoted(&rest)))
    case "`":
      rest.removeFirst()
      guard let end = rest.firstIndex(of: "`") else { throw TemplateProblem("unterminated raw quoted string") }
      defer { rest = rest[(end + 1)...] }
      return .literal(.text(string(rest[..<end])))
    case "'": throw TemplateProblem("character constants are not supported; write a \"string\"")
    case "$":
      rest.removeFirst()
      return .variable(name(&rest))
    case "." where !(rest.dropFirst().first.map(isDigit) ?? false):
      rest.removeFirst()
      let field = name(&rest)
      return field.isEmpty ? .dot : .field(field)
    case _ where isDigit(next) || next == "+" || next == "-" || next == ".":
      return .literal(try number(&rest))
    default:
      let word = name(&rest)
      guard !word.isEmpty else { throw TemplateProblem("unexpected \"\(next)\" in action") }
      switch word {
      case "true", "false": return .literal(.flag(word == "true"))
      case "nil": return .literal(.null)
      default: return .identifier(word)
      }
    }
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static func name(_ rest: inout ArraySlice<Unicode.Scalar>) -> String {
    let name = rest.prefix { $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType == .decimal }
    rest = rest[name.endIndex...]
    return string(name)
  }

  /// An integer unless it has a point or an exponent, as Go types constants.
  private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws(TemplateProblem) -> TemplateValue {
    var end = rest.startIndex
    while end < rest.endIndex,
      isDigit(rest[end]) || "+-._xX".unicodeScalars.contains(rest[end])
        || rest[end].properties.isAlphabetic
    {
      end += 1
    }
    let text = string(rest[..<end])
    rest = rest[end...]
    if let integer = Int(text) { return .integer(integer) }
    guard let number = GoFloat.parse(text) else { throw TemplateProblem("bad number syntax: \"\(text)\"") }
    return .number(number)
  }

  private static func quoted(_ rest: inout ArraySlice<Unicode.Scalar>) throws(TemplateProblem) -> String {
    rest.removeFirst()
    var text = String.UnicodeScalarView()
    while let next = rest.popFirst() {
      if next == "\"" { return String(text) }
      if next == "\n" { break }
      guard next == "\\" else {
        text.append(next)
        continue
      }
      switch rest.popFirst() {
      case "n": text.append("\n")
      case "t": text.append("\t")
      case "r": text.append("\r")
      case "\\": text.append("\\")
      case "\"": text.append("\"")
      case let escaped: throw TemplateProblem("unknown escape \\\(escaped.map(String.init) ?? "")")
      }
    }
    throw TemplateProblem("unterminated quoted string")
  }
}
