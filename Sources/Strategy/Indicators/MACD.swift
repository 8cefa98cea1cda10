/// Moving average convergence/divergence: fast minus slow EMA, and an EMA of that.
package struct MACD: Sendable {
  /// The three lines at one close, in price units.
  package struct Value: Equatable, Sendable {
    package let line: Double
    package let signal: Double
    package var histogram: Double { line - signal }
  }

  /// Defined once the signal is: from close `slow + signal - 1` on.
  package private(set) var value: Value?
  private var fast: EMA
  private var slow: EMA
  private var signal: EMA
  /// Closes the fast average skips, so that both are seeded at the same close as TA-Lib does.
  private var skipped: Int

  /// - Precondition: all periods are positive and `fast <= slow`.
  package init(fast: Int = 12, slow: Int = 26, signal: Int = 9) {
    precondition(fast <= slow, "the fast period \(fast) is longer than the slow one \(slow)")
    self.fast = EMA(fast)
    self.slow = EMA(slow)
    self.signal = EMA(signal)
    skipped = slow - fast
  }

  /// Takes in the next close, in constant time.
  package mutating func update(close: Double) {
    slow.update(close)
    if skipped > 0 {
      skipped -= 1
    } else {
      fast.update(close)
    }
    guard let fast = fast.value, let slow = slow.value else { return }
    let line = fast - slow
    signal.update(line)
    if let signal = signal.value { value = Value(line: line, signal: signal) }
  }
}
