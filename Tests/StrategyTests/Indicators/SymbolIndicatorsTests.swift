import ControlModel
import Testing

@testable import Strategy

@Suite struct `The indicators of a symbol` {
  private let symbol = Symbol("AAPL")!

  @Test func `equal separate indicators, now and bars ago`() throws {
    let selection = try IndicatorSelection(emaPeriods: [21, 50, 21], rsiPeriods: [14, 7], zoneShapes: [.standard])
    #expect(selection.emaPeriods == [21, 50])
    var market = SymbolIndicators(symbol: symbol, timeframe: .day1, selection: selection)
    var (ema, rsi, atr, candlesticks) = (EMA(21), RSI(7), ATR(14), Candlesticks())
    var averages: [Double?] = []
    for bar in try Fixture.bars("AAPL") {
      try market.update(bar)
      ema.update(bar.close)
      rsi.update(close: bar.close)
      atr.update(bar)
      candlesticks.update(bar)
      averages.append(ema.value)
      for ago in [0, 1, 5, 20, IndicatorSelection.lookbackBarsMax] where ago < averages.count {
        #expect(market.ema(21, ago: ago) == averages[averages.count - 1 - ago])
      }
      #expect(market.rsi(7)?.value == rsi.value)
      #expect(market.atr == atr.value)
      #expect(market.patterns == candlesticks.value)
      #expect(market.lastBar == bar && market.recent.last == bar)
      #expect(market.isWarm == (averages.count >= 1_000))
    }
    #expect(market.ema(33) == nil && market.rsi(9) == nil)
    #expect(market.ema(21, ago: IndicatorSelection.lookbackBarsMax + 1) == nil && market.ema(21, ago: -1) == nil)
    #expect(market.lastBarEnd?.description == "2013-03-02T00:00:00.000Z")
  }

  @Test func `are not changed by a bar that is refused`() throws {
    var market = SymbolIndicators(
      symbol: symbol, timeframe: .day1,
      selection: try IndicatorSelection(emaPeriods: [2], rsiPeriods: [], zoneShapes: []))
    let bars = try Fixture.bars("AAPL")
    for bar in bars[..<5] { try market.update(bar) }
    let before = market
    #expect(throws: BarProblem.notAscending) { try market.update(bars[4]) }
    #expect(throws: BarProblem.notAscending) { try market.update(bars[0]) }
    #expect((market.barCount, market.ema(2), market.lastBar) == (5, before.ema(2), before.lastBar))
    #expect(Array(market.recent) == Array(before.recent))
  }

  @Test func `are bounded: a symbol carries at most eight settings of a kind`() throws {
    let eight = try IndicatorSelection(emaPeriods: Array(2...9), rsiPeriods: [], zoneShapes: [])
    let other = try IndicatorSelection(emaPeriods: [9], rsiPeriods: [14], zoneShapes: [])
    #expect(try eight.union(other).emaPeriods.count == 8)
    let ninth = try IndicatorSelection(emaPeriods: [10], rsiPeriods: [], zoneShapes: [])
    #expect(throws: ParameterError.self) { try eight.union(ninth) }
    #expect(throws: ParameterError.self) { try IndicatorSelection(emaPeriods: [0], rsiPeriods: [], zoneShapes: []) }
    #expect(throws: ParameterError.self) { try IndicatorSelection(emaPeriods: [], rsiPeriods: [1_001], zoneShapes: []) }
  }
}

