extension Expression {
  /// The query with `matcher` added to every selector, so that it cannot read a series the matcher refuses: how a
  /// token of one tenant is kept to that tenant's series.
  package func restricted(by matcher: Matcher) -> Expression {
    Expression(root: root.mapSelectors { $0.adding(matcher) })
  }
}

extension SeriesSelector {
  /// The selector with one more condition.
  package func adding(_ matcher: Matcher) -> SeriesSelector {
    matchers.contains(matcher) ? self : SeriesSelector(matchers + [matcher], isNamed: isNamed)
  }
}

extension Node {
  /// The same tree with other selectors.
  func mapSelectors(_ transform: (SeriesSelector) -> SeriesSelector) -> Node {
    switch self {
    case .number, .string: self
    case .selector(let selector): .selector(VectorSelector(series: transform(selector.series), time: selector.time))
    case .rangeSelector(let selector):
      .rangeSelector(RangeSelector(series: transform(selector.series), range: selector.range, time: selector.time))
    case .subquery(let subquery):
      .subquery(
        Subquery(
          node: subquery.node.mapSelectors(transform), range: subquery.range, step: subquery.step, time: subquery.time))
    case .call(let call):
      .call(
        Call(
          function: call.function, arguments: call.arguments.map { $0.mapSelectors(transform) }, regex: call.regex))
    case .aggregation(let aggregation):
      .aggregation(
        Aggregation(
          operation: aggregation.operation, grouping: aggregation.grouping,
          parameter: aggregation.parameter?.mapSelectors(transform),
          node: aggregation.node.mapSelectors(transform)))
    case .binary(let operation):
      .binary(
        BinaryOperation(
          operation: operation.operation, left: operation.left.mapSelectors(transform),
          right: operation.right.mapSelectors(transform), returnsBool: operation.returnsBool,
          matching: operation.matching, isScalar: operation.isScalar))
    case .negation(let negation):
      .negation(
        Negation(node: negation.node.mapSelectors(transform), isPlus: negation.isPlus, type: negation.type))
    case .parenthesized(let group):
      .parenthesized(Parenthesized(node: group.node.mapSelectors(transform), type: group.type))
    }
  }
}

extension Expression {
  /// Every selector in the query, each once, in the order they stand.
  package var selectors: [SeriesSelector] {
    var found: [SeriesSelector] = []
    _ = root.mapSelectors { selector in
      if !found.contains(selector) { found.append(selector) }
      return selector
    }
    return found
  }
}
