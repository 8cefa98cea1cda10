extension Parser {
  /// `name{matchers}`, with the name consumed, or only one of the two.
  mutating func selector(named name: Token?) throws(ParseError) -> Operand {
    let start = name?.range.lowerBound ?? token.range.lowerBound
    let matchers = try matchers(named: name)
    let range = start..<lastEnd
    guard matchers.contains(where: { !$0.matches("") }) else {
      throw error("vector selector must contain at least one non-empty matcher", at: range)
    }
    return Operand(
      node: .selector(VectorSelector(series: SeriesSelector(matchers, isNamed: name != nil))), range: range)
  }

  /// The labels of a series: a name, braces, or both; nothing else is consumed.
  mutating func seriesMatchers() throws(ParseError) -> [Matcher] {
    switch token.kind {
    case .identifier, .metricIdentifier: try matchers(named: consume())
    case .keyword(let keyword) where keyword.canNameMetric: try matchers(named: consume())
    case .symbol(.leftBrace): try matchers(named: nil)
    default: throw unexpected()
    }
  }

  private mutating func matchers(named name: Token?) throws(ParseError) -> [Matcher] {
    var matchers: [Matcher] = []
    if let name { matchers.append(try nameMatcher(text(name), at: name.range)) }
    if token.kind == .symbol(.leftBrace) { try matcherList(into: &matchers, isNamed: name != nil) }
    return matchers
  }

  private mutating func matcherList(into matchers: inout [Matcher], isNamed: Bool) throws(ParseError) {
    try expect(.leftBrace, "in label matching")
    while token.kind != .symbol(.rightBrace) {
      let range = token.range
      let matcher = try matcher()
      if isNamed, matcher.isOnMetricName, let first = matchers.first(where: \.isOnMetricName) {
        throw error(
          "metric name must not be set twice: \(Quoted.text(first.value)) or \(Quoted.text(matcher.value))", at: range)
      }
      matchers.append(matcher)
      try checkList(matchers.count)
      guard try consumes(.comma) else { break }
    }
    guard try consumes(.rightBrace) else {
      throw unexpected(place: "in label matching", expected: "\",\" or \"}\"")
    }
  }

  /// `label="value"`, or a quoted metric name.
  private mutating func matcher() throws(ParseError) -> Matcher {
    let start = token
    let name: String
    switch start.kind {
    case .identifier: name = try text(consume())
    case .string:
      name = try string()
      if token.kind == .symbol(.comma) || token.kind == .symbol(.rightBrace) {
        return try nameMatcher(name, at: start.range)
      }
    default: throw unexpected(place: "in label matching", expected: "identifier or \"}\"")
    }
    guard case .symbol(let symbol) = token.kind, let operation = Matcher.Operation(rawValue: symbol.rawValue) else {
      throw unexpected(place: "in label matching", expected: "label matching operator")
    }
    try consume()
    guard token.kind == .string else { throw unexpected(place: "in label matching", expected: "string") }
    let value = try string()
    return try matcher(name, operation, value, at: start.range)
  }

  private mutating func nameMatcher(_ name: String, at range: Range<Int>) throws(ParseError) -> Matcher {
    try matcher(MetricName.label, .equal, name, at: range)
  }

  private mutating func matcher(
    _ name: String, _ operation: Matcher.Operation, _ value: String, at range: Range<Int>
  ) throws(ParseError) -> Matcher {
    guard !name.isEmpty, name.utf8.count <= Labels.textBytesMax else {
      throw error("invalid label name \(Quoted.text(String(name.prefix(64))))", at: range)
    }
    let matcher: Matcher
    do {
      matcher = try Matcher(name, operation, value)
    } catch let problem {
      throw error("error parsing regexp: \(problem)", at: range)
    }
    try countRegex(matcher.regexInstructions, at: range)
    return matcher
  }

  /// `[5m]` or `[1h:1m]` after an operand.
  mutating func ranged(_ operand: Operand) throws(ParseError) -> Operand {
    let bracket = try consume().range
    let range = try positiveDuration(place: "in subquery or range selector")
    guard try consumes(.colon) else {
      guard try consumes(.rightBracket) else {
        throw unexpected(place: "in subquery or range", expected: "\":\" or \"]\"")
      }
      return try rangeSelector(operand, range, at: bracket)
    }
    var step: QueryDuration?
    if token.kind != .symbol(.rightBracket) { step = try positiveDuration(place: "in subquery selector") }
    guard try consumes(.rightBracket) else { throw unexpected(place: "in subquery selector", expected: "\"]\"") }
    let type = operand.node.type
    guard type == .vector else {
      throw error("subquery is only allowed on instant vector, got \(type.rawValue) instead", at: operand.range)
    }
    let node = Subquery(node: operand.node, range: range, step: step)
    return try parent(.subquery(node), of: [operand], range: operand.range.lowerBound..<lastEnd)
  }

  private func rangeSelector(
    _ operand: Operand, _ range: QueryDuration, at bracket: Range<Int>
  ) throws(ParseError) -> Operand {
    guard case .selector(let selector) = operand.node else {
      throw error("ranges only allowed for vector selectors", at: bracket)
    }
    if selector.time.offset != nil { throw error("no offset modifiers allowed before range", at: bracket) }
    if selector.time.pin != nil { throw error("no @ modifiers allowed before range", at: bracket) }
    return Operand(
      node: .rangeSelector(RangeSelector(series: selector.series, range: range)),
      range: operand.range.lowerBound..<lastEnd)
  }

  /// `offset 5m` after an operand.
  mutating func shifted(_ operand: Operand) throws(ParseError) -> Operand {
    try consume()
    let offset = try offsetDuration()
    return try changingTime(of: operand, "offset modifier") { time, parser throws(ParseError) in
      guard time.offset == nil else {
        throw parser.error("offset may not be set multiple times", at: operand.range)
      }
      time.offset = offset == .fixed(milliseconds: 0) ? nil : offset
    }
  }

  /// `@ 1609746000` or `@ start()` after an operand.
  mutating func pinned(_ operand: Operand) throws(ParseError) -> Operand {
    try consume()
    let pin = try pin(of: operand)
    return try changingTime(of: operand, "@ modifier") { time, parser throws(ParseError) in
      guard time.pin == nil else {
        throw parser.error("@ <timestamp> may not be set multiple times", at: operand.range)
      }
      time.pin = pin
    }
  }

  private mutating func pin(of operand: Operand) throws(ParseError) -> TimeShift.Pin {
    if token.kind == .keyword(.start) || token.kind == .keyword(.end) {
      let isStart = try consume().kind == .keyword(.start)
      try expect(.leftParen, "in @")
      try expect(.rightParen, "in @")
      return isStart ? .start : .end
    }
    let isNegative = token.kind == .symbol(.minus)
    if isNegative || token.kind == .symbol(.plus) { try consume() }
    guard token.kind == .number || token.kind == .duration else {
      throw unexpected(place: "in @", expected: "timestamp")
    }
    let seconds = try seconds() * (isNegative ? -1 : 1)
    guard let milliseconds = StepGrid.milliseconds(seconds: seconds) else {
      throw error("timestamp out of bounds for @ modifier: \(GoFloat.shortest(seconds))", at: operand.range)
    }
    return .at(milliseconds: milliseconds)
  }

  private func changingTime(
    of operand: Operand, _ modifier: String, _ change: (inout TimeShift, Parser) throws(ParseError) -> Void
  ) throws(ParseError) -> Operand {
    var operand = operand
    operand.range = operand.range.lowerBound..<lastEnd
    switch operand.node {
    case .selector(var selector):
      try change(&selector.time, self)
      operand.node = .selector(selector)
    case .rangeSelector(var selector):
      try change(&selector.time, self)
      operand.node = .rangeSelector(selector)
    case .subquery(var subquery):
      try change(&subquery.time, self)
      operand.node = .subquery(subquery)
    default:
      throw error(
        "\(modifier) must be preceded by an instant vector selector or range vector selector or a subquery",
        at: operand.range)
    }
    return operand
  }
}
