import ControlModel
import Testing

@testable import Strategy

/// Places the orders it was told to, bar by bar.
private struct Script: BacktestStrategy {
  var orders: [Int: BacktestOrder]
  var index = 0

  mutating func decide(_ bar: Bar, _ holding: BacktestHolding?, equity: Double) -> BacktestOrder? {
    defer { index += 1 }
    return orders[index]
  }
}

@Suite struct `A backtest` {
  /// Bars given as open, high, low, close.
  private func run(
    _ prices: [(Double, Double, Double, Double)], _ orders: [Int: BacktestOrder], commission: Double = 0
  ) throws -> BacktestResult {
    let bars = try prices.enumerated().map { index, price in
      try Bar(
        start: WallTime(unixSeconds: Int64(index)), open: price.0, high: price.1, low: price.2, close: price.3,
        volume: 1)
    }
    var script = Script(orders: orders)
    return Backtest.run(
      bars, &script, try Backtest.Settings(cash: 1_000, commissionRate: commission, recordsEquity: true))
  }

  private let quiet = (10.0, 11.0, 9.0, 10.0)

  private func buy(stop: Double, target: Double? = nil) -> BacktestOrder {
    .enter(.long, size: 10, stop: stop, takeProfit: target)
  }

  private func sell(stop: Double, target: Double? = nil) -> BacktestOrder {
    .enter(.short, size: 10, stop: stop, takeProfit: target)
  }

  @Test func `fills at the next bar's open and closes what is left at the last open`() throws {
    let result = try run([quiet, (10.5, 12, 10, 11), (11.5, 12, 11, 12), (13, 14, 12, 14)], [0: buy(stop: 1)])
    let trade = try #require(result.trades.first)
    #expect((trade.entryBar, trade.exitBar, trade.entryPrice, trade.exitPrice) == (1, 3, 10.5, 13))
    #expect(trade.profit == 25 && result.finalEquity == 1_025)
    #expect(result.equity == [1_000, 1_005, 1_015, 1_025])
  }

  @Test func `stops at the stop, or at the open if the bar opens beyond it`() throws {
    let touched = try run([quiet, quiet, (10, 10.5, 7, 8), quiet], [0: buy(stop: 8.5)])
    #expect((touched.trades[0].exitBar, touched.trades[0].exitPrice) == (2, 8.5))
    let gapped = try run([quiet, quiet, (8, 8.2, 7, 8), quiet], [0: buy(stop: 8.5)])
    #expect(gapped.trades[0].exitPrice == 8)
    let short = try run([quiet, quiet, (10, 12.5, 9, 12), quiet], [0: sell(stop: 12)])
    #expect((short.trades[0].exitPrice, short.trades[0].profit) == (12, -20))
    let shortGap = try run([quiet, quiet, (13, 14, 12.5, 13), quiet], [0: sell(stop: 12)])
    #expect(shortGap.trades[0].exitPrice == 13)
  }

  @Test func `a stop is live from the entry bar on`() throws {
    let inside = try run([quiet, (10, 11, 8, 9), quiet], [0: buy(stop: 8.5)])
    #expect((inside.trades[0].entryBar, inside.trades[0].exitBar, inside.trades[0].exitPrice) == (1, 1, 8.5))
    let beyond = try run([quiet, (8, 9, 7, 8), quiet], [0: buy(stop: 8.5)])
    #expect((beyond.trades[0].entryPrice, beyond.trades[0].exitPrice, beyond.trades[0].profit) == (8, 8, 0))
  }

  @Test func `takes profit at the target, or better at the open; a bar that touches both counts as stopped`() throws {
    let touched = try run([quiet, quiet, (10, 12.5, 9, 12), quiet], [0: buy(stop: 5, target: 12)])
    #expect((touched.trades[0].exitBar, touched.trades[0].exitPrice) == (2, 12))
    let gapped = try run([quiet, quiet, (13, 14, 12.5, 13), quiet], [0: buy(stop: 5, target: 12)])
    #expect(gapped.trades[0].exitPrice == 13)
    let both = try run([quiet, quiet, (10, 13, 4, 12), quiet], [0: buy(stop: 5, target: 12)])
    #expect(both.trades[0].exitPrice == 5)
    let short = try run([quiet, quiet, (10, 10, 7, 8), quiet], [0: sell(stop: 20, target: 8)])
    #expect((short.trades[0].exitPrice, short.trades[0].profit) == (8, 20))
  }

