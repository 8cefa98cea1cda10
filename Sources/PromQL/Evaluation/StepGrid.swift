/// The times a node is evaluated at: `start`, `start + step`, … in milliseconds since 1970.
struct StepGrid: Equatable {
  let start: Int64
  /// At least 1, also if there is only one time.
  let step: Int64
  let count: Int

  /// Farthest time from 1970 in milliseconds: 10,000 times 292 years, so that a time plus or minus a few durations
  /// cannot overflow.
  static let timeMax: Int64 = 10_000 * DurationText.millisecondsMax

  init(start: Int64, step: Int64 = 1, count: Int = 1) {
    self.start = start
    self.step = step
    self.count = count
  }

  @inline(__always)
  subscript(_ index: Int) -> Int64 { start + Int64(index) * step }

  var end: Int64 { count == 0 ? start : self[count - 1] }

  /// Only the first time: what a node is evaluated at that yields the same at all of them.
  var first: StepGrid { StepGrid(start: start, step: step, count: min(1, count)) }

  /// Milliseconds of a time in seconds, `nil` if it is no number or too far away.
  static func milliseconds(seconds: Double) -> Int64? {
    let milliseconds = (seconds * 1000).rounded(.toNearestOrAwayFromZero)
    guard milliseconds.magnitude <= Double(timeMax) else { return nil }
    return Int64(milliseconds)
  }
}
