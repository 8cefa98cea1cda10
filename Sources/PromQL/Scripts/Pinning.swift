extension Expression {
  /// The query with every selector and subquery fixed to a time, unless it is already, or inside one that is. `nil` if
  /// a function then still depends on when it is evaluated.
  func pinned(at milliseconds: Int64) -> Expression? {
    root.dependsOnTimeWhenPinned ? nil : Expression(root: root.pinned(.at(milliseconds: milliseconds)))
  }
}

extension TimeShift {
  fileprivate func pinned(_ pin: Pin) -> TimeShift {
    var copy = self
    if case .at = copy.pin { return copy }
    copy.pin = pin
    return copy
  }
}

extension Node {
  fileprivate var dependsOnTimeWhenPinned: Bool {
    switch self {
    case .number, .string, .selector, .rangeSelector, .subquery: false
    case .call(let call):
      call.function.dependsOnEvaluationTime || call.arguments.contains(where: \.dependsOnTimeWhenPinned)
    case .aggregation(let aggregation):
      aggregation.node.dependsOnTimeWhenPinned || aggregation.parameter?.dependsOnTimeWhenPinned == true
    case .binary(let operation):
      operation.left.dependsOnTimeWhenPinned || operation.right.dependsOnTimeWhenPinned
    case .negation(let negation): negation.node.dependsOnTimeWhenPinned
    case .parenthesized(let group): group.node.dependsOnTimeWhenPinned
    }
  }

  fileprivate func pinned(_ pin: TimeShift.Pin) -> Node {
    switch self {
    case .number, .string: self
    case .selector(let selector):
      .selector(VectorSelector(series: selector.series, time: selector.time.pinned(pin)))
    case .rangeSelector(let selector):
      .rangeSelector(RangeSelector(series: selector.series, range: selector.range, time: selector.time.pinned(pin)))
    case .subquery(let subquery):
      .subquery(
        Subquery(node: subquery.node, range: subquery.range, step: subquery.step, time: subquery.time.pinned(pin)))
    case .call(let call):
      .call(Call(function: call.function, arguments: call.arguments.map { $0.pinned(pin) }, regex: call.regex))
    case .aggregation(let aggregation):
      .aggregation(
        Aggregation(
          operation: aggregation.operation, grouping: aggregation.grouping,
          parameter: aggregation.parameter?.pinned(pin), node: aggregation.node.pinned(pin)))
    case .binary(let operation):
      .binary(
        BinaryOperation(
          operation: operation.operation, left: operation.left.pinned(pin), right: operation.right.pinned(pin),
          returnsBool: operation.returnsBool, matching: operation.matching, isScalar: operation.isScalar))
    case .negation(let negation):
      .negation(Negation(node: negation.node.pinned(pin), isPlus: negation.isPlus, type: negation.type))
    case .parenthesized(let group): .parenthesized(Parenthesized(node: group.node.pinned(pin), type: group.type))
    }
  }
}
