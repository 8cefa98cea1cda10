extension BinaryOperator {
  /// The operator a token stands for, if it stands between two operands.
  init?(_ token: Token) {
    switch token.kind {
    case .symbol(let symbol): self.init(rawValue: symbol.rawValue)
    case .keyword(let keyword): self.init(rawValue: keyword.rawValue)
    default: return nil
    }
  }

  /// How tightly it binds, from 1. All operators but `^` associate to the left.
  var precedence: Int {
    switch self {
    case .or: 1
    case .and, .unless: 2
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: 3
    case .add, .subtract: 4
    case .multiply, .divide, .modulo, .atan2: 5
    case .power: 6
    }
  }
}

extension Parser {
  /// What may stand between an operator and its right side.
  private struct Modifiers {
    var returnsBool = false
    var labels: LabelNames?
    var keepsListed = false
    var cardinality = VectorMatching.Cardinality.oneToOne
    var included = LabelNames()
  }

  /// The rest of a binary operation, from its operator on.
  mutating func binary(_ operation: BinaryOperator, _ left: Operand) throws(ParseError) -> Operand {
    let operatorRange = try consume().range
    let modifiers = try modifiers()
    let right = try expression(operation == .power ? operation.precedence : operation.precedence + 1)
    try check(operation, left, right, modifiers, at: operatorRange)
    let isScalar = left.node.type == .scalar && right.node.type == .scalar
    let areVectors = left.node.type == .vector && right.node.type == .vector
    let node = BinaryOperation(
      operation: operation, left: left.node, right: right.node, returnsBool: modifiers.returnsBool,
      matching: areVectors ? matching(operation, modifiers) : nil, isScalar: isScalar)
    return try parent(.binary(node), of: [left, right], range: left.range.lowerBound..<right.range.upperBound)
  }

  private func matching(_ operation: BinaryOperator, _ modifiers: Modifiers) -> VectorMatching {
    let labels = modifiers.labels ?? LabelNames()
    return VectorMatching(
      cardinality: operation.isSetOperator ? .manyToMany : modifiers.cardinality,
      labels: modifiers.keepsListed ? .keeping(labels) : .removing(labels), included: modifiers.included)
  }

  private mutating func modifiers() throws(ParseError) -> Modifiers {
    var modifiers = Modifiers()
    if token.kind == .keyword(.bool) {
      try consume()
      modifiers.returnsBool = true
    }
    guard token.kind == .keyword(.on) || token.kind == .keyword(.ignoring) else { return modifiers }
    modifiers.keepsListed = try consume().kind == .keyword(.on)
    modifiers.labels = try labelList()
    switch token.kind {
    case .keyword(.groupLeft): modifiers.cardinality = .manyToOne
    case .keyword(.groupRight): modifiers.cardinality = .oneToMany
    default: return modifiers
    }
    try consume()
    if token.kind == .symbol(.leftParen) { modifiers.included = try labelList() }
    return modifiers
  }

  private func check(
    _ operation: BinaryOperator, _ left: Operand, _ right: Operand, _ modifiers: Modifiers, at position: Range<Int>
  ) throws(ParseError) {
    for side in [left, right] where side.node.type != .scalar && side.node.type != .vector {
      throw error("binary expression must contain only scalar and instant vector types", at: side.range)
    }
    let hasScalar = left.node.type == .scalar || right.node.type == .scalar
    let areScalars = left.node.type == .scalar && right.node.type == .scalar
    if modifiers.returnsBool, !operation.isComparison {
      throw error("bool modifier can only be used on comparison operators", at: position)
    }
    if operation.isComparison, !modifiers.returnsBool, areScalars {
      throw error("comparisons between scalars must use BOOL modifier", at: position)
    }
    if operation.isSetOperator, hasScalar {
      throw error("set operator \"\(operation.rawValue)\" not allowed in binary scalar expression", at: left.range)
    }
    if hasScalar, modifiers.labels?.isEmpty == false {
      throw error("vector matching only allowed between instant vectors", at: left.range)
    }
    if operation.isSetOperator, modifiers.cardinality != .oneToOne {
      throw error("no grouping allowed for \"\(operation.rawValue)\" operation", at: left.range)
    }
    if modifiers.keepsListed, let labels = modifiers.labels,
      let both = labels.texts.first(where: modifiers.included.contains)
    {
      throw error("label \(Quoted.text(both)) must not occur in ON and GROUP clause at once", at: position)
    }
  }

  /// `(a, b, "c.d")`: label names in parentheses, a comma after the last one is fine.
  mutating func labelList() throws(ParseError) -> LabelNames {
    try expect(.leftParen, "in grouping opts")
    var names: [String] = []
    while token.kind != .symbol(.rightParen) {
      names.append(try groupingLabel())
      try checkList(names.count)
      guard try consumes(.comma) else { break }
    }
    guard try consumes(.rightParen) else {
      throw unexpected(place: "in grouping opts", expected: "\",\" or \")\"")
    }
    return LabelNames(names)
  }

  private mutating func groupingLabel() throws(ParseError) -> String {
    switch token.kind {
    case .identifier, .metricIdentifier, .keyword: return try text(consume())
    case .string:
      let range = token.range
      let name = try string()
      guard !name.isEmpty else { throw error("invalid label name for grouping: \"\"", at: range) }
      return name
    default: throw unexpected(place: "in grouping opts", expected: "label")
    }
  }
}
