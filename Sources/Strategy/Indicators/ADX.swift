/// Directional movement after Wilder: how much of the range went up, how much down, and how one-sided that has been.
package struct ADX: Sendable {
  /// Directional indicators, +DI and -DI.
  package struct Directions: Equatable, Sendable {
    /// +DI and -DI, per cent of the true range.
    package let plus: Double
    package let minus: Double
  }

  /// Defined from bar `period` (counted from 0) on.
  package private(set) var directions: Directions?
  /// The average directional index, 0...100; defined from bar `2 × period - 1` on.
  package private(set) var value: Double?
  private let period: Int
  private var range = TrueRange()
  private var last: Bar?
  private var seen = 0
  private var plusSum = 0.0
  private var minusSum = 0.0
  private var rangeSum = 0.0
  /// The newest directional index. A bar without movement keeps it.
  private var index = 0.0
  private var indexSum = 0.0
  private var indices = 0

  /// - Precondition: `period` is positive.
  package init(_ period: Int = 14) {
    precondition(period > 0, "an ADX needs a positive period, got \(period)")
    self.period = period
  }

  /// Takes in the next bar, in constant time.
  package mutating func update(_ bar: Bar) {
    range.update(bar)
    defer { last = bar }
    guard let last, let trueRange = range.value else { return }
    let up = bar.high - last.high
    let down = last.low - bar.low
    let plus = up > down && up > 0 ? up : 0
    let minus = down > up && down > 0 ? down : 0
    seen += 1
    // Wilder's sums start as plain sums of period - 1 movements; the next bar is the first to be smoothed in.
    guard seen >= period else {
      plusSum += plus
      minusSum += minus
      rangeSum += trueRange
      return
    }
    let length = Double(period)
    plusSum += plus - plusSum / length
    minusSum += minus - minusSum / length
    rangeSum += trueRange - rangeSum / length
    smooth(plus: percent(plusSum), minus: percent(minusSum))
  }

  private func percent(_ sum: Double) -> Double { rangeSum > 0 ? 100 * sum / rangeSum : 0 }

  private mutating func smooth(plus: Double, minus: Double) {
    directions = Directions(plus: plus, minus: minus)
    if plus + minus > 0 { index = 100 * abs(plus - minus) / (plus + minus) }
    if let value {
      self.value = (value * Double(period - 1) + index) / Double(period)
      return
    }
    indexSum += index
    indices += 1
    if indices == period { value = indexSum / Double(period) }
  }
}
