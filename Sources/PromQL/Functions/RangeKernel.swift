/// A range function with its arguments, applied to one series after the other.
struct RangeKernel {
  private let function: Function
  /// The scalar arguments, in order.
  private let scalars: [ScalarColumn]
  private let isV2: Bool
  private let budget: QueryBudget
  private var resets = CounterResets()
  private var scratch: [Double] = []

  init(_ function: Function, scalars: [ScalarColumn], in evaluation: Evaluation) {
    self.function = function
    self.scalars = scalars
    isV2 = evaluation.isV2
    budget = evaluation.budget
  }

  /// Writes the result of each step to its cell; a step without result stays absent.
  mutating func fill(
    _ cells: UnsafeMutableBufferPointer<Double>, from samples: SampleWindow, _ windows: RangeWindows
  ) throws(QueryError) {
    switch function {
    case .rate: try fillRate(CounterRate(isCounter: true, isPerSecond: true, isV2: isV2), cells, samples, windows)
    case .increase: try fillRate(CounterRate(isCounter: true, isPerSecond: false, isV2: isV2), cells, samples, windows)
    case .delta: try fillRate(CounterRate(isCounter: false, isPerSecond: false, isV2: isV2), cells, samples, windows)
    case .countOverTime: try fillFromEnds(cells, samples, windows) { Double($0.count) }
    case .presentOverTime: try fillFromEnds(cells, samples, windows) { _ in 1 }
    case .firstOverTime: try fillFromEnds(cells, samples, windows) { $0.firstValue }
    case .lastOverTime: try fillFromEnds(cells, samples, windows) { $0.lastValue }
    case .irate: try fillFromEnds(cells, samples, windows) { OverTime.lastChange($0, isCounter: true) }
    case .idelta: try fillFromEnds(cells, samples, windows) { OverTime.lastChange($0, isCounter: false) }
    case .sumOverTime: try fillByScan(cells, samples, windows) { OverTime.sum($0) }
    case .avgOverTime: try fillByScan(cells, samples, windows) { OverTime.mean($0) }
    case .minOverTime: try fillByScan(cells, samples, windows) { OverTime.minimum($0) }
    case .maxOverTime: try fillByScan(cells, samples, windows) { OverTime.maximum($0) }
    case .stdvarOverTime: try fillByScan(cells, samples, windows) { OverTime.variance($0) }
    case .stddevOverTime: try fillByScan(cells, samples, windows) { OverTime.variance($0).squareRoot() }
    case .changes: try fillByScan(cells, samples, windows) { OverTime.changes($0) }
    case .resets: try fillByScan(cells, samples, windows) { OverTime.resets($0) }
    case .deriv:
      // Times relative to the first sample keep the squares small, and with them the rounding errors.
      try fillByScan(cells, samples, windows) {
        $0.count < 2 ? .absent : OverTime.regression($0, at: $0.firstTime).slope
      }
    case .predictLinear: try fillPredictions(cells, samples, windows)
    case .quantileOverTime: try fillQuantiles(cells, samples, windows)
    case .holtWinters, .doubleExponentialSmoothing: try fillSmoothed(cells, samples, windows)
    default: preconditionFailure("\(function) is not a function of a range vector")
    }
  }

  private mutating func fillRate(
    _ rate: CounterRate, _ cells: UnsafeMutableBufferPointer<Double>, _ samples: SampleWindow, _ windows: RangeWindows
  ) throws(QueryError) {
    if rate.isCounter { resets.measure(samples) }
    try budget.work(cells.count)
    try windows.slide(over: samples) { lower, upper, step throws(QueryError) in
      cells[step] = rate.value(
        of: samples.part(lower, upper), resets: rate.isCounter ? resets.between(lower, upper, of: samples) : 0,
        end: windows.end(step), range: windows.range)
    }
  }

  /// For functions that look at a fixed number of samples.
  @inline(__always)
  private func fillFromEnds(
    _ cells: UnsafeMutableBufferPointer<Double>, _ samples: SampleWindow, _ windows: RangeWindows,
    _ value: (SampleWindow) -> Double
  ) throws(QueryError) {
    try budget.work(cells.count)
    try windows.slide(over: samples) { lower, upper, step throws(QueryError) in
      cells[step] = value(samples.part(lower, upper))
    }
  }

  /// For functions that look at every sample of the window.
  @inline(__always)
  private func fillByScan(
    _ cells: UnsafeMutableBufferPointer<Double>, _ samples: SampleWindow, _ windows: RangeWindows,
    _ value: (SampleWindow) -> Double
  ) throws(QueryError) {
    try windows.slide(over: samples) { lower, upper, step throws(QueryError) in
      try budget.work(upper - lower)
      cells[step] = value(samples.part(lower, upper))
    }
  }

  private func fillPredictions(
    _ cells: UnsafeMutableBufferPointer<Double>, _ samples: SampleWindow, _ windows: RangeWindows
  ) throws(QueryError) {
    try windows.slide(over: samples) { lower, upper, step throws(QueryError) in
      guard upper - lower >= 2 else { return }
      try budget.work(upper - lower)
      let line = OverTime.regression(samples.part(lower, upper), at: windows.grid[step])
      cells[step] = line.slope * scalars[0][step] + line.intercept
    }
  }

  private mutating func fillQuantiles(
    _ cells: UnsafeMutableBufferPointer<Double>, _ samples: SampleWindow, _ windows: RangeWindows
  ) throws(QueryError) {
    try windows.slide(over: samples) { lower, upper, step throws(QueryError) in
      try budget.work(upper - lower)
      scratch.removeAll(keepingCapacity: true)
      for index in lower..<upper { scratch.append(samples.values[index]) }
      cells[step] = Quantile.value(scalars[0][step], of: &scratch)
    }
  }

  private func fillSmoothed(
    _ cells: UnsafeMutableBufferPointer<Double>, _ samples: SampleWindow, _ windows: RangeWindows
  ) throws(QueryError) {
    try windows.slide(over: samples) { lower, upper, step throws(QueryError) in
      let (smoothing, trend) = (scalars[0][step], scalars[1][step])
      try Self.checkFactor(smoothing, "smoothing")
      try Self.checkFactor(trend, "trend")
      try budget.work(upper - lower)
      cells[step] = OverTime.smoothed(samples.part(lower, upper), smoothing: smoothing, trend: trend)
    }
  }

  private static func checkFactor(_ factor: Double, _ name: String) throws(QueryError) {
    guard !(factor <= 0 || factor >= 1) else {
      throw .invalid("invalid \(name) factor. Expected: 0 < factor < 1, got: \(GoFloat.shortest(factor))")
    }
  }
}
