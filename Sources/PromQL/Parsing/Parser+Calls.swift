extension Parser {
  /// `name(argument, …)`, after the name.
  mutating func call(_ name: Token) throws(ParseError) -> Operand {
    let arguments = try argumentList()
    guard let function = Function(rawValue: text(name)) else {
      throw error("unknown function with name \(Quoted.text(text(name)))", at: name.range)
    }
    let range = name.range.lowerBound..<lastEnd
    try check(arguments, of: function, range)
    var call = Call(function: function, arguments: arguments.map(\.node))
    if function == .labelReplace { call.regex = try regex(arguments[4]) }
    return try parent(.call(call), of: arguments, range: range)
  }

  private mutating func regex(_ argument: Operand) throws(ParseError) -> CapturingRegex {
    guard case .string(let pattern) = argument.node.unwrapped else {
      throw error("the regular expression of label_replace must be a string", at: argument.range)
    }
    let regex: CapturingRegex
    do {
      regex = try CapturingRegex(pattern.value)
    } catch let problem {
      throw error("invalid regular expression in label_replace(): \(problem)", at: argument.range)
    }
    try countRegex(regex.instructions, at: argument.range)
    return regex
  }

  /// `sum by (…) (…)` or `sum(…) by (…)`, after the word.
  mutating func aggregation(_ operation: AggregationOperation, _ name: Token) throws(ParseError) -> Operand {
    var grouping = try groupingClause()
    var arguments = try argumentList()
    if grouping == nil { grouping = try groupingClause() }
    let range = name.range.lowerBound..<lastEnd
    guard !arguments.isEmpty else {
      throw error("no arguments for aggregate expression provided", at: range)
    }
    let expected = operation.parameterType == nil ? 1 : 2
    guard arguments.count == expected else {
      throw error(
        "wrong number of arguments for aggregate expression provided, expected \(expected), got \(arguments.count)",
        at: range)
    }
    let operands = arguments
    let vector = arguments.removeLast()
    try expect(.vector, vector, "aggregation expression")
    if let type = operation.parameterType, let parameter = arguments.first {
      try expect(type, parameter, "aggregation parameter")
    }
    let node = Aggregation(
      operation: operation, grouping: grouping ?? .keeping(LabelNames()), parameter: arguments.first?.node,
      node: vector.node)
    return try parent(.aggregation(node), of: operands, range: range)
  }

  private mutating func groupingClause() throws(ParseError) -> LabelProjection? {
    switch token.kind {
    case .keyword(.by):
      try consume()
      return .keeping(try labelList())
    case .keyword(.without):
      try consume()
      return .removing(try labelList())
    default: return nil
    }
  }

  private mutating func argumentList() throws(ParseError) -> [Operand] {
    try expect(.leftParen, "in call")
    var arguments: [Operand] = []
    while token.kind != .symbol(.rightParen) {
      arguments.append(try expression())
      try checkList(arguments.count)
      let comma = token
      guard try consumes(.comma) else { break }
      if token.kind == .symbol(.rightParen) {
        throw error("trailing commas not allowed in function call args", at: comma.range)
      }
    }
    guard token.kind != .end else { throw error("unclosed left parenthesis", at: token.range) }
    guard try consumes(.rightParen) else { throw unexpected(place: "in call", expected: "\",\" or \")\"") }
    return arguments
  }

  private func check(_ arguments: [Operand], of function: Function, _ range: Range<Int>) throws(ParseError) {
    let signature = function.signature
    let count = arguments.count
    let name = Quoted.text(function.rawValue)
    if signature.argumentsMin == signature.argumentsMax, count != signature.argumentsMin {
      throw error("expected \(signature.argumentsMin) argument(s) in call to \(name), got \(count)", at: range)
    }
    if count < signature.argumentsMin {
      throw error("expected at least \(signature.argumentsMin) argument(s) in call to \(name), got \(count)", at: range)
    }
    if let most = signature.argumentsMax, count > most {
      throw error("expected at most \(most) argument(s) in call to \(name), got \(count)", at: range)
    }
    for (index, argument) in arguments.enumerated() {
      let type = signature.arguments[min(index, signature.arguments.count - 1)]
      try expect(type, argument, "call to function \(name)")
    }
  }

  private func expect(_ type: ValueType, _ operand: Operand, _ place: String) throws(ParseError) {
    let found = operand.node.type
    guard found == type else {
      throw error("expected type \(type.rawValue) in \(place), got \(found.rawValue)", at: operand.range)
    }
  }
}
