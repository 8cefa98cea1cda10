import Testing

@testable import Strategy

/// Every indicator against TA-Lib, bar by bar, over thirteen years of four shares.
@Suite struct `Indicators agree with TA-Lib` {
  /// Relative to the value; near zero relative to `scale`, the size of the numbers that were subtracted to get there.
  private func expectEqual(
    _ ours: [Double?], _ column: String, _ table: Table, scale: Double = 1e-3, tolerance: Double = 1e-9
  ) throws {
    let theirs = try table.numbers(column)
    #expect(ours.count == theirs.count)
    var worst = 0.0
    for (index, (one, other)) in zip(ours, theirs).enumerated() {
      guard let one, let other else {
        #expect((one == nil) == (other == nil), "\(column) at bar \(index): \(String(describing: one))")
        continue
      }
      worst = max(worst, abs(one - other) / max(abs(other), scale))
    }
    #expect(worst <= tolerance, "\(column): worst relative error \(worst)")
  }

  private func table(_ symbol: String) throws -> Table {
    try Fixture.table("indicators/ta_wiki_\(symbol.lowercased())_d.csv")
  }

  private func mean(_ bars: [Bar]) -> Double { bars.reduce(0) { $0 + $1.close } / Double(bars.count) }

  @Test(arguments: Fixture.symbols)
  func `EMA 9, 21, 50, 200 and SMA 20`(_ symbol: String) throws {
    let (bars, table) = (try Fixture.bars(symbol), try table(symbol))
    for period in [9, 21, 50, 200] {
      var ema = EMA(period)
      try expectEqual(
        bars.map {
          ema.update($0.close); return ema.value
        }, "EMA\(period)", table)
    }
    var sma = SMA(20)
    try expectEqual(
      bars.map {
        sma.update($0.close); return sma.value
      }, "SMA20", table)
  }

  @Test(arguments: Fixture.symbols)
  func `RSI 14`(_ symbol: String) throws {
    var rsi = RSI(14)
    let ours = try Fixture.bars(symbol).map {
      rsi.update(close: $0.close); return rsi.value
    }
    try expectEqual(ours, "RSI14", table(symbol))
  }

  @Test(arguments: Fixture.symbols)
  func `true range and ATR 14`(_ symbol: String) throws {
    let (bars, table) = (try Fixture.bars(symbol), try table(symbol))
    var range = TrueRange()
    try expectEqual(
      bars.map {
        range.update($0); return range.value
      }, "TRANGE", table)
    var atr = ATR(14)
    try expectEqual(
      bars.map {
        atr.update($0); return atr.value
      }, "ATR14", table)
  }

  @Test(arguments: Fixture.symbols)
  func `Bollinger bands 20 by 2`(_ symbol: String) throws {
    let (bars, table) = (try Fixture.bars(symbol), try table(symbol))
    var bollinger = Bollinger(20, width: 2)
    let ours = bars.map {
      bollinger.update(close: $0.close); return bollinger.value
    }
    try expectEqual(ours.map { $0?.upper }, "BBU20", table)
    try expectEqual(ours.map { $0?.middle }, "BBM20", table)
    try expectEqual(ours.map { $0?.lower }, "BBL20", table)
  }

  @Test(arguments: Fixture.symbols)
  func `MACD 12, 26, 9`(_ symbol: String) throws {
    let (bars, table) = (try Fixture.bars(symbol), try table(symbol))
    var macd = MACD()
    let ours = bars.map {
      macd.update(close: $0.close); return macd.value
    }
    // A difference of two prices: near zero only its error against the price means anything.
    let price = mean(bars)
    try expectEqual(ours.map { $0?.line }, "MACD", table, scale: price, tolerance: 1e-10)
    try expectEqual(ours.map { $0?.signal }, "MACDS", table, scale: price, tolerance: 1e-10)
    try expectEqual(ours.map { $0?.histogram }, "MACDH", table, scale: price, tolerance: 1e-10)
  }

  @Test(arguments: Fixture.symbols)
  func `ADX, +DI and -DI 14`(_ symbol: String) throws {
    let (bars, table) = (try Fixture.bars(symbol), try table(symbol))
    var adx = ADX(14)
    let ours = bars.map {
      adx.update($0); return (adx.value, adx.directions)
    }
    try expectEqual(ours.map(\.0), "ADX14", table)
    try expectEqual(ours.map { $0.1?.plus }, "PDI14", table)
    try expectEqual(ours.map { $0.1?.minus }, "MDI14", table)
  }

  @Test(arguments: Fixture.symbols)
  func `five candlestick patterns, without one exception`(_ symbol: String) throws {
    let (bars, table) = (try Fixture.bars(symbol), try table(symbol))
    var candlesticks = Candlesticks()
    let ours = bars.map {
      candlesticks.update($0); return candlesticks.value
    }
    for (column, pattern) in [
      ("CDLENGULFING", \Candlesticks.Patterns.engulfing), ("CDLHAMMER", \.hammer),
      ("CDLSHOOTINGSTAR", \.shootingStar), ("CDLMORNINGSTAR", \.morningStar), ("CDLEVENINGSTAR", \.eveningStar),
    ] {
      let theirs = try table.numbers(column)
      let wrong = bars.indices.filter { Double(ours[$0][keyPath: pattern]) != theirs[$0] }
      #expect(wrong.isEmpty, "\(column) differs at \(wrong.prefix(5))")
      #expect(theirs.contains { $0 != 0 }, "\(column) never occurs: the comparison proves nothing")
    }
  }
}
