package import ControlModel

/// The seven rules as a backtest strategy: the same `Pipeline.evaluate` that trades, on a simulated account.
///
/// The quote is the close on both sides; the account may use all of its equity. There is no cached AI verdict in the
/// past, so that rule should be off: a model asked today knows the future.
package struct PipelineStrategy: BacktestStrategy, Sendable {
  private let pipeline: Pipeline
  private var context: RuleContext

  /// Starts flat, with no bar seen.
  package init(_ parameters: Pipeline.Parameters, symbol: Symbol, timeframe: Timeframe, instrument: Instrument) {
    pipeline = Pipeline(parameters)
    let market = SymbolIndicators(symbol: symbol, timeframe: timeframe, selection: parameters.indicators)
    let nothing = AccountView(equity: .zero, buyingPower: .zero, position: .zero)
    let epoch = WallTime(unixMilliseconds: 0)
    context = RuleContext(
      market: market, instrument: instrument, quote: Quote(checked: Price(mantissa: 1), epoch), account: nothing,
      now: epoch)
  }

  mutating func decide(_ bar: Bar, _ holding: BacktestHolding?, equity: Double) -> BacktestOrder? {
    do {
      try context.market.advance(bar)
      let now = context.market.lastBarEnd ?? bar.start
      context.now = now
      guard pipeline.couldAct(context) else { return nil }
      context.market.mergeZones()
      let money = try Money(equity, step: Money(mantissa: 1))
      context.quote = Quote(checked: try Price(bar.close, step: context.instrument.tick), now)
      context.account = AccountView(
        equity: money, buyingPower: money,
        position: try Quantity(holding?.signedSize ?? 0, step: Quantity(mantissa: 1)))
    } catch {
      // A number beyond the exact types' range: there is no order to place in it.
      return nil
    }
    let decision = pipeline.evaluate(context)
    switch decision.action {
    case .none: return nil
    case .exit: return .close
    case .enter:
      return decision.plan.map {
        .enter(
          $0.direction, size: $0.quantity.double, stop: $0.stop.double, takeProfit: $0.takeProfit.double)
      }
    }
  }
}
