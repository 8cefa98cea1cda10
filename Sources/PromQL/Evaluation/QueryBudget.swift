/// What a query may still spend, and whether anyone still wants its result.
final class QueryBudget {
  private let samplesMax: Int
  private(set) var samplesLeft: Int
  private var workUntilCheck = QueryBudget.checkInterval
  let shouldStop: () -> Bool

  /// Steps of work (samples read by a function, cells computed) between two questions to `shouldStop`: few enough that a
  /// query ends at once when told to, so many that asking costs nothing next to the work.
  static let checkInterval = 65_536

  init(samplesMax: Int, shouldStop: @escaping () -> Bool) {
    self.samplesMax = samplesMax
    samplesLeft = samplesMax
    self.shouldStop = shouldStop
  }

  /// Counts samples before they are loaded or produced, so that memory is refused rather than allocated.
  func charge(samples: Int) throws(QueryError) {
    guard samples <= samplesLeft else { throw .budgetExceeded(samplesMax: samplesMax) }
    samplesLeft -= samples
    try work(samples)
  }

  /// Counts the cells of `rows` times `steps`.
  func charge(rows: Int, steps: Int) throws(QueryError) {
    let (cells, overflows) = rows.multipliedReportingOverflow(by: steps)
    guard !overflows else { throw .budgetExceeded(samplesMax: samplesMax) }
    try charge(samples: cells)
  }

  /// Counts the bytes of a label set the query made.
  func charge(_ labels: Labels) throws(QueryError) {
    try charge(samples: labels.packed.count / 16 + 1)
  }

  /// Counts work that needs no memory.
  @inline(__always)
  func work(_ steps: Int) throws(QueryError) {
    workUntilCheck -= steps
    if workUntilCheck <= 0 { try check() }
  }

  func check() throws(QueryError) {
    workUntilCheck = Self.checkInterval
    if shouldStop() { throw .stopped }
  }
}
