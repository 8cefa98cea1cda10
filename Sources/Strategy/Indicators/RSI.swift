/// Relative strength index after Wilder: the share of upward movement in all movement, 0...100.
package struct RSI: Sendable {
  package let period: Int
  /// Defined from bar `period` on, except while the market is flat. TA-Lib answers 0 for a market that did not move at
  /// all, which reads as "oversold"; we answer nothing.
  package private(set) var value: Double?
  /// Enough bars were seen. `isWarm` without a value is a flat market.
  package var isWarm: Bool { changes >= period }
  private var lastClose: Double?
  private var gain = 0.0
  private var loss = 0.0
  private var changes = 0

  /// - Precondition: `period` is positive.
  package init(_ period: Int = 14) {
    precondition(period > 0, "an RSI needs a positive period, got \(period)")
    self.period = period
  }

  /// Takes in the next close, in constant time.
  package mutating func update(close: Double) {
    defer { lastClose = close }
    guard let lastClose else { return }
    let change = close - lastClose
    let length = Double(period)
    if changes < period {
      changes += 1
      gain += max(change, 0)
      loss += max(-change, 0)
      guard changes == period else { return }
      gain /= length
      loss /= length
    } else {
      gain = (gain * (length - 1) + max(change, 0)) / length
      loss = (loss * (length - 1) + max(-change, 0)) / length
    }
    let movement = gain + loss
    value = movement > 0 ? 100 * gain / movement : nil
  }
}
