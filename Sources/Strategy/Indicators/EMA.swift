/// Exponential moving average, seeded with the simple mean of the first `period` numbers (TA-Lib's convention).
package struct EMA: Sendable {
  package let period: Int
  /// Defined from number `period` on.
  package private(set) var value: Double?
  private let weight: Double
  private var seedSum = 0.0
  private var seen = 0

  /// - Precondition: `period` is positive.
  package init(_ period: Int) {
    precondition(period > 0, "an average needs a positive period, got \(period)")
    self.period = period
    weight = 2 / Double(period + 1)
  }

  /// Takes in the next number, in constant time.
  package mutating func update(_ number: Double) {
    if let value {
      self.value = (number - value) * weight + value
      return
    }
    seedSum += number
    seen += 1
    if seen == period { value = seedSum / Double(period) }
  }
}

/// Simple moving average.
package struct SMA: Sendable {
  /// Defined from number `period` on.
  package private(set) var value: Double?
  private var window: SlidingWindow
  private var sum = 0.0

  /// - Precondition: `period` is positive.
  package init(_ period: Int) {
    window = SlidingWindow(capacity: period)
  }

  /// Takes in the next number, in constant time.
  package mutating func update(_ number: Double) {
    sum += number - (window.push(number) ?? 0)
    guard window.isFull else { return }
    // Once a turn the sum is taken afresh: rounding errors of the sliding one would otherwise add up for ever.
    if window.next == 0 { sum = window.sum }
    value = sum / Double(window.capacity)
  }
}
