/// One evaluation of one query: the recursion over its nodes, and what they share.
///
/// Each node is evaluated once for all steps of its grid, so that a range query selects and decodes each series once.
final class Evaluation {
  let source: any SeriesSource
  let options: Engine.Options
  let span: QuerySpan
  let budget: QueryBudget
  /// Reused from series to series.
  var samples = SampleBuffer()

  init(
    _ source: any SeriesSource, _ options: Engine.Options, span: QuerySpan, _ shouldStop: @escaping () -> Bool
  ) throws(QueryError) {
    self.source = source
    self.options = options
    self.span = span
    budget = QueryBudget(samplesMax: options.samplesMax, shouldStop: shouldStop)
    if shouldStop() { throw .stopped }
  }

  var isV2: Bool { options.compatibility == .v2_42 }

  func instant(_ node: Node, _ grid: StepGrid) throws(QueryError) -> QueryResult {
    switch node.type {
    case .scalar: return .scalar(try scalar(node, grid)[0])
    case .string: return .string(string(node))
    case .vector:
      let block = try vector(node, grid)
      var result: [LabeledValue] = []
      result.reserveCapacity(block.rows)
      for row in 0..<block.rows {
        result.append(LabeledValue(labels: block.labels[row], value: block[row, 0]))
      }
      return .vector(result)
    case .range: return .matrix(try matrix(node, grid))
    }
  }

  func range(_ node: Node, _ grid: StepGrid) throws(QueryError) -> [SampledSeries] {
    if node.type == .scalar {
      let column = try scalar(node, grid)
      let samples = (0..<grid.count).map { Sample(timestamp: grid[$0], value: column[$0]) }
      return [SampledSeries(labels: Labels(), samples: samples)]
    }
    let block = try vector(node, grid)
    var series: [SampledSeries] = []
    series.reserveCapacity(block.rows)
    for row in 0..<block.rows {
      var samples: [Sample] = []
      samples.reserveCapacity(grid.count)
      for step in 0..<grid.count where !block[row, step].isAbsent {
        samples.append(Sample(timestamp: grid[step], value: block[row, step]))
      }
      series.append(SampledSeries(labels: block.labels[row], samples: samples))
    }
    return series.sorted { $0.labels < $1.labels }
  }

  // MARK: Nodes by type

  /// Evaluates a vector node. No row of the block is empty.
  func vector(_ node: Node, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    if grid.count > 1, node.isStepInvariant {
      let block = try vector(node, grid.first)
      try budget.charge(rows: block.rows, steps: grid.count)
      return block.broadcast(to: grid.count)
    }
    switch node {
    case .selector(let selector): return try latestSamples(selector, grid)
    case .call(let call): return try self.call(call, grid)
    case .aggregation(let aggregation): return try aggregate(aggregation, grid)
    case .binary(let operation): return try binary(operation, grid)
    case .negation(let negation): return try negate(negation, grid)
    case .parenthesized(let group): return try vector(group.node, grid)
    case .number, .string, .rangeSelector, .subquery:
      preconditionFailure("the parser lets only vectors stand where a vector is evaluated")
    }
  }

  func scalar(_ node: Node, _ grid: StepGrid) throws(QueryError) -> ScalarColumn {
    try budget.work(grid.count)
    switch node {
    case .number(let number): return .constant(number.value)
    case .parenthesized(let group): return try scalar(group.node, grid)
    case .negation(let negation):
      let column = try scalar(negation.node, grid)
      return negation.isPlus ? column : try self.column(grid) { -column[$0] }
    case .call(let call): return try scalarCall(call, grid)
    case .binary(let operation):
      let left = try scalar(operation.left, grid)
      let right = try scalar(operation.right, grid)
      if case .constant(let a) = left, case .constant(let b) = right { return .constant(operation.scalar(a, b)) }
      return try column(grid) { operation.scalar(left[$0], right[$0]) }
    case .string, .selector, .rangeSelector, .subquery, .aggregation:
      preconditionFailure("the parser lets only scalars stand where a scalar is evaluated")
    }
  }

  func string(_ node: Node) -> String {
    guard case .string(let literal) = node.unwrapped else {
      preconditionFailure("only a literal is a string in PromQL")
    }
    return literal.value
  }

  private func column(_ grid: StepGrid, _ value: (Int) -> Double) throws(QueryError) -> ScalarColumn {
    try budget.charge(samples: grid.count)
    return .values((0..<grid.count).map(value))
  }

  private func scalarCall(_ call: Call, _ grid: StepGrid) throws(QueryError) -> ScalarColumn {
    switch call.function {
    case .pi: return .constant(.pi)
    case .time: return try column(grid) { Double(grid[$0]) / 1000 }
    case .scalar:
      let block = try vector(call.arguments[0], grid)
      return try column(grid) { step in
        var only: Double?
        for row in 0..<block.rows where !block[row, step].isAbsent {
          if only != nil { return .nan }
          only = block[row, step]
        }
        return only ?? .nan
      }
    default: preconditionFailure("\(call.function) does not return a scalar")
    }
  }

  private func negate(_ negation: Negation, _ grid: StepGrid) throws(QueryError) -> VectorBlock {
    var block = try vector(negation.node, grid)
    if negation.isPlus { return block }
    try block.dropNames()
    block.mapSamples { value, _ in -value }
    return block
  }

  func duration(_ duration: QueryDuration) throws(QueryError) -> Int64 {
    do {
      return try duration.milliseconds(step: span.step, range: span.end - span.start)
    } catch let problem {
      throw .invalid(problem.message)
    }
  }

  /// A range or step, which arithmetic may have made too small.
  func positiveDuration(_ range: QueryDuration) throws(QueryError) -> Int64 {
    let milliseconds = try duration(range)
    guard milliseconds > 0 else { throw .invalid("duration must be greater than 0") }
    return milliseconds
  }
}

extension BinaryOperation {
  /// The result for two scalars; a comparison yields 0 or 1.
  fileprivate func scalar(_ a: Double, _ b: Double) -> Double {
    operation.isComparison ? (operation.compares(a, b) ? 1 : 0) : operation.arithmetic(a, b)
  }
}
