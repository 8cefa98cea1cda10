/// Reads the pieces of a template into nodes (text/template/parse/parse.go).
struct TemplateParser {
  private var pieces: ArraySlice<TemplateScanner.Piece>
  private var depth = 0
  /// Variables in scope: an unknown one is a problem of the template, found when it is read.
  private var variables = ["", "labels", "externalLabels", "externalURL", "value"]

  /// Nested branches and parentheses.
  private static let depthMax = 32

  init(_ pieces: [TemplateScanner.Piece]) {
    self.pieces = pieces[...]
  }

  mutating func parse() throws(TemplateProblem) -> [TemplateNode] {
    let (nodes, end) = try nodes()
    guard end == nil else { throw TemplateProblem("unexpected {{\(end?.word ?? "")}}") }
    return nodes
  }

  /// What ends a list of nodes.
  private enum End {
    case end
    /// With the tokens that follow: none, or those of `{{ else if … }}`.
    case `else`(ArraySlice<TemplateScanner.Token>)

    var word: String {
      if case .end = self { "end" } else { "else" }
    }
  }

  private mutating func nodes() throws(TemplateProblem) -> ([TemplateNode], End?) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthMax else { throw TemplateProblem("nested deeper than \(Self.depthMax)") }
    var nodes: [TemplateNode] = []
    while let piece = pieces.popFirst() {
      guard case .action(let tokens) = piece else {
        if case .text(let text) = piece { nodes.append(.text(text)) }
        continue
      }
      guard case .identifier(let word)? = tokens.first?.kind else {
        nodes.append(.action(try whole(tokens[...])))
        continue
      }
      switch word {
      case "end":
        guard tokens.count == 1 else { throw TemplateProblem("unexpected words after end") }
        return (nodes, .end)
      case "else": return (nodes, .else(tokens.dropFirst()))
      case "if", "with", "range": nodes.append(try branch(tokens[...]))
      case "define", "template", "block", "break", "continue":
        throw TemplateProblem("{{\(word)}} is not supported")
      default: nodes.append(.action(try whole(tokens[...])))
      }
    }
    return (nodes, nil)
  }

  private mutating func branch(_ tokens: ArraySlice<TemplateScanner.Token>) throws(TemplateProblem) -> TemplateNode {
    guard case .identifier(let word)? = tokens.first?.kind, let kind = TemplateBranch.Kind(rawValue: word) else {
      throw TemplateProblem("expected if, with or range")
    }
    let outer = variables
    defer { variables = outer }
    let pipeline = try whole(tokens.dropFirst(), isRange: kind == .range)
    let (body, end) = try nodes()
    var otherwise: [TemplateNode] = []
    switch end {
    case .end: break
    case .else(let rest) where rest.isEmpty:
      let (nodes, last) = try nodes()
      guard case .end? = last else { throw TemplateProblem("{{else}} without {{end}}") }
      otherwise = nodes
    case .else(let rest):
      // `{{ else if }}` is a branch of its own that shares the one `{{ end }}`.
      guard kind != .range, rest.first?.kind == .identifier(kind.rawValue) else {
        throw TemplateProblem("unexpected words after else")
      }
      otherwise = [try branch(rest)]
    case nil: throw TemplateProblem("{{\(word)}} without {{end}}")
    }
    return .branch(TemplateBranch(kind: kind, pipeline: pipeline, body: body, otherwise: otherwise))
  }

  // MARK: Pipelines

  /// A pipeline that takes all of `tokens`.
  private mutating func whole(
    _ tokens: ArraySlice<TemplateScanner.Token>, isRange: Bool = false
  ) throws(TemplateProblem) -> TemplatePipeline {
    var rest = tokens
    let declared = try declaration(&rest, isRange: isRange)
    var pipeline = try self.pipeline(&rest)
    guard rest.isEmpty else { throw TemplateProblem("unexpected \")\"") }
    if let declared {
      pipeline.variables = declared.names
      pipeline.isAssignment = declared.isAssignment
      if !declared.isAssignment { variables += declared.names }
    }
    return pipeline
  }

  private func declaration(
    _ tokens: inout ArraySlice<TemplateScanner.Token>, isRange: Bool
  ) throws(TemplateProblem) -> (names: [String], isAssignment: Bool)? {
    var rest = tokens
    var names: [String] = []
    while case .variable(let name)? = rest.first?.kind, names.count < (isRange ? 2 : 1) {
      names.append(name)
      rest.removeFirst()
      if isRange, names.count == 1, rest.first?.kind == .comma { rest.removeFirst() } else { break }
    }
    guard !names.isEmpty, let kind = rest.first?.kind, kind == .declare || kind == .assign else { return nil }
    let isAssignment = kind == .assign
    if isAssignment, let name = names.first(where: { !variables.contains($0) }) {
      throw TemplateProblem("undefined variable \"$\(name)\"")
    }
    tokens = rest.dropFirst()
    return (names, isAssignment)
  }

  private mutating func pipeline(
    _ tokens: inout ArraySlice<TemplateScanner.Token>
  ) throws(TemplateProblem) -> TemplatePipeline {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthMax else { throw TemplateProblem("nested deeper than \(Self.depthMax)") }
    var commands: [[TemplateOperand]] = [[]]
    while let token = tokens.first, token.kind != .close {
      if token.kind == .pipe {
        tokens.removeFirst()
        commands.append([])
      } else {
        commands[commands.count - 1].append(try operand(&tokens))
      }
    }
    guard commands.allSatisfy({ !$0.isEmpty }) else { throw TemplateProblem("missing value for command") }
    for (position, command) in commands.enumerated() {
      if case .function = command[0] { continue }
      guard command.count == 1, position == 0 else { throw TemplateProblem("only a function takes arguments") }
    }
    return TemplatePipeline(commands: commands)
  }

  private mutating func operand(
    _ tokens: inout ArraySlice<TemplateScanner.Token>
  ) throws(TemplateProblem) -> TemplateOperand {
    guard let token = tokens.popFirst() else { throw TemplateProblem("unexpected end of action") }
    switch token.kind {
    case .literal(let value): return .literal(value)
    case .dot: return .dot([])
    case .field(let name): return .dot([name] + fields(&tokens))
    case .variable(let name):
      guard variables.contains(name) else { throw TemplateProblem("undefined variable \"$\(name)\"") }
      return .variable(name, fields(&tokens))
    case .identifier(let name):
      guard let function = TemplateFunction(rawValue: name) else {
        throw TemplateProblem("function \"\(name)\" is not defined")
      }
      return .function(function)
    case .open:
      let inner = try pipeline(&tokens)
      guard tokens.popFirst()?.kind == .close else { throw TemplateProblem("unclosed left paren") }
      return .group(inner, fields(&tokens))
    case .pipe, .close, .comma, .declare, .assign: throw TemplateProblem("unexpected punctuation in action")
    }
  }

  /// The `.name`s that follow without space.
  private func fields(_ tokens: inout ArraySlice<TemplateScanner.Token>) -> [String] {
    var fields: [String] = []
    while let token = tokens.first, token.isGlued, case .field(let name) = token.kind {
      fields.append(name)
      tokens.removeFirst()
    }
    return fields
  }
}
