import PromQL

/// Reads the Go template syntax the rules use (text/template, without definitions and range).
struct TemplateParser {
  private let characters: [Character]
  private var position = 0
  private var depth = 0

  /// Nested conditionals and parentheses.
  private static let depthMax = 32

  init(_ text: String) {
    characters = Array(text)
  }

  mutating func parse() throws(TemplateProblem) -> [TemplateNode] {
    let (nodes, end) = try nodes()
    guard end == nil else { throw TemplateProblem("unexpected {{\(end ?? "")}}") }
    return nodes
  }

  /// Nodes up to the end of the text, or up to `{{ else }}` or `{{ end }}`, which is consumed and returned.
  private mutating func nodes() throws(TemplateProblem) -> ([TemplateNode], String?) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthMax else { throw TemplateProblem("nested deeper than \(Self.depthMax)") }
    var nodes: [TemplateNode] = []
    var text = ""
    while position < characters.count {
      guard startsAction else {
        text.append(characters[position])
        position += 1
        continue
      }
      position += 2
      if peek == "-", position + 1 < characters.count, characters[position + 1].isWhitespace {
        position += 1
        while text.last?.isWhitespace == true { text.removeLast() }
      }
      if !text.isEmpty { nodes.append(.text(text)) }
      text = ""
      skipSpace()
      switch word() {
      case "end":
        try endAction()
        return (nodes, "end")
      case "else":
        try endAction()
        return (nodes, "else")
      case "if":
        take(word: "if")
        nodes.append(try conditional())
      case "define", "template", "range", "with", "block":
        throw TemplateProblem("{{\(word())}} is not supported")
      default:
        let commands = try pipeline(until: "}")
        try endAction()
        nodes.append(.pipeline(commands))
      }
    }
    if !text.isEmpty { nodes.append(.text(text)) }
    return (nodes, nil)
  }

  private mutating func conditional() throws(TemplateProblem) -> TemplateNode {
    let condition = try pipeline(until: "}")
    try endAction()
    let (then, end) = try nodes()
    guard end == "else" else {
      guard end == "end" else { throw TemplateProblem("{{if}} without {{end}}") }
      return .conditional(condition, then: then, otherwise: [])
    }
    let (otherwise, last) = try nodes()
    guard last == "end" else { throw TemplateProblem("{{else}} without {{end}}") }
    return .conditional(condition, then: then, otherwise: otherwise)
  }

  // MARK: Actions

  private mutating func pipeline(until close: Character) throws(TemplateProblem) -> [TemplateCommand] {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthMax else { throw TemplateProblem("nested deeper than \(Self.depthMax)") }
    var commands = [TemplateCommand(operands: [])]
    while true {
      skipSpace()
      guard let next = peek else { throw TemplateProblem("an action is not closed") }
      if next == close || (close == "}" && next == "-" && isTrimmedEnd) { break }
      if next == "|" {
        position += 1
        commands.append(TemplateCommand(operands: []))
      } else {
        commands[commands.count - 1].operands.append(try operand())
      }
    }
    guard commands.allSatisfy({ !$0.operands.isEmpty }) else { throw TemplateProblem("an empty command") }
    return commands
  }

  private mutating func operand() throws(TemplateProblem) -> TemplateOperand {
    switch peek {
    case "\"": return .text(try quoted())
    case "`": return .text(try raw())
    case "(":
      position += 1
      let commands = try pipeline(until: ")")
      position += 1
      return .group(commands)
    case "$": return try variable()
    case ".":
      throw TemplateProblem("use $labels and $value; a bare . is not supported")
    default:
      let name = word()
      guard !name.isEmpty else { throw TemplateProblem("unexpected \"\(peek.map(String.init) ?? "")\"") }
      take(word: name)
      if let number = GoFloat.parse(name) { return .number(number) }
      if name == "true" || name == "false" { return .flag(name == "true") }
      guard let function = TemplateFunction(rawValue: name) else {
        throw TemplateProblem("function \"\(name)\" is not defined")
      }
      return .function(function)
    }
  }

  private mutating func variable() throws(TemplateProblem) -> TemplateOperand {
    position += 1
    let name = word()
    take(word: name)
    if name == "value" { return .value }
    if name == "labels" { return .labels }
    if name.hasPrefix("labels.") { return .label(String(name.dropFirst(7))) }
    throw TemplateProblem("undefined variable \"$\(name)\"")
  }

  private mutating func quoted() throws(TemplateProblem) -> String {
    position += 1
    var text = ""
    while let next = peek, next != "\"" {
      position += 1
      guard next == "\\" else {
        text.append(next)
        continue
      }
      guard let escaped = peek else { break }
      position += 1
      switch escaped {
      case "n": text.append("\n")
      case "t": text.append("\t")
      case "\\", "\"": text.append(escaped)
      default: throw TemplateProblem("unknown escape \\\(escaped)")
      }
    }
    guard peek == "\"" else { throw TemplateProblem("unterminated quoted string") }
    position += 1
    return text
  }

  private mutating func raw() throws(TemplateProblem) -> String {
    position += 1
    var text = ""
    while let next = peek, next != "`" {
      text.append(next)
      position += 1
    }
    guard peek == "`" else { throw TemplateProblem("unterminated raw string") }
    position += 1
    return text
  }

  private mutating func endAction() throws(TemplateProblem) {
    for name in ["end", "else"] where word() == name { take(word: name) }
    skipSpace()
    let isTrimmed = peek == "-" && isTrimmedEnd
    if isTrimmed { position += 1 }
    guard position + 1 < characters.count, characters[position] == "}", characters[position + 1] == "}" else {
      throw TemplateProblem("an action is not closed with }}")
    }
    position += 2
    if isTrimmed { skipSpace() }
  }

  // MARK: Characters

  private var peek: Character? { position < characters.count ? characters[position] : nil }
  private var startsAction: Bool {
    position + 1 < characters.count && characters[position] == "{" && characters[position + 1] == "{"
  }
  private var isTrimmedEnd: Bool {
    position + 2 < characters.count && characters[position + 1] == "}" && characters[position + 2] == "}"
  }

  private mutating func skipSpace() {
    while let next = peek, next.isWhitespace { position += 1 }
  }

  private func word() -> String {
    var end = position
    while end < characters.count,
      characters[end].isLetter || characters[end].isNumber || "_.+".contains(characters[end])
        || (characters[end] == "-" && end == position)
    {
      end += 1
    }
    return String(characters[position..<end])
  }

  private mutating func take(word: String) { position += word.count }
}
