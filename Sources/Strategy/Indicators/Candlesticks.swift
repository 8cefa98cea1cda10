/// Five candlestick patterns with TA-Lib's definitions and strengths.
///
/// "Short", "long" and "near" are relative to the bars before: a body is short below the mean body of the previous ten,
/// a shadow very short below a tenth of the mean range of the previous ten, near is a fifth of the mean range of the
/// previous five. Averages are summed afresh every bar (ten additions): patterns are decided on `<`, where the rounding
/// error of a sliding sum would decide ties.
package struct Candlesticks: Sendable {
  /// What the newest bar completes: 0 nothing, 100 bullish, -100 bearish; ±80 an engulfing that shares one edge.
  package struct Patterns: Equatable, Sendable {
    package internal(set) var engulfing: Int8 = 0
    package internal(set) var hammer: Int8 = 0
    package internal(set) var shootingStar: Int8 = 0
    package internal(set) var morningStar: Int8 = 0
    package internal(set) var eveningStar: Int8 = 0
  }

  package private(set) var value = Patterns()
  private var bodies = SlidingWindow(capacity: 10)
  private var ranges = SlidingWindow(capacity: 10)
  /// The bar before, and the one before that.
  private var first: Candle?
  private var second: Candle?
  private var count = 0

  package init() {}

  /// Takes in the next bar, in constant time.
  package mutating func update(_ bar: Bar) {
    let candle = Candle(
      bar: bar, bodyMean: bodies.sum / 10, rangeMean10: ranges.sum / 10, rangeMean5: newestFive / 5)
    value = Patterns()
    // First bars as in TA-Lib: an engulfing at bar 2, a pin bar at 11, a star at 12.
    if let first, count >= 2 { value.engulfing = candle.engulfs(first) }
    if let first, count >= 11 {
      value.hammer = candle.isHammer(after: first) ? 100 : 0
      value.shootingStar = candle.isShootingStar(after: first) ? -100 : 0
    }
    if let first, let second, count >= 12 {
      value.morningStar = candle.isMorningStar(second, first) ? 100 : 0
      value.eveningStar = candle.isEveningStar(second, first) ? -100 : 0
    }
    _ = bodies.push(candle.body)
    _ = ranges.push(bar.high - bar.low)
    (second, first) = (first, candle)
    count += 1
  }

  private var newestFive: Double {
    var sum = 0.0
    for ago in (0..<5).reversed() { sum += ranges.value(ago: ago) ?? 0 }
    return sum
  }
}

/// One bar with the averages it is judged by, which come from the bars before it.
private struct Candle: Sendable {
  let bar: Bar
  let bodyMean: Double
  let rangeMean10: Double
  let rangeMean5: Double

  /// How far into the first bar's body a star's third bar must close.
  static let penetration = 0.3

  var body: Double { abs(bar.close - bar.open) }
  var bodyTop: Double { max(bar.open, bar.close) }
  var bodyBottom: Double { min(bar.open, bar.close) }
  var upperShadow: Double { bar.high - bodyTop }
  var lowerShadow: Double { bodyBottom - bar.low }
  var isWhite: Bool { bar.close >= bar.open }
  var shadowVeryShort: Double { 0.1 * rangeMean10 }

  func engulfs(_ before: Candle) -> Int8 {
    guard isWhite != before.isWhite else { return 0 }
    let (top, bottom) = (bodyTop, bodyBottom)
    let (innerTop, innerBottom) = (before.bodyTop, before.bodyBottom)
    guard (top >= innerTop && bottom < innerBottom) || (top > innerTop && bottom <= innerBottom) else { return 0 }
    let strength: Int8 = top != innerTop && bottom != innerBottom ? 100 : 80
    return isWhite ? strength : -strength
  }

  func isHammer(after before: Candle) -> Bool {
    body < bodyMean && lowerShadow > body && upperShadow < shadowVeryShort
      && bodyBottom <= before.bar.low + 0.2 * before.rangeMean5
  }

  func isShootingStar(after before: Candle) -> Bool {
    body < bodyMean && upperShadow > body && lowerShadow < shadowVeryShort && bodyBottom > before.bodyTop
  }

  /// A long black bar, a short body below it, a white bar that closes well into the first body.
  func isMorningStar(_ long: Candle, _ star: Candle) -> Bool {
    long.body > long.bodyMean && !long.isWhite && star.body <= star.bodyMean && star.bodyTop < long.bodyBottom
      && body > bodyMean && isWhite && bar.close > long.bar.close + long.body * Self.penetration
  }

  func isEveningStar(_ long: Candle, _ star: Candle) -> Bool {
    long.body > long.bodyMean && long.isWhite && star.body <= star.bodyMean && star.bodyBottom > long.bodyTop
      && body > bodyMean && !isWhite && bar.close < long.bar.close - long.body * Self.penetration
  }
}
