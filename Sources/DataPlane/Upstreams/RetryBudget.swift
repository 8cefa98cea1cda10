/// How many second tries an upstream is given: one for every five requests it answered, and three a second at least. Without
/// a bound, retries would double the load of an upstream that is failing under load.
struct RetryBudget: Equatable, Sendable {
  static let share = 0.2
  static let perSecondMin = 3.0
  /// What may be saved up, so that quiet hours do not pay for a storm.
  static let tokensMax = 100.0

  private var tokens = RetryBudget.perSecondMin
  private var answered = 0
  private var at: Int64?

  /// - Parameters:
  ///   - answered: requests the upstream has answered so far.
  ///   - now: monotonic nanoseconds.
  mutating func take(answered: Int, at now: Int64) -> Bool {
    let seconds = Double(max(0, now - (at ?? now))) / 1e9
    tokens = min(
      Self.tokensMax,
      tokens + max(Double(max(0, answered - self.answered)) * Self.share, seconds * Self.perSecondMin))
    self.answered = answered
    at = now
    guard tokens >= 1 else { return false }
    tokens -= 1
    return true
  }
}
