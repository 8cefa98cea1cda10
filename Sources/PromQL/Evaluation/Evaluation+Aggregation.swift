extension Evaluation {
  /// Evaluates `sum by (…) (…)` and the like: groups the series once, then works through one group after the other.
  func aggregate(_ aggregation: Aggregation, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    if aggregation.operation == .countValues { return try countValues(aggregation, grid) }
    var parameter = ScalarColumn.constant(.nan)
    if let node = aggregation.parameter { parameter = try scalar(node, grid) }
    let input = try vector(aggregation.node, grid)
    try budget.work(input.cells.count)
    let grouped = GroupedRows(input, by: aggregation.grouping)
    switch aggregation.operation {
    case .sum: return try fold(grouped, SumCell.self)
    case .avg: return try fold(grouped, MeanCell.self)
    case .count: return try fold(grouped, CountCell.self)
    case .min: return try fold(grouped, MinimumCell.self)
    case .max: return try fold(grouped, MaximumCell.self)
    case .group: return try fold(grouped, PresenceCell.self)
    case .stdvar: return try fold(grouped, VarianceCell.self)
    case .stddev:
      var block = try fold(grouped, VarianceCell.self)
      block.mapSamples { variance, _ in variance.squareRoot() }
      return block
    case .quantile: return try quantile(grouped, parameter)
    case .topk, .bottomk:
      return try best(grouped, parameter, isTop: aggregation.operation == .topk)
    case .countValues: preconditionFailure("handled above")
    }
  }

  /// Combines the rows of each group, cell by cell.
  private func fold<Cell: AggregationCell>(
    _ input: GroupedRows, _: Cell.Type
  ) throws(QueryError) -> VectorBlock {
    var block = input.emptyResult
    block.reserve(rows: input.groups.count)
    let steps = input.block.steps
    var cells: [Cell?] = Array(repeating: nil, count: steps)
    for group in 0..<input.groups.count {
      let labels = input.labels(group)
      try budget.charge(labels)
      try budget.charge(samples: steps)
      for step in 0..<steps { cells[step] = nil }
      input.block.cells.withUnsafeBufferPointer { values in
        cells.withUnsafeMutableBufferPointer { cells in
          for row in input.groups.rows(group) {
            let start = row * steps
            for step in 0..<steps where !values[start + step].isAbsent {
              cells[step].add(values[start + step])
            }
          }
        }
      }
      try block.appendRow(labels) { row throws(QueryError) in
        for step in 0..<steps { if let cell = cells[step] { row[step] = cell.result } }
      }
    }
    return block
  }

  private func quantile(_ input: GroupedRows, _ parameter: ScalarColumn) throws(QueryError) -> VectorBlock {
    var block = input.emptyResult
    var values: [Double] = []
    for group in 0..<input.groups.count {
      let rows = input.groups.rows(group)
      let labels = input.labels(group)
      try budget.charge(labels)
      try budget.charge(samples: input.block.steps)
      try block.appendRow(labels) { cells throws(QueryError) in
        for step in 0..<cells.count {
          values.removeAll(keepingCapacity: true)
          for row in rows where !input.block[row, step].isAbsent { values.append(input.block[row, step]) }
          try budget.work(rows.count)
          if !values.isEmpty { cells[step] = Quantile.value(parameter[step], of: &values) }
        }
      }
    }
    return block
  }

  /// `topk` and `bottomk`: the best rows of each group keep their samples. An instant vector comes group by group, best
  /// first.
  private func best(
    _ input: GroupedRows, _ parameter: ScalarColumn, isTop: Bool
  ) throws(QueryError) -> VectorBlock {
    let block = input.block
    var limits: [Int] = []
    for step in 0..<block.steps { limits.append(try Self.limit(parameter[step], rows: block.rows)) }
    var isKept = Array(repeating: false, count: block.cells.count)
    var order: [Int] = []
    var ranking = Ranking(isTop: isTop)
    for group in 0..<input.groups.count {
      for step in 0..<block.steps where limits[step] > 0 {
        ranking.clear(limit: limits[step])
        for row in input.groups.rows(group) where !block[row, step].isAbsent {
          ranking.offer(block[row, step], row)
        }
        try budget.work(input.groups.rows(group).count)
        let winners = ranking.sorted()
        for row in winners { isKept[row * block.steps + step] = true }
        if block.steps == 1 { order += winners }
      }
    }
    if block.steps == 1 { return block.selecting(order) }
    var result = block
    result.keep(where: isKept)
    return result
  }

  /// How many rows `k` asks for.
  private static func limit(_ k: Double, rows: Int) throws(QueryError) -> Int {
    guard !k.isNaN else { throw .invalid("Parameter value is NaN") }
    guard k.magnitude < 0x1p63 else { throw .invalid("Scalar value \(GoFloat.shortest(k)) overflows int64") }
    return min(Int(k), rows)
  }

  /// `count_values("label", …)`: how many series have each value, one result series per value.
  private func countValues(_ aggregation: Aggregation, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    guard let parameter = aggregation.parameter else { preconditionFailure("the parser demands a label name") }
    let name = string(parameter)
    guard isV2 ? LabelName.isPlain(name.utf8) : !name.isEmpty else { throw .invalid("invalid label name \"\(name)\"") }
    let input = try vector(aggregation.node, grid)
    try budget.work(input.cells.count)
    let listed = aggregation.grouping.names
    let keepsListed = aggregation.grouping.keepsListed
    // The label is part of the series being grouped: `by` keeps it besides the listed ones, `without` can remove it.
    let setsLabel = keepsListed || !(listed.contains(name) || name == MetricName.label)
    let grouping: LabelProjection =
      keepsListed ? .keeping(listed.removing(name)) : .removing(listed.adding(name))
    let grouped = GroupedRows(input, by: grouping)
    var block = VectorBlock(steps: grid.count, isDistinctWithoutName: false)
    for group in 0..<grouped.groups.count {
      for tally in try tallies(grouped, group, mergesValues: !setsLabel) {
        var labels = grouped.labels(group)
        if setsLabel {
          guard let set = try? labels.setting(name, to: GoFloat.decimal(tally.value)) else {
            throw .invalid(LabelError.tooLong(name).description)
          }
          labels = set
        }
        try budget.charge(labels)
        try block.appendRow(labels) { cells throws(QueryError) in
          for (step, count) in tally.counts.enumerated() where count > 0 { cells[step] = count }
        }
      }
    }
    return block
  }

  /// What keeping the count of one more value costs beyond its cells, in samples.
  private static let tallyOverhead = 8

  /// How often each value occurs in a group at each step, in the order the values are first seen.
  private func tallies(
    _ input: GroupedRows, _ group: Int, mergesValues: Bool
  ) throws(QueryError) -> [(value: Double, counts: [Double])] {
    var tallies: [(value: Double, counts: [Double])] = []
    var indices: [UInt64: Int] = [:]
    let steps = input.block.steps
    for row in input.groups.rows(group) {
      for step in 0..<steps where !input.block[row, step].isAbsent {
        let value = input.block[row, step]
        let key = mergesValues ? 0 : value.isNaN ? Double.nan.bitPattern : value.bitPattern
        let index = indices[key] ?? tallies.count
        if index == tallies.count {
          try budget.charge(samples: steps + Self.tallyOverhead)
          tallies.append((value, Array(repeating: 0, count: steps)))
          indices[key] = index
        }
        tallies[index].counts[step] += 1
      }
    }
    return tallies
  }
}
