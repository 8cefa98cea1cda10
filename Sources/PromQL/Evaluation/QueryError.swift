/// Why a query has no result.
package enum QueryError: Error, Equatable, CustomStringConvertible {
  /// The query would load or produce more samples than the budget allows.
  case budgetExceeded(samplesMax: Int)
  /// `shouldStop` said so: the deadline passed, or nobody waits for the result any more.
  case stopped
  /// The source could not answer.
  case sourceFailed(String)
  /// The data or the arguments do not allow the operation, e.g. several series match where one must.
  case invalid(String)

  package var description: String {
    switch self {
    case .budgetExceeded(let samplesMax):
      "query would load or produce more than \(samplesMax) samples; narrow the selectors, the range or the step"
    case .stopped: "query was stopped before it was finished"
    case .sourceFailed(let message): "reading series failed: \(message)"
    case .invalid(let message): message
    }
  }
}