  @Test func `closes before it enters, and a queued close wins over the stop`() throws {
    let result = try run(
      [quiet, quiet, (9.5, 10, 7, 8), quiet, quiet], [0: buy(stop: 8.5), 1: .close, 2: sell(stop: 20)])
    #expect(result.trades.map(\.exitPrice) == [9.5, 10])
    #expect(result.trades.map(\.entryBar) == [1, 3])
  }

  @Test func `never fills an order of the last bar`() throws {
    #expect(try run([quiet, quiet], [1: buy(stop: 1)]).trades.isEmpty)
    #expect(try run([], [:]).finalEquity == 1_000)
    #expect(try run([quiet], [0: buy(stop: 1)]).barCount == 1)
  }

  @Test func `takes commission on both fills`() throws {
    let result = try run([quiet, quiet, (20, 20, 20, 20)], [0: buy(stop: 1)], commission: 0.01)
    let trade = try #require(result.trades.first)
    #expect(abs(trade.commission - 3) < 1e-12 && abs(trade.profit - 97) < 1e-12)
    #expect(abs(result.finalEquity - 1_097) < 1e-9)
    #expect(result.winRate == 1)
  }

  @Test func `measures the deepest fall from a peak`() throws {
    let result = try run(
      [quiet, (10, 10, 10, 10), (20, 20, 20, 20), (15, 15, 15, 15), (16, 16, 16, 16)], [0: buy(stop: 1)])
    #expect(abs(result.drawdownMax - 50.0 / 1_100) < 1e-12)
  }

