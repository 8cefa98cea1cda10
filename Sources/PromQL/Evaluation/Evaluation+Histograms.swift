extension Evaluation {
  private static let boundLabel = "le"

  /// `histogram_quantile(φ, buckets)`.
  func histogramQuantile(_ arguments: [Node], _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    let quantile = try scalar(arguments[0], grid)
    return try histograms(arguments[1], grid) { histogram, step in histogram.quantile(quantile[step]) }
  }

  /// `histogram_fraction(lower, upper, buckets)`. Prometheus 2.42 knows it for native histograms only.
  func histogramFraction(_ arguments: [Node], _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    let lower = try scalar(arguments[0], grid)
    let upper = try scalar(arguments[1], grid)
    if isV2 {
      _ = try vector(arguments[2], grid)
      return VectorBlock(steps: grid.count)
    }
    return try histograms(arguments[2], grid) { histogram, step in
      histogram.fraction(from: lower[step], to: upper[step])
    }
  }

  /// Collects the buckets of each histogram at each step. A series without a number as its bound is left out.
  private func histograms(
    _ node: Node, _ grid: StepGrid, _ value: (inout ClassicHistogram, _ step: Int) -> Double
  ) throws(QueryError) -> VectorBlock {
    let buckets = try vector(node, grid)
    let bounds = buckets.labels.map { $0[Self.boundLabel].flatMap { GoFloat.parse($0) } ?? .nan }
    let rows = (0..<buckets.rows).filter { !bounds[$0].isNaN }
    let bound = LabelNames([Self.boundLabel])
    // Grouped with their names, so that two metrics do not become one histogram; they may still end up equal.
    let groups = RowGroups(rows.map { buckets.labels[$0] }, by: .excluding(bound))
    var block = VectorBlock(steps: grid.count, isDistinctWithoutName: true)
    var histogram = ClassicHistogram()
    for number in 0..<groups.count {
      let members = groups.rows(number).map { rows[$0] }.sorted { bounds[$0] < bounds[$1] }
      let labels = LabelProjection.removing(bound).apply(to: groups.table.representatives[number])
      try budget.charge(labels)
      try budget.charge(samples: grid.count)
      try budget.work(members.count * grid.count)
      try block.appendRow(labels) { cells throws(QueryError) in
        for step in 0..<grid.count {
          histogram.clear()
          for row in members where !buckets[row, step].isAbsent {
            histogram.append(bound: bounds[row], count: buckets[row, step])
          }
          if !histogram.isEmpty { cells[step] = value(&histogram, step) }
        }
      }
    }
    if !buckets.isDistinctWithoutName { try block.merge() }
    return block
  }
}
