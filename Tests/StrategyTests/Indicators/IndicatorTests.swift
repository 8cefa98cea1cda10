import ControlModel
import Testing

@testable import Strategy

/// What the golden files cannot show: edges, undefined values, long-run accuracy.
@Suite struct `Indicators` {
  private func bar(_ index: Int, _ open: Double, _ high: Double, _ low: Double, _ close: Double) throws -> Bar {
    try Bar(
      start: WallTime(unixSeconds: Int64(index) * 60), open: open, high: high, low: low, close: close, volume: 1)
  }

  @Test func `are undefined until warm`() throws {
    var (ema, sma, rsi, atr, macd, adx) = (EMA(3), SMA(3), RSI(3), ATR(3), MACD(fast: 2, slow: 3, signal: 2), ADX(3))
    var defined: [[Bool]] = []
    for index in 0..<7 {
      let close = Double(10 + index % 3)
      ema.update(close)
      sma.update(close)
      rsi.update(close: close)
      atr.update(try bar(index, close, close + 1, close - 1, close))
      macd.update(close: close)
      adx.update(try bar(index, close, close + 1, close - 1, close))
      defined.append([
        ema.value != nil, sma.value != nil, rsi.value != nil, atr.value != nil, macd.value != nil,
        adx.directions != nil, adx.value != nil,
      ])
    }
    let first = (0..<7).map { column in defined.firstIndex { $0[column] } }
    #expect(first == [2, 2, 3, 3, 3, 3, 5])
  }

  @Test func `an EMA starts from the plain mean`() {
    var ema = EMA(3)
    for number in [1.0, 2, 6] { ema.update(number) }
    #expect(ema.value == 3)
    ema.update(7)
    #expect(ema.value == 5)  // 3 + (7 - 3) × 2/4
  }

  @Test func `the RSI of a market that never moved is undefined, not oversold`() {
    var rsi = RSI(14)
    for _ in 0..<14 { rsi.update(close: 50) }
    #expect(!rsi.isWarm && rsi.value == nil)
    for _ in 0..<100 { rsi.update(close: 50) }
    #expect(rsi.isWarm && rsi.value == nil)
    rsi.update(close: 51)
    #expect(rsi.value == 100)
    rsi.update(close: 50)
    #expect(rsi.value.map { $0 > 0 && $0 < 100 } == true)
  }

  @Test func `the RSI stays between 0 and 100`() {
    var random = SeededRandom(3)
    var rsi = RSI(5)
    for _ in 0..<10_000 {
      rsi.update(close: Double.random(in: 1e-6...1e6, using: &random))
      if let value = rsi.value { #expect((0...100).contains(value)) }
    }
  }

  @Test func `Bollinger bands and SMA forget an outlier completely`() {
    var bollinger = Bollinger(20, width: 2)
    var sma = SMA(20)
    for close in [1e12] + Array(repeating: 7.25, count: 60) {
      bollinger.update(close: close)
      sma.update(close)
    }
    #expect(bollinger.value == Bollinger.Bands(upper: 7.25, middle: 7.25, lower: 7.25))
    #expect(sma.value == 7.25)
  }

  @Test func `Bollinger bands agree with two passes over the window after a million closes`() {
    var random = SeededRandom(5)
    var bollinger = Bollinger(20, width: 2)
    var window: [Double] = []
    for index in 0..<1_000_000 {
      let close = 100 + Double.random(in: -1...1, using: &random) * (index % 5_000 == 0 ? 1e6 : 1)
      bollinger.update(close: close)
      window.append(close)
      if window.count > 20 { window.removeFirst() }
    }
    let mean = window.reduce(0, +) / 20
    let deviation = (window.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20).squareRoot()
    #expect(bollinger.value.map { abs($0.middle - mean) < 1e-9 * mean } == true)
    #expect(bollinger.value.map { abs($0.upper - mean - 2 * deviation) < 1e-9 * mean } == true)
  }

  @Test func `directional movement of a flat market is 0, not a division by zero`() throws {
    var adx = ADX(14)
    for index in 0..<60 { adx.update(try bar(index, 5, 5, 5, 5)) }
    #expect(adx.value == 0)
    #expect(adx.directions == ADX.Directions(plus: 0, minus: 0))
  }

  @Test func `an engulfing that shares one edge counts 80`() throws {
    func pattern(_ second: (Double, Double)) throws -> Int8 {
      var candlesticks = Candlesticks()
      candlesticks.update(try bar(0, 10, 11, 9, 10))
      candlesticks.update(try bar(1, 10, 11, 8, 9))
      candlesticks.update(try bar(2, second.0, 12, 7, second.1))
      return candlesticks.value.engulfing
    }
    #expect(try pattern((8.5, 10.5)) == 100)
    #expect(try pattern((9, 10.5)) == 80)
    #expect(try pattern((8.5, 10)) == 80)
    #expect(try pattern((9, 10)) == 0)
    #expect(try pattern((10.5, 8.5)) == 0)
  }

  @Test func `pin bars and stars need the bars before them`() throws {
    var candlesticks = Candlesticks()
    for index in 0..<11 {
      candlesticks.update(try bar(index, 10, 12, 9, 11))
      #expect(candlesticks.value == Candlesticks.Patterns())
    }
    // Short body at the top, long lower shadow, low at the previous low.
    candlesticks.update(try bar(11, 9.2, 9.3, 7, 9.3))
    #expect(candlesticks.value.hammer == 100)
  }
}
