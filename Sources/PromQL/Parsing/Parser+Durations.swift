extension Parser {
  /// The number the current token stands for; a duration counts in seconds.
  mutating func seconds() throws(ParseError) -> Double {
    let literal = try consume()
    if literal.kind == .duration {
      switch DurationText.parse(input[literal.range]) {
      case .success(let milliseconds): return Double(milliseconds) / 1000
      case .failure(let problem): throw error(problem.message, at: literal.range)
      }
    }
    guard let value = GoFloat.parseLiteral(text(literal)) else {
      throw error("error parsing number: \(Quoted.text(text(literal)))", at: literal.range)
    }
    return value
  }

  /// The range or step of a selector: arithmetic that must come to at least a millisecond.
  mutating func positiveDuration(place: String) throws(ParseError) -> QueryDuration {
    let start = token
    switch start.kind {
    case .symbol(.rightBracket), .symbol(.colon), .end:
      throw unexpected(place: place, expected: "number, duration, step(), or range()")
    default: break
    }
    durationTerms = 0
    let duration = try folded(durationArithmetic(), at: start.range)
    if case .fixed(let milliseconds) = duration, milliseconds <= 0 {
      throw error("duration must be greater than 0", at: start.range)
    }
    return duration
  }

  /// An offset: one term with an optional sign, or arithmetic in parentheses.
  mutating func offsetDuration() throws(ParseError) -> QueryDuration {
    let start = token.range
    durationTerms = 0
    let isMinus = token.kind == .symbol(.minus)
    if isMinus || token.kind == .symbol(.plus) { try consume() }
    let term = try durationTerm(place: "in offset")
    return try folded(isMinus ? .negated(term) : term, at: start)
  }

  private func folded(_ duration: QueryDuration, at range: Range<Int>) throws(ParseError) -> QueryDuration {
    guard duration.isConstant else { return duration }
    do {
      return .fixed(milliseconds: try duration.milliseconds(step: 0, range: 0))
    } catch let problem {
      throw error(problem.message, at: range)
    }
  }

  private mutating func durationArithmetic(_ precedence: Int = 1) throws(ParseError) -> QueryDuration {
    var left = try signedDuration()
    while case .symbol(let symbol) = token.kind, let operation = BinaryOperator(rawValue: symbol.rawValue),
      operation.precedence >= precedence, !operation.isComparison
    {
      try consume()
      let right = try durationArithmetic(operation == .power ? operation.precedence : operation.precedence + 1)
      left = .arithmetic(operation, left, right)
    }
    return left
  }

  /// A sign binds like multiplication, as it does outside brackets.
  private mutating func signedDuration() throws(ParseError) -> QueryDuration {
    let isMinus = token.kind == .symbol(.minus)
    guard isMinus || token.kind == .symbol(.plus) else { return try durationTerm(place: "in duration") }
    try countDurationTerm()
    try consume()
    let operand = try durationArithmetic(BinaryOperator.power.precedence)
    return isMinus ? .negated(operand) : operand
  }

  private mutating func durationTerm(place: String) throws(ParseError) -> QueryDuration {
    try countDurationTerm()
    switch token.kind {
    case .number, .duration: return .seconds(NumberLiteral(value: try seconds()))
    case .symbol(.leftParen):
      try consume()
      let inner = try durationArithmetic()
      try expect(.rightParen, place)
      return .parenthesized(inner)
    case .identifier: return try durationFunction(place: place)
    default: throw unexpected(place: place, expected: "number, duration, step(), or range()")
    }
  }

  private mutating func countDurationTerm() throws(ParseError) {
    durationTerms += 1
    guard durationTerms <= Self.durationTermsMax else {
      throw error("duration has more than \(Self.durationTermsMax) terms", at: token.range)
    }
  }

  private mutating func durationFunction(place: String) throws(ParseError) -> QueryDuration {
    let name = try consume()
    let word = text(name).lowercased()
    switch word {
    case "step", "range":
      try expect(.leftParen, place)
      try expect(.rightParen, place)
      return word == "step" ? .step : .range
    case "min_of", "max_of":
      try expect(.leftParen, place)
      let first = try durationArithmetic()
      try expect(.comma, place)
      let second = try durationArithmetic()
      try expect(.rightParen, place)
      return word == "min_of" ? .minimum(first, second) : .maximum(first, second)
    default: throw unexpected(name, place: place, expected: "number, duration, step(), or range()")
    }
  }
}
