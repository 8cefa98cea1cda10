extension Evaluation {
  /// 1 at the steps where the argument has no sample.
  func absent(_ argument: Node, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    try budget.charge(samples: grid.count)
    let block = try vector(argument, grid)
    try budget.work(block.cells.count)
    var isPresent = Array(repeating: false, count: grid.count)
    for row in 0..<block.rows {
      for step in 0..<grid.count where !block[row, step].isAbsent { isPresent[step] = true }
    }
    return try inverse(isPresent, labels: labelsIfAbsent(argument), grid)
  }

  /// 1 at the steps whose window has no sample.
  func absentOverTime(_ argument: Node, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    try budget.charge(samples: grid.count)
    var isPresent = Array(repeating: false, count: grid.count)
    try forEachSeries(of: argument, grid) { _, samples, windows throws(QueryError) in
      try budget.work(grid.count)
      try windows.slide(over: samples) { _, _, step throws(QueryError) in isPresent[step] = true }
    }
    return try inverse(isPresent, labels: labelsIfAbsent(argument), grid)
  }

  private func inverse(_ isPresent: [Bool], labels: Labels, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    try singleRow(labels, grid) { isPresent[$0] ? .absent : 1 }
  }

  /// The labels the missing series would surely have: those a selector fixes with exactly one `=`.
  private func labelsIfAbsent(_ argument: Node) -> Labels {
    let series: SeriesSelector
    switch argument.unwrapped {
    case .selector(let selector): series = selector.series
    case .rangeSelector(let selector): series = selector.series
    default: return Labels()
    }
    var labels = Labels()
    var fixed: Set<[UInt8]> = []
    for matcher in series.matchers where !matcher.isOnMetricName {
      let isFirst = matcher.operation == .equal && fixed.insert(matcher.nameBytes).inserted
      // A second condition on a label means its value is not known after all.
      let value = isFirst && matcher.valueBytes.count <= Labels.textBytesMax ? matcher.valueBytes : []
      labels = (try? labels.setting(matcher.nameBytes, to: value)) ?? labels
    }
    return labels
  }
}