  @Test(arguments: Fixture.symbols)
  func `of the EMA cross enters and leaves exactly where TA-Lib's indicators say`(_ symbol: String) throws {
    let bars = try Fixture.bars(symbol)
    let table = try Fixture.table("indicators/ta_wiki_\(symbol.lowercased())_d.csv")
    let (fast, slow) = (try table.numbers("EMA50"), try table.numbers("EMA200"))
    let (rsi, atr) = (try table.numbers("RSI14"), try table.numbers("ATR14"))
    let result = Backtest.run(bars, try EMACross.Parameters(size: 10), try Backtest.Settings())
    var freeFrom = 200
    for trade in result.trades {
      for index in freeFrom...trade.entryBar - 1 {
        let (f, s) = (try #require(fast[index]), try #require(slow[index]))
        let (r, close) = (try #require(rsi[index]), bars[index].close)
        let long = f > s && 50 < r && r < 70 && close > f
        let short = f < s && 30 < r && r < 50 && close < f
        #expect((long || short) == (index == trade.entryBar - 1), "bar \(index)")
        guard index == trade.entryBar - 1, let atr = atr[index] else { continue }
        #expect((trade.size > 0) == long)
        #expect(abs(trade.stop - (long ? close - 2 * atr : close + 2 * atr)) < 1e-9 * close)
      }
      #expect(trade.entryPrice == bars[trade.entryBar].open)
      let isLong = trade.size > 0
      func isStopped(_ index: Int) -> Bool {
        isLong ? bars[index].low <= trade.stop : bars[index].high >= trade.stop
      }
      // The averages changed sides at the close of this bar, against the position.
      func isCrossed(_ index: Int) throws -> Bool {
        let (f, s) = (try #require(fast[index]), try #require(slow[index]))
        let (fBefore, sBefore) = (try #require(fast[index - 1]), try #require(slow[index - 1]))
        return isLong ? fBefore >= sBefore && f < s : fBefore <= sBefore && f > s
      }
      for index in trade.entryBar..<trade.exitBar {
        #expect(!isStopped(index), "bar \(index)")
        if index < trade.exitBar - 1 { #expect(try !isCrossed(index), "bar \(index)") }
      }
      let exit = bars[trade.exitBar]
      let isClosed = try trade.exitBar > trade.entryBar && isCrossed(trade.exitBar - 1)
      if isClosed || (trade.exitBar == bars.count - 1 && !isStopped(trade.exitBar)) {
        #expect(trade.exitPrice == exit.open)
      } else {
        #expect(isStopped(trade.exitBar))
        #expect(trade.exitPrice == (isLong ? min(exit.open, trade.stop) : max(exit.open, trade.stop)))
      }
      #expect(abs(trade.profit - trade.size * (trade.exitPrice - trade.entryPrice)) < 1e-9)
      freeFrom = trade.exitBar
    }
    #expect(result.trades.count > 10)
    #expect(abs(result.finalEquity - 1_000_000 - result.trades.reduce(0) { $0 + $1.profit }) < 1e-6)
  }

  @Test(arguments: Fixture.symbols)
  func `of the seven rules keeps to its plans`(_ symbol: String) throws {
    let bars = SplitAdjustment.adjusted(try Fixture.bars(symbol)).bars
    var parameters = Pipeline.Parameters()
    parameters.session = try SessionRule.Parameters(calendar: .continuous)
    parameters.ai = try AIAnalysis.Parameters(mode: .off)
    parameters.allowsShort = true
    let strategy = PipelineStrategy(
      parameters, symbol: try #require(Symbol(symbol)), timeframe: .day1, instrument: try Scene.instrument())
    let settings = try Backtest.Settings(cash: 100_000, recordsEquity: true)
    let result = try Backtest.run(bars, strategy, settings)
    #expect(try Backtest.run(bars, strategy, settings) == result)
    #expect(!result.trades.isEmpty)
    for (one, next) in zip(result.trades, result.trades.dropFirst()) { #expect(one.exitBar <= next.entryBar) }
    for trade in result.trades {
      #expect(trade.entryBar >= BarSeries.warmUpBars)
      #expect(abs(trade.size) * bars[trade.entryBar - 1].close <= 10_000.01)
      // The loss is bounded by the stop, unless the market gapped over it or over the entry.
      if trade.size > 0 { #expect(trade.stop < bars[trade.entryBar - 1].close) }
      if trade.size < 0 { #expect(trade.stop > bars[trade.entryBar - 1].close) }
    }
    let profit = result.trades.reduce(0) { $0 + $1.profit }
    #expect(abs(result.finalEquity - 100_000 - profit) < 1e-6)
    #expect(result.equity?.count == bars.count)
  }

  @Test(arguments: Fixture.symbols)
  func `of the seven rules enters on every signal of the live pipeline, at its stop`(_ symbol: String) throws {
    let bars = SplitAdjustment.adjusted(try Fixture.bars(symbol)).bars
    var parameters = Pipeline.Parameters()
    parameters.session = try SessionRule.Parameters(calendar: .continuous)
    parameters.ai = try AIAnalysis.Parameters(mode: .off)
    parameters.allowsShort = true
    var signals: [Int: EntryPlan] = [:]
    var index = BarSeries.warmUpBars - 1
    try Scene.replay(symbol, parameters) { context in
      let decision = Pipeline(parameters).evaluate(context)
      if decision.action == .enter { signals[index] = decision.plan }
      index += 1
      return true
    }
    let strategy = PipelineStrategy(
      parameters, symbol: try #require(Symbol(symbol)), timeframe: .day1, instrument: try Scene.instrument())
    let trades = try Backtest.run(bars, strategy, try Backtest.Settings(cash: 100_000)).trades
    for trade in trades {
      let plan = try #require(signals[trade.entryBar - 1])
      #expect(trade.stop == plan.stop.double && (trade.size > 0) == (plan.direction == .long))
    }
    // A signal without a trade came while a position was open, or on the last bar.
    let entries = Set(trades.map { $0.entryBar - 1 })
    for signal in signals.keys where !entries.contains(signal) && signal < bars.count - 1 {
      #expect(trades.contains { ($0.entryBar..<$0.exitBar).contains(signal) }, "bar \(signal)")
    }
  }

  @Test func `refuses bars out of order and settings out of bounds`() throws {
    let bars = try Fixture.bars("IBM")
    let strategy = PipelineStrategy(
      Pipeline.Parameters(), symbol: Symbol("IBM")!, timeframe: .day1, instrument: try Scene.instrument())
    #expect(throws: BarProblem.notAscending) {
      try Backtest.run(bars.reversed(), strategy, try Backtest.Settings())
    }
    #expect(throws: ParameterError.self) { try Backtest.Settings(cash: .nan) }
    #expect(throws: ParameterError.self) { try Backtest.Settings(commissionRate: 0.2) }
    #expect(throws: ParameterError.self) { try EMACross.Parameters(fast: 200, slow: 200, size: 1) }
    #expect(throws: ParameterError.self) { try EMACross.Parameters(size: 0) }
  }
}
