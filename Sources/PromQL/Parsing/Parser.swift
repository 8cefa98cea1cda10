/// Turns a query into an `Expression`: recursive descent with operator precedence, types checked as nodes are made.
struct Parser {
  let input: [UInt8]
  private var lexer: Lexer
  /// The next token, not yet consumed.
  private(set) var token: Token
  /// Where the last consumed token ended.
  private(set) var lastEnd = 0
  private var depth = 0
  /// Terms and signs of the duration being read.
  var durationTerms = 0
  /// Instructions the regular expressions so far compiled to.
  private var regexInstructions = 0

  /// Longest query in bytes: a dashboard that spells out a thousand pods of sixty bytes each needs half of it.
  static let inputBytesMax = 131_072

  /// Deepest nesting, and the height of the tree that chains of operators build. Parser, printer and evaluator recurse
  /// once per level; the tests run all three at this depth on a stack of 512 KiB (2 MiB unoptimised).
  static let depthMax = 128

  /// Most terms of one duration, nested or chained; reading it recurses once per term.
  static let durationTermsMax = 64

  /// Most names in a list, matchers in a selector and arguments of a call: each costs every series a comparison, and
  /// people write a handful.
  static let listMax = 256

  /// Most instructions of all regular expressions of a query together, some two megabytes: a few characters can stand
  /// for thousands.
  static let regexInstructionsMax = 8 * RegexProgram.instructionsMax

  /// A node under construction, with what the tree itself does not keep.
  struct Operand {
    var node: Node
    /// Where it stands in the input.
    var range: Range<Int>
    /// Levels of nodes, itself included.
    var height = 1
  }

  init(_ text: String) throws(ParseError) {
    input = Array(text.utf8)
    guard input.count <= Self.inputBytesMax else {
      throw ParseError("query is longer than \(Self.inputBytesMax) bytes", at: 0, in: [])
    }
    lexer = Lexer(input)
    token = try lexer.next()
  }

  mutating func parseAll() throws(ParseError) -> Operand {
    if token.kind == .end { throw error("no expression found in input", at: token.range) }
    let operand = try expression()
    guard token.kind == .end else { throw unexpected() }
    return operand
  }

  /// An expression whose operators all bind at least as tightly as `precedence`.
  mutating func expression(_ precedence: Int = 1) throws(ParseError) -> Operand {
    try enterLevel()
    defer { depth -= 1 }
    var left = try prefixed()
    while let operation = BinaryOperator(token), operation.precedence >= precedence {
      left = try binary(operation, left)
    }
    return left
  }

  /// `-x` binds like multiplication: `-a ^ b` is `-(a ^ b)`, `-a * b` is `(-a) * b`.
  private mutating func prefixed() throws(ParseError) -> Operand {
    let isPlus = token.kind == .symbol(.plus)
    guard isPlus || token.kind == .symbol(.minus) else { return try postfixed() }
    let start = try consume().range.lowerBound
    var operand = try expression(BinaryOperator.power.precedence)
    operand.range = start..<operand.range.upperBound
    if case .number(let number) = operand.node {
      operand.node = .number(NumberLiteral(value: isPlus ? number.value : -number.value))
      return operand
    }
    let type = operand.node.type
    guard type == .scalar || type == .vector else {
      throw error(
        "unary expression only allowed on expressions of type scalar or instant vector, got \"\(type.rawValue)\"",
        at: operand.range)
    }
    let node = Node.negation(Negation(node: operand.node, isPlus: isPlus, type: type))
    return try parent(node, of: [operand], range: operand.range)
  }

  private mutating func postfixed() throws(ParseError) -> Operand {
    var operand = try primary()
    while true {
      switch token.kind {
      case .symbol(.leftBracket): operand = try ranged(operand)
      case .symbol(.at): operand = try pinned(operand)
      case .keyword(.offset): operand = try shifted(operand)
      default: return operand
      }
    }
  }