@Suite struct `Zones` {
  /// The definition, recomputed from all bars of the window every time.
  private func zones(_ bars: [Bar], _ shape: ZoneShape, atr: Double) -> [Zone] {
    let span = shape.pivotSpan
    var pivots: [(price: Double, age: Int)] = []
    for index in max(span, bars.count - shape.windowBars)..<max(span, bars.count - span) {
      let before = bars[index - span..<index]
      let after = bars[index + 1...index + span]
      let age = bars.count - 1 - index
      if before.allSatisfy({ $0.high < bars[index].high }), after.allSatisfy({ $0.high <= bars[index].high }) {
        pivots.append((bars[index].high, age))
      }
      if before.allSatisfy({ $0.low > bars[index].low }), after.allSatisfy({ $0.low >= bars[index].low }) {
        pivots.append((bars[index].low, age))
      }
    }
    pivots.sort { $0.price < $1.price }
    var zones: [Zone] = []
    while let low = pivots.first?.price {
      let members = pivots.prefix { $0.price - low <= shape.mergeATR * atr }
      pivots.removeFirst(members.count)
      let high = members.last?.price ?? low
      let widening = max(0, shape.widthMinATR * atr - (high - low)) / 2
      let weight = members.reduce(0) { $0 + half($1.age) }
      zones.append(Zone(low: low - widening, high: high + widening, touches: members.count, weightedTouches: weight))
    }
    return zones
  }

  /// 0.5^(age/100) by repeated square roots and products, independent of the table.
  private func half(_ age: Int) -> Double {
    var (whole, rest) = age.quotientAndRemainder(dividingBy: 100)
    var weight = 1.0
    while whole > 0 {
      weight /= 2
      whole -= 1
    }
    // rest/100 in binary fractions of the exponent.
    var (fraction, root) = (Double(rest) / 100, 0.5)
    rest = 0
    for _ in 0..<60 {
      root = root.squareRoot()
      fraction *= 2
      if fraction >= 1 {
        weight *= root
        fraction -= 1
      }
    }
    return weight
  }

  @Test(arguments: Fixture.symbols)
  func `kept bar by bar equal zones computed from the whole window`(_ symbol: String) throws {
    let bars = try Array(Fixture.bars(symbol).prefix(1_200))
    let shapes = [
      ZoneShape.standard, try ZoneShape(pivotSpan: 2, windowBars: 60, mergeATR: 1.5, widthMinATR: 0.1),
    ]
    let selection = try IndicatorSelection(emaPeriods: [], rsiPeriods: [], zoneShapes: shapes)
    var market = SymbolIndicators(symbol: try #require(Symbol(symbol)), timeframe: .day1, selection: selection)
    for (index, bar) in bars.enumerated() {
      try market.update(bar)
      guard let atr = market.atr, index % 7 == 0 else { continue }
      for shape in shapes {
        let ours = try #require(market.zones(shape))
        let expected = zones(Array(bars[...index]), shape, atr: atr)
        #expect(ours.map(\.low) == expected.map(\.low) && ours.map(\.high) == expected.map(\.high))
        #expect(ours.map(\.touches) == expected.map(\.touches))
        #expect(zip(ours, expected).allSatisfy { abs($0.weightedTouches - $1.weightedTouches) < 1e-10 })
      }
    }
  }

  @Test func `count a plateau once and forget what left the window`() throws {
    let shape = try ZoneShape(pivotSpan: 2, windowBars: 50, mergeATR: 0.5, widthMinATR: 0.25)
    var market = SymbolIndicators(
      symbol: Symbol("X")!, timeframe: .minute1,
      selection: try IndicatorSelection(emaPeriods: [], rsiPeriods: [], zoneShapes: [shape]))
    // Lows rise all the time, so only the plateau of highs at bars 20...22 can be a turning point.
    for index in 0..<80 {
      let low = 10 + Double(index) * 0.01
      let high = (20...22).contains(index) ? 20 : 15 - abs(Double(index) - 21) * 0.01
      try market.update(
        Bar(start: WallTime(unixSeconds: Int64(index) * 60), open: low, high: high, low: low, close: low, volume: 1))
      let touches = market.zones(shape)?.map(\.touches)
      // Known two bars after bar 20; gone when bar 20 is the 51st newest.
      if index >= 22 && index < 70 { #expect(touches == [1], "bar \(index)") }
      if index >= 70 || index < 22 { #expect(touches == [], "bar \(index)") }
    }
  }
}
