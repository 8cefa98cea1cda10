/// Bollinger bands: the simple mean of the last closes, and `width` population standard deviations to both sides.
package struct Bollinger: Sendable {
  /// The bands at one close, in price units.
  package struct Bands: Equatable, Sendable {
    package let upper: Double
    package let middle: Double
    package let lower: Double
  }

  /// Defined from close `period` on.
  package private(set) var value: Bands?
  private let width: Double
  private var window: SlidingWindow
  private var mean = 0.0
  /// Sum of squared distances from the mean (Welford), moved along with the window.
  private var squares = 0.0

  /// - Precondition: `period` is positive.
  package init(_ period: Int = 20, width: Double = 2) {
    window = SlidingWindow(capacity: period)
    self.width = width
  }

  /// Takes in the next close, in constant time.
  package mutating func update(close: Double) {
    let length = Double(window.capacity)
    let dropped = window.push(close)
    guard window.isFull else { return }
    if let dropped, window.next != 0 {
      let before = mean
      mean += (close - dropped) / length
      squares += (close - dropped) * (close - mean + dropped - before)
    } else {
      recompute(length)
    }
    let deviation = (max(squares, 0) / length).squareRoot()
    value = Bands(upper: mean + width * deviation, middle: mean, lower: mean - width * deviation)
  }

  /// Two passes over the window, once a turn: a sliding sum of squares keeps the rounding error of the largest number
  /// it ever held, long after that number left.
  private mutating func recompute(_ length: Double) {
    mean = window.sum / length
    squares = 0
    for value in window.values { squares += (value - mean) * (value - mean) }
  }
}
