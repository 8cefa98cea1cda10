package import ControlModel

/// One interval of trading: first, highest, lowest and last price with the volume.
///
/// Prices are `Double` because everything computed from them is an estimate; they become exact numbers where an order
/// is sized (`Price.init(_:step:_:)`). A value of this type is always sane, so no indicator checks its input again.
package struct Bar: Equatable, Sendable {
  /// When the interval began.
  package let start: WallTime
  package let open: Double
  package let high: Double
  package let low: Double
  package let close: Double
  /// Units traded; 0 where the feed has no volume.
  package let volume: Double

  /// What `Price` can hold and an order could name: positive, and far from where squares and ratios overflow.
  package static let prices = 1e-8...9e10
  /// More units than any market trades in a day.
  package static let volumes = 0...1e15

  /// - Throws: a `BarProblem` unless all numbers are finite and within `prices` and `volumes`, and open and close lie
  ///   within low and high. A NaN would otherwise poison every average from here on.
  package init(
    start: WallTime, open: Double, high: Double, low: Double, close: Double, volume: Double
  ) throws(BarProblem) {
    guard open.isFinite, high.isFinite, low.isFinite, close.isFinite, volume.isFinite else { throw .notFinite }
    guard Self.prices.contains(open), Self.prices.contains(high), Self.prices.contains(low),
      Self.prices.contains(close)
    else { throw .priceOutOfRange }
    guard Self.volumes.contains(volume) else { throw .volumeOutOfRange }
    guard low <= high else { throw .highBelowLow }
    guard low <= min(open, close), max(open, close) <= high else { throw .outsideRange }
    self.init(checked: start, open, high, low, close, volume)
  }

  init(checked start: WallTime, _ open: Double, _ high: Double, _ low: Double, _ close: Double, _ volume: Double) {
    self.start = start
    self.open = open
    self.high = high
    self.low = low
    self.close = close
    self.volume = volume
  }
}

/// Why a bar was refused at the door.
package enum BarProblem: String, Error, Equatable, Sendable {
  case notFinite = "a number is not finite"
  case priceOutOfRange = "a price is not within 0.00000001 to 90000000000"
  case volumeOutOfRange = "the volume is not within 0 to 1000000000000000"
  case highBelowLow = "high is below low"
  case outsideRange = "open or close lies outside low and high"
  case notAscending = "the time is not after the bar before it"
}

/// How long a bar lasts.
package enum Timeframe: String, CaseIterable, Sendable {
  case minute1 = "1m"
  case minute5 = "5m"
  case minute15 = "15m"
  case hour1 = "1h"
  case hour4 = "4h"
  case day1 = "1d"

  package var seconds: Int64 {
    switch self {
    case .minute1: 60
    case .minute5: 300
    case .minute15: 900
    case .hour1: 3600
    case .hour4: 14_400
    case .day1: 86_400
    }
  }
}
