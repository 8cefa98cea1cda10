extension Expression {
  /// Names of the metrics it reads. Nil when a selector does not name its metric, so that any may be one.
  package var metricNames: Set<String>? {
    var names: Set<String> = []
    for selector in selectors {
      guard let own = selector.matchers.first(where: { $0.isOnMetricName })?.literalValues else { return nil }
      names.formUnion(own)
    }
    return names
  }
}
