extension Node {
  /// Whether the node yields the same at every step of a query, because all it reads is fixed with `@`. Such a node is
  /// evaluated once.
  var isStepInvariant: Bool {
    switch self {
    case .number, .string: true
    case .selector(let selector): selector.time.pin != nil
    case .rangeSelector(let selector): selector.time.pin != nil
    case .subquery(let subquery): subquery.time.pin != nil
    case .call(let call): !call.function.dependsOnEvaluationTime && call.arguments.allSatisfy(\.isStepInvariant)
    case .aggregation(let aggregation):
      aggregation.node.isStepInvariant && aggregation.parameter?.isStepInvariant != false
    case .binary(let operation): operation.left.isStepInvariant && operation.right.isStepInvariant
    case .negation(let negation): negation.node.isStepInvariant
    case .parenthesized(let group): group.node.isStepInvariant
    }
  }
}
