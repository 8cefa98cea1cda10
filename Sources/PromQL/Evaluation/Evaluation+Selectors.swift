extension Evaluation {
  /// The last sample of each series within the lookback at each step, or when it was taken, in seconds.
  func latestSamples(
    _ selector: VectorSelector, _ grid: StepGrid, yieldingTime: Bool = false
  ) throws(QueryError) -> VectorBlock {
    var block = VectorBlock(steps: grid.count, isDistinctWithoutName: selector.series.metricName != nil)
    guard grid.count > 0 else { return block }
    let reference = try TimeReference(selector.time, in: self)
    let reach = options.lookbackMilliseconds - (isV2 ? 0 : 1)
    let first = reference(grid.start) - reach
    let last = reference(grid.end)
    guard first <= last else { return block }
    let series = try select(selector.series, first...last)
    try budget.charge(rows: series.count, steps: 1)
    block.reserve(rows: min(series.count, Self.rowsReservedMax))
    for index in 0..<series.count {
      if grid.count == 1 {
        let sample = try reading { () throws(SeriesSourceError) in try series.latest(index, window: first...last) }
        if let sample, !SampleValue.isStaleMarker(sample.value) {
          let value = yieldingTime ? Double(sample.timestamp) / 1000 : sample.value
          block.appendSample(series.labels(at: index), value)
        }
        continue
      }
      try load(series, index, first...last)
      guard samples.count > 0 else { continue }
      try budget.charge(samples: grid.count)
      let window = samples.window
      try block.appendRow(series.labels(at: index)) { cells throws(QueryError) in
        Self.fillLatest(cells, from: window, grid, reference, reach: reach, yieldingTime: yieldingTime)
      }
    }
    return block
  }

  /// Rows a block makes room for at once; a selector that matches more grows as it goes.
  private static let rowsReservedMax = 16_384

  private static func fillLatest(
    _ cells: UnsafeMutableBufferPointer<Double>, from samples: SampleWindow, _ grid: StepGrid,
    _ reference: TimeReference, reach: Int64, yieldingTime: Bool
  ) {
    var upper = 0
    for step in 0..<cells.count {
      let time = reference(grid[step])
      while upper < samples.count, samples.times[upper] <= time { upper += 1 }
      guard upper > 0, samples.times[upper - 1] >= time - reach else { continue }
      let value = samples.values[upper - 1]
      // A stale marker is the absent value, so it ends the series here by itself.
      cells[step] = yieldingTime && !value.isAbsent ? Double(samples.times[upper - 1]) / 1000 : value
    }
  }

  func select(_ selector: SeriesSelector, _ window: ClosedRange<Int64>) throws(QueryError) -> any SelectedSeries {
    let (source, shouldStop) = (source, budget.shouldStop)
    let series = try reading { () throws(SeriesSourceError) in
      try source.select(selector, window: window, shouldStop: shouldStop)
    }
    try budget.check()
    return series
  }

  /// Loads the samples of one series into `samples`, stale markers included.
  func load(_ series: any SelectedSeries, _ index: Int, _ window: ClosedRange<Int64>) throws(QueryError) {
    samples.removeAll()
    try reading { () throws(SeriesSourceError) in try series.load(index, window: window, into: &samples) }
    try budget.charge(samples: samples.count)
  }

  private func reading<Value>(_ body: () throws(SeriesSourceError) -> Value) throws(QueryError) -> Value {
    do {
      return try body()
    } catch let problem {
      throw .sourceFailed(problem.message)
    }
  }
}
