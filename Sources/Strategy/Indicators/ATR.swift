/// A bar's range including the gap from the close before it.
package struct TrueRange: Sendable {
  /// Defined from the second bar on.
  package private(set) var value: Double?
  private var lastClose: Double?

  package init() {}

  /// Takes in the next bar, in constant time.
  package mutating func update(_ bar: Bar) {
    if let lastClose {
      value = max(bar.high - bar.low, abs(bar.high - lastClose), abs(bar.low - lastClose))
    }
    lastClose = bar.close
  }
}

/// Average true range after Wilder, in price units: the yardstick of every distance in the rules.
package struct ATR: Sendable {
  package let period: Int
  /// Defined from bar `period` (counted from 0) on.
  package private(set) var value: Double?
  private var range = TrueRange()
  private var seedSum = 0.0
  private var seen = 0

  /// - Precondition: `period` is positive.
  package init(_ period: Int = 14) {
    precondition(period > 0, "an ATR needs a positive period, got \(period)")
    self.period = period
  }

  /// Takes in the next bar, in constant time.
  package mutating func update(_ bar: Bar) {
    range.update(bar)
    guard let range = range.value else { return }
    if let value {
      self.value = (value * Double(period - 1) + range) / Double(period)
      return
    }
    seedSum += range
    seen += 1
    if seen == period { value = seedSum / Double(period) }
  }
}
