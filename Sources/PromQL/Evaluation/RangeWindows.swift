/// The windows a range function sees: one for each step, sliding over the samples of a series.
struct RangeWindows {
  let grid: StepGrid
  let range: Int64
  private let reference: TimeReference
  /// 1 if a window excludes a sample exactly at its start.
  private let openStart: Int64

  init(
    _ shift: TimeShift, range: Int64, _ grid: StepGrid, in evaluation: Evaluation
  ) throws(QueryError) {
    self.grid = grid
    self.range = range
    reference = try TimeReference(shift, in: evaluation)
    openStart = evaluation.isV2 ? 0 : 1
  }

  /// The time the window of a step ends at; its samples are no later.
  @inline(__always)
  func end(_ step: Int) -> Int64 { reference(grid[step]) }

  /// All times the windows cover, `nil` if they are empty.
  var covered: ClosedRange<Int64>? {
    let first = reference(grid.start) - range + openStart
    let last = reference(grid.end)
    return grid.count > 0 && first <= last ? first...last : nil
  }

  /// Calls `body` with the samples of each step that has any, as indices. Both ends only move forward, so finding all
  /// windows costs as many steps as there are samples.
  @inline(__always)
  func slide(
    over samples: SampleWindow,
    _ body: (_ lower: Int, _ upper: Int, _ step: Int) throws(QueryError) -> Void
  ) throws(QueryError) {
    var lower = 0
    var upper = 0
    for step in 0..<grid.count {
      let end = end(step)
      let start = end - range + openStart
      while upper < samples.count, samples.times[upper] <= end { upper += 1 }
      while lower < upper, samples.times[lower] < start { lower += 1 }
      if lower < upper { try body(lower, upper, step) }
    }
  }
}
