package import ControlModel

/// Everything a decision about one profile and one symbol may look at. Building one reads nothing; it is all passed in.
///
/// It shares the symbol's indicators by copy-on-write: set the account fields per profile on one value, and let go of
/// it before the next `market.update`.
package struct RuleContext: Sendable {
  /// Indicators over closed bars only.
  package var market: SymbolIndicators
  package var instrument: Instrument
  package var quote: Quote
  package var account: AccountView
  /// The newest cached verdict on the symbol; nil when there is none. Never fetched from within a rule.
  package var ai: AIVerdict?
  /// What the venue last said about its hours; nil when it has none to say.
  package var venueClock: VenueClock?
  package var now: WallTime

  package init(
    market: SymbolIndicators, instrument: Instrument, quote: Quote, account: AccountView, ai: AIVerdict? = nil,
    venueClock: VenueClock? = nil, now: WallTime
  ) {
    self.market = market
    self.instrument = instrument
    self.quote = quote
    self.account = account
    self.ai = ai
    self.venueClock = venueClock
    self.now = now
  }

  /// Why no rule may judge the market yet; nil when one may.
  var unreadiness: RuleCode? {
    guard market.isWarm, let end = market.lastBarEnd else { return .warmUp }
    return end <= now ? nil : .barOpen
  }
}

/// What the venue says about trading an instrument.
package struct Instrument: Equatable, Sendable {
  /// Smallest price step.
  package let tick: Price
  /// Smallest quantity step.
  package let lot: Quantity
  package let quantityMin: Quantity
  package let notionalMin: Money
  package let fees: Fees

  /// - Throws: unless tick and lot are positive and the minima are not negative.
  package init(
    tick: Price, lot: Quantity, quantityMin: Quantity, notionalMin: Money, fees: Fees = .none
  ) throws(ParameterError) {
    guard tick.isPositive else { throw ParameterError("instrument.tick", "must be positive, got \(tick)") }
    guard lot.isPositive else { throw ParameterError("instrument.lot", "must be positive, got \(lot)") }
    self.tick = tick
    self.lot = lot
    self.quantityMin = try quantityMin.checked("instrument.quantityMin", .zero ... .max)
    self.notionalMin = try notionalMin.checked("instrument.notionalMin", .zero ... .max)
    self.fees = fees
  }
}

/// What one side of a trade costs, per unit and as a share of the notional.
package struct Fees: Equatable, Sendable {
  package let perUnit: Price
  package let basisPoints: Int

  /// Nothing.
  package static let none = Fees(checked: .zero, 0)

  /// - Throws: for a negative fee or more than 10 %.
  package init(perUnit: Price, basisPoints: Int) throws(ParameterError) {
    self.init(
      checked: try perUnit.checked("fees.perUnit", .zero ... .max),
      try basisPoints.checked("fees.basisPoints", 0...1_000))
  }

  private init(checked perUnit: Price, _ basisPoints: Int) {
    self.perUnit = perUnit
    self.basisPoints = basisPoints
  }

  /// Fees of entering and leaving one unit at `price`, rounded up.
  func roundTrip(at price: Price) throws(NumberError) -> Price {
    try (perUnit + price.portion(basisPoints: basisPoints, .up)) * 2
  }
}

/// The best prices at a moment.
package struct Quote: Equatable, Sendable {
  package let bid: Price
  package let ask: Price
  package let asOf: WallTime

  /// nil unless `0 < bid <= ask`.
  package init?(bid: Price, ask: Price, asOf: WallTime) {
    guard bid.isPositive, bid <= ask else { return nil }
    self.bid = bid
    self.ask = ask
    self.asOf = asOf
  }

  /// One positive price on both sides.
  init(checked price: Price, _ asOf: WallTime) {
    bid = price
    ask = price
    self.asOf = asOf
  }
}

/// The account as the profile sees it, after reservations.
package struct AccountView: Equatable, Sendable {
  package let equity: Money
  package let buyingPower: Money
  /// Present position in the symbol; negative is short.
  package let position: Quantity

  package init(equity: Money, buyingPower: Money, position: Quantity) {
    self.equity = equity
    self.buyingPower = buyingPower
    self.position = position
  }
}

/// A language model's cached reading of the news about a symbol.
package struct AIVerdict: Equatable, Sendable {
  /// -1 bearish ... 1 bullish.
  package let score: Double
  /// 0...1
  package let confidence: Double
  package let asOf: WallTime

  /// nil unless both numbers are within their ranges.
  package init?(score: Double, confidence: Double, asOf: WallTime) {
    guard (-1...1).contains(score), (0...1).contains(confidence) else { return nil }
    self.score = score
    self.confidence = confidence
    self.asOf = asOf
  }
}

/// What rules further down the list build on: facts derived once, before any verdict.
package struct Findings: Sendable {
  /// Set by the trend; nil when there is none.
  package let direction: Direction?
  package let stop: StopPlan?
  package let zone: ZoneReading?
}