  private mutating func primary() throws(ParseError) -> Operand {
    switch token.kind {
    case .number, .duration:
      let range = token.range
      return Operand(node: .number(NumberLiteral(value: try seconds())), range: range)
    case .string:
      let range = token.range
      return Operand(node: .string(StringLiteral(value: try string())), range: range)
    case .symbol(.leftParen): return try parenthesized()
    case .symbol(.leftBrace): return try selector(named: nil)
    case .metricIdentifier: return try selector(named: consume())
    case .identifier:
      let name = try consume()
      return token.kind == .symbol(.leftParen) ? try call(name) : try selector(named: name)
    case .keyword(let keyword):
      let name = try consume()
      if let operation = AggregationOperation(rawValue: keyword.rawValue), startsAggregation {
        return try aggregation(operation, name)
      }
      guard keyword.canNameMetric else { throw unexpected(name) }
      return try selector(named: name)
    default: throw unexpected()
    }
  }

  private var startsAggregation: Bool {
    switch token.kind {
    case .symbol(.leftParen), .keyword(.by), .keyword(.without): true
    default: false
    }
  }

  private mutating func parenthesized() throws(ParseError) -> Operand {
    let start = try consume().range.lowerBound
    let inner = try expression()
    try expect(.rightParen, "in parenthesized expression")
    let node = Node.parenthesized(Parenthesized(node: inner.node, type: inner.node.type))
    return try parent(node, of: [inner], range: start..<lastEnd)
  }

  // MARK: What the other files of the parser are built from

  /// Consumes the current token and returns it.
  @discardableResult
  mutating func consume() throws(ParseError) -> Token {
    let consumed = token
    lastEnd = consumed.range.upperBound
    token = try lexer.next()
    return consumed
  }

  /// Consumes the current token if it is `symbol`.
  mutating func consumes(_ symbol: Token.Symbol) throws(ParseError) -> Bool {
    guard token.kind == .symbol(symbol) else { return false }
    try consume()
    return true
  }

  mutating func expect(_ symbol: Token.Symbol, _ place: String) throws(ParseError) {
    guard try consumes(symbol) else { throw unexpected(place: place, expected: "\"\(symbol.rawValue)\"") }
  }

  func checkList(_ count: Int) throws(ParseError) {
    if count > Self.listMax { throw error("list has more than \(Self.listMax) items", at: token.range) }
  }

  /// Counts the instructions of a regular expression that stands at `range`.
  mutating func countRegex(_ instructions: Int, at range: Range<Int>) throws(ParseError) {
    regexInstructions += instructions
    guard regexInstructions <= Self.regexInstructionsMax else {
      throw error("regular expressions of the query are too large together", at: range)
    }
  }

  mutating func string() throws(ParseError) -> String {
    try StringValue.read(consume().range, of: input)
  }

  func text(_ token: Token) -> String {
    String(decoding: input[token.range], as: UTF8.self)
  }

  /// Counts a level of recursion. The caller ends it by lowering `depth`.
  private mutating func enterLevel() throws(ParseError) {
    depth += 1
    if depth > Self.depthMax { throw tooDeep(at: token.range) }
  }

  /// A node above `children`.
  func parent(_ node: Node, of children: [Operand], range: Range<Int>) throws(ParseError) -> Operand {
    let height = 1 + (children.map(\.height).max() ?? 0)
    guard height <= Self.depthMax else { throw tooDeep(at: range) }
    return Operand(node: node, range: range, height: height)
  }

  private func tooDeep(at range: Range<Int>) -> ParseError {
    error("expression is nested deeper than \(Self.depthMax) levels", at: range)
  }

  func error(_ message: String, at range: Range<Int>) -> ParseError {
    ParseError(message, at: range.lowerBound, in: input)
  }

  func unexpected(_ found: Token? = nil, place: String = "", expected: String? = nil) -> ParseError {
    let found = found ?? token
    var message = "unexpected \(describe(found))"
    if !place.isEmpty { message += " \(place)" }
    if let expected { message += ", expected \(expected)" }
    return error(message, at: found.range)
  }

  private func describe(_ token: Token) -> String {
    let shown = Quoted.text(String(text(token).prefix(32)))
    return switch token.kind {
    case .end: "end of input"
    case .identifier: "identifier \(shown)"
    case .metricIdentifier: "metric identifier \(shown)"
    case .keyword: "keyword \(shown)"
    case .number: "number \(shown)"
    case .duration: "duration \(shown)"
    case .string: "string \(shown)"
    case .symbol: shown
    }
  }
}
