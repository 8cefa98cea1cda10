extension Evaluation {
  /// Evaluates a call that returns a vector.
  func call(_ call: Call, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    let arguments = call.arguments
    if let elementary = GoMath.elementary(call.function) {
      return try mapping(arguments[0], grid) { value, _ in elementary(value) }
    }
    if let field = CivilDate.field(call.function) { return try date(arguments, grid, field) }
    switch call.function {
    case .round: return try round(arguments, grid)
    case .clamp, .clampMin, .clampMax: return try clamp(call, grid)
    case .timestamp: return try timestamp(arguments[0], grid)
    case .vector: return try constant(arguments[0], grid)
    case .absent: return try absent(arguments[0], grid)
    case .absentOverTime: return try absentOverTime(arguments[0], grid)
    case .sort, .sortDesc: return try sort(arguments[0], grid, isDescending: call.function == .sortDesc)
    case .labelReplace: return try replaceLabels(call, grid)
    case .labelJoin: return try joinLabels(arguments, grid)
    case .histogramQuantile: return try histogramQuantile(arguments, grid)
    case .histogramFraction: return try histogramFraction(arguments, grid)
    case .histogramCount, .histogramSum, .histogramAvg, .histogramStddev, .histogramStdvar:
      // These read native histograms only; floats pass none on.
      _ = try vector(arguments[0], grid)
      return VectorBlock(steps: grid.count)
    default: return try rangeFunction(call, grid)
    }
  }

  private func rangeFunction(_ call: Call, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    var scalars: [ScalarColumn] = []
    var range: Node?
    for argument in call.arguments {
      if argument.type == .range {
        range = argument
      } else {
        scalars.append(try scalar(argument, grid))
      }
    }
    guard let range else { preconditionFailure("\(call.function) takes a range vector") }
    var kernel = RangeKernel(call.function, scalars: scalars, in: self)
    var block = VectorBlock(steps: grid.count, isDistinctWithoutName: isDistinctWithoutName(range))
    try forEachSeries(
      of: range, grid, expecting: { count in block.reserve(rows: min(count, budget.samplesLeft / max(1, grid.count))) }
    ) { labels, samples, windows throws(QueryError) in
      try budget.charge(samples: grid.count)
      try block.appendRow(labels) { cells throws(QueryError) in
        try kernel.fill(cells, from: samples, windows)
      }
    }
    if !call.function.keepsMetricName { try block.dropNames() }
    return block
  }

  /// Replaces each value; the result is no longer the metric, so its name goes.
  @inline(__always)
  private func mapping(
    _ node: Node, _ grid: StepGrid, _ transform: (_ value: Double, _ step: Int) -> Double
  ) throws(QueryError) -> VectorBlock {
    var block = try vector(node, grid)
    try budget.work(block.cells.count)
    block.mapSamples(transform)
    try block.dropNamesAndMerge()
    return block
  }

  private func round(_ arguments: [Node], _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    let unit = arguments.count > 1 ? try scalar(arguments[1], grid) : .constant(1)
    return try mapping(arguments[0], grid) { value, step in
      // Multiplying by the inverse rounds more decimals right than dividing by the unit.
      let inverse = 1 / unit[step]
      return (value * inverse + 0.5).rounded(.down) / inverse
    }
  }

  private func clamp(_ call: Call, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    let first = try scalar(call.arguments[1], grid)
    switch call.function {
    case .clampMin: return try mapping(call.arguments[0], grid) { GoMath.maximum(first[$1], $0) }
    case .clampMax: return try mapping(call.arguments[0], grid) { GoMath.minimum(first[$1], $0) }
    default:
      let second = try scalar(call.arguments[2], grid)
      var block = try mapping(call.arguments[0], grid) { value, step in
        second[step] < first[step] ? .absent : GoMath.maximum(first[step], GoMath.minimum(second[step], value))
      }
      block.removeEmptyRows()
      return block
    }
  }

  /// When samples were taken, if the argument is a selector; else the time of the step.
  private func timestamp(_ argument: Node, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    if case .selector(let selector) = argument.unwrapped {
      var block = try latestSamples(selector, grid, yieldingTime: true)
      try block.dropNamesAndMerge()
      return block
    }
    return try mapping(argument, grid) { _, step in Double(grid[step]) / 1000 }
  }

  /// A scalar as a vector of one series without labels.
  private func constant(_ node: Node, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    let column = try scalar(node, grid)
    return try singleRow(Labels(), grid) { column[$0] }
  }

  /// A vector of at most one series.
  func singleRow(
    _ labels: Labels, _ grid: StepGrid, _ value: (_ step: Int) -> Double
  ) throws(QueryError) -> VectorBlock {
    var block = VectorBlock(steps: grid.count)
    try budget.charge(samples: grid.count)
    try block.appendRow(labels) { cells throws(QueryError) in
      for step in 0..<grid.count { cells[step] = value(step) }
    }
    return block
  }

  /// Orders an instant vector by value, NaN last. The series of a range query have no order.
  private func sort(_ node: Node, _ grid: StepGrid, isDescending: Bool) throws(QueryError) -> VectorBlock {
    let block = try vector(node, grid)
    guard grid.count == 1 else { return block }
    let order = (0..<block.rows).sorted { first, second in
      let (a, b) = (block[first, 0], block[second, 0])
      if a.isNaN || b.isNaN { return !a.isNaN && b.isNaN || (a.isNaN && b.isNaN && first < second) }
      return a == b ? first < second : isDescending ? a > b : a < b
    }
    return block.selecting(order)
  }

  private func date(
    _ arguments: [Node], _ grid: StepGrid, _ field: (CivilDate) -> Int64
  ) throws(QueryError) -> VectorBlock {
    if let argument = arguments.first {
      return try mapping(argument, grid) { seconds, _ in
        CivilDate(secondsSince1970: seconds).map { Double(field($0)) } ?? .nan
      }
    }
    return try singleRow(Labels(), grid) { Double(field(CivilDate(grid[$0] / 1000))) }
  }
}
