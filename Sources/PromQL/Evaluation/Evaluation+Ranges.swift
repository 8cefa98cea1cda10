extension Evaluation {
  /// Calls `visit` for each series of a range node, with its samples, without stale markers. They are valid
  /// only during the call, which must not evaluate another node.
  /// - Parameter expecting: told before how many series there are at most.
  func forEachSeries(
    of node: Node, _ grid: StepGrid, expecting: (_ series: Int) -> Void = { _ in },
    _ visit: (_ labels: Labels, _ samples: SampleWindow, _ windows: RangeWindows) throws(QueryError) -> Void
  ) throws(QueryError) {
    switch node.unwrapped {
    case .rangeSelector(let selector):
      let windows = try RangeWindows(
        selector.time, range: positiveDuration(selector.range), grid, in: self)
      guard let covered = windows.covered else { return }
      let series = try select(selector.series, covered)
      try budget.charge(rows: series.count, steps: 1)
      expecting(series.count)
      for index in 0..<series.count {
        try load(series, index, covered)
        samples.removeStaleMarkers()
        if samples.count > 0 { try visit(series.labels(at: index), samples.window, windows) }
      }
    case .subquery(let subquery): try forEachSeries(of: subquery, grid, visit)
    default: preconditionFailure("only a range selector or a subquery is a range vector")
    }
  }

  /// Whether the series of a range node stay different without their names.
  func isDistinctWithoutName(_ node: Node) -> Bool {
    if case .rangeSelector(let selector) = node.unwrapped { return selector.series.metricName != nil }
    return false
  }

  private func forEachSeries(
    of subquery: Subquery, _ grid: StepGrid,
    _ visit: (_ labels: Labels, _ samples: SampleWindow, _ windows: RangeWindows) throws(QueryError) -> Void
  ) throws(QueryError) {
    let windows = try RangeWindows(subquery.time, range: positiveDuration(subquery.range), grid, in: self)
    let step =
      if let step = subquery.step { try positiveDuration(step) } else { options.subqueryStepMilliseconds }
    guard let covered = windows.covered, let inner = Self.innerGrid(covered, step: step) else { return }
    // Whatever the node makes per step is bounded by this, also if it selects nothing.
    try budget.charge(samples: inner.count)
    let block = try vector(subquery.node, inner)
    for row in 0..<block.rows {
      samples.removeAll()
      for index in 0..<inner.count where !block[row, index].isAbsent {
        samples.append(timestamp: inner[index], value: block[row, index])
      }
      try budget.work(inner.count)
      try visit(block.labels[row], samples.window, windows)
    }
  }

  /// The multiples of `step` in `times`: subqueries of all evaluations meet at the same points.
  private static func innerGrid(_ times: ClosedRange<Int64>, step: Int64) -> StepGrid? {
    let quotient = times.lowerBound / step
    let first = (quotient + (quotient * step < times.lowerBound ? 1 : 0)) * step
    guard first <= times.upperBound else { return nil }
    return StepGrid(start: first, step: step, count: Int((times.upperBound - first) / step) + 1)
  }

  /// The samples of a range node at one time, for a query that asks for just that.
  func matrix(_ node: Node, _ grid: StepGrid) throws(QueryError) -> [SampledSeries] {
    var series: [SampledSeries] = []
    try forEachSeries(of: node, grid) { labels, samples, windows throws(QueryError) in
      try windows.slide(over: samples) { lower, upper, _ throws(QueryError) in
        try budget.charge(samples: upper - lower)
        let window = samples.part(lower, upper)
        series.append(
          SampledSeries(
            labels: labels,
            samples: (0..<window.count).map { Sample(timestamp: window.times[$0], value: window.values[$0]) }))
      }
    }
    return series
  }
}
