import ControlModel
import Testing

@testable import Strategy

/// A market on which all seven rules pass, with an account; tests change one thing at a time.
struct Scene {
  var context: RuleContext
  var parameters: Pipeline.Parameters

  /// AAPL, split-adjusted, at the first bar on which the default rules say "buy" (AI and session switched off).
  static func long() throws -> Scene { try longScene.get() }

  /// IBM at the first bar on which they say "sell short".
  static func short() throws -> Scene {
    var scene = try shortScene.get()
    scene.parameters.allowsShort = true
    return scene
  }

  private static let longScene = Result { try Scene("AAPL", .long) }
  private static let shortScene = Result { try Scene("IBM", .short) }

  private init(_ symbol: String, _ direction: Direction) throws {
    var parameters = Pipeline.Parameters()
    parameters.session = try SessionRule.Parameters(calendar: .continuous)
    parameters.ai = try AIAnalysis.Parameters(mode: .off)
    parameters.allowsShort = true
    let pipeline = Pipeline(parameters)
    parameters.allowsShort = false
    var found: RuleContext?
    try Scene.replay(symbol, parameters) { context in
      let decision = pipeline.evaluate(context)
      guard decision.action == .enter, decision.direction == direction else { return true }
      found = context
      return false
    }
    context = try #require(found)
    self.parameters = parameters
  }

  func decide() -> Decision { Pipeline(parameters).evaluate(context) }

  func holding(_ position: String) throws -> Scene {
    var scene = self
    scene.context.account = AccountView(
      equity: context.account.equity, buyingPower: context.account.buyingPower, position: try Quantity(position))
    return scene
  }

  func with(_ change: (inout Scene) throws -> Void) rethrows -> Scene {
    var scene = self
    try change(&scene)
    return scene
  }

  static func instrument(fees: Fees = .none) throws -> Instrument {
    try Instrument(
      tick: Price("0.01"), lot: Quantity("1"), quantityMin: Quantity("1"), notionalMin: Money("1"), fees: fees)
  }

  static func account(_ equity: String = "100000") throws -> AccountView {
    AccountView(equity: try Money(equity), buyingPower: try Money(equity), position: .zero)
  }

  /// Every warm bar of a split-adjusted series as a context whose quote is the close, until `visit` answers false.
  static func replay(
    _ symbol: String, _ parameters: Pipeline.Parameters, isAdjusted: Bool = true, _ visit: (RuleContext) throws -> Bool
  ) throws {
    let recorded = try Fixture.bars(symbol)
    let bars = isAdjusted ? SplitAdjustment.adjusted(recorded).bars : recorded
    var market = SymbolIndicators(
      symbol: try #require(Symbol(symbol)), timeframe: .day1, selection: parameters.indicators)
    let (instrument, account) = (try instrument(), try account())
    for bar in bars {
      try market.update(bar)
      guard market.isWarm, let now = market.lastBarEnd else { continue }
      let price = try Price(bar.close, step: instrument.tick)
      let quote = try #require(Quote(bid: price, ask: price, asOf: now))
      let context = RuleContext(market: market, instrument: instrument, quote: quote, account: account, now: now)
      guard try visit(context) else { return }
    }
  }
}
