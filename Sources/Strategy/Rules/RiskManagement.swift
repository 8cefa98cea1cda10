/// Rule f: a stop the market's noise does not reach, a size that loses a fixed share of equity there, a target worth
/// it.
package enum RiskManagement {
  /// What a profile may set. Bounds stand at each parameter; values within them are all that exists.
  package struct Parameters: Hashable, Sendable {
    /// 0.1...20, stop distance in multiples of ATR14.
    package private(set) var stopATR = 2.0
    /// 0.1...20, take-profit distance in multiples of the stop distance.
    package private(set) var rewardRisk = 2.0
    /// 1...1,000; share of equity lost when the stop is hit. 100 is 1 %.
    package private(set) var riskBasisPoints = 100
    /// 0...1,000; the stop is at least this share of the price away.
    package private(set) var stopMinBasisPoints = 20
    /// 0...1,000; and at least this many ticks.
    package private(set) var stopMinTicks = 4
    /// 0...100; with less ATR14, in per cent of the close, the market is dead.
    package private(set) var atrPercentMin = 0.05
    /// atrPercentMin...100; with more it is broken.
    package private(set) var atrPercentMax = 8.0
    /// 0...20; least (reward - fees) / (risk + fees).
    package private(set) var netRewardRiskMin = 1.0
    /// Positive; most money one order may move.
    package private(set) var orderNotionalMax = Money(mantissa: 10_000 * 100_000_000)
    /// 1...10,000; largest position as a share of equity.
    package private(set) var positionBasisPointsMax = 2_000

    /// The defaults.
    package init() {}

    /// - Throws: naming the first parameter outside the bounds written at it.
    package init(
      stopATR: Double = 2, rewardRisk: Double = 2, riskBasisPoints: Int = 100, stopMinBasisPoints: Int = 20,
      stopMinTicks: Int = 4, atrPercentMin: Double = 0.05, atrPercentMax: Double = 8, netRewardRiskMin: Double = 1,
      orderNotionalMax: Money = Money(mantissa: 10_000 * 100_000_000), positionBasisPointsMax: Int = 2_000
    ) throws(ParameterError) {
      self.stopATR = try stopATR.checked("risk.stopATR", 0.1...20)
      self.rewardRisk = try rewardRisk.checked("risk.rewardRisk", 0.1...20)
      self.riskBasisPoints = try riskBasisPoints.checked("risk.riskBasisPoints", 1...1_000)
      self.stopMinBasisPoints = try stopMinBasisPoints.checked("risk.stopMinBasisPoints", 0...1_000)
      self.stopMinTicks = try stopMinTicks.checked("risk.stopMinTicks", 0...1_000)
      self.atrPercentMin = try atrPercentMin.checked("risk.atrPercentMin", 0...100)
      self.atrPercentMax = try atrPercentMax.checked("risk.atrPercentMax", atrPercentMin...100)
      self.netRewardRiskMin = try netRewardRiskMin.checked("risk.netRewardRiskMin", 0...20)
      self.orderNotionalMax = try orderNotionalMax.checked("risk.orderNotionalMax", Money(mantissa: 1) ... .max)
      self.positionBasisPointsMax = try positionBasisPointsMax.checked("risk.positionBasisPointsMax", 1...10_000)
    }

    var text: String {
      "risk(stopATR=\(stopATR),rewardRisk=\(rewardRisk),riskBasisPoints=\(riskBasisPoints),"
        + "stopMinBasisPoints=\(stopMinBasisPoints),stopMinTicks=\(stopMinTicks),"
        + "atrPercentMin=\(atrPercentMin),atrPercentMax=\(atrPercentMax),netRewardRiskMin=\(netRewardRiskMin),"
        + "orderNotionalMax=\(orderNotionalMax),positionBasisPointsMax=\(positionBasisPointsMax))"
    }
  }

  /// The verdict, and the order it would place; no plan unless the verdict is `pass`.
  package static func evaluate(
    _ context: RuleContext, _ findings: Findings, _ parameters: Parameters
  ) -> (result: RuleResult, plan: EntryPlan?) {
    if let code = context.unreadiness { return (.notReady(.riskManagement, code), nil) }
    guard let direction = findings.direction else { return (.skipped(.riskManagement, .noDirection), nil) }
    guard let atr = context.market.atr, let close = context.market.lastBar?.close, let reading = findings.zone else {
      return (.notReady(.riskManagement, .warmUp), nil)
    }
    let atrPercent = RuleValues.Entry(.atrPercent, 100 * atr / close)
    guard parameters.atrPercentMin <= atrPercent.value, atrPercent.value <= parameters.atrPercentMax else {
      return (.fail(.riskManagement, .volatilityRange, direction, RuleValues(atrPercent)), nil)
    }
    guard let stop = findings.stop else { return (.fail(.riskManagement, .outOfRange, direction), nil) }
    switch outcome(context, stop, direction, parameters) {
    case .plan(let plan):
      let values = RuleValues(
        .init(.entry, plan.entry.double), .init(.stop, plan.stop.double),
        .init(.stopDistance, plan.stopDistance.double), .init(.takeProfit, plan.takeProfit.double),
        .init(.quantity, plan.quantity.double), atrPercent)
      let score = reading.room / (2 * parameters.rewardRisk * plan.stopDistance.double)
      return (.pass(.riskManagement, direction, score: score, values), plan)
    case .refused(let code):
      let values = RuleValues(
        .init(.entry, stop.entry.double), .init(.stop, stop.stop.double), .init(.stopDistance, stop.distance.double),
        atrPercent)
      return (.fail(.riskManagement, code, direction, values), nil)
    }
  }

  private enum Outcome {
    case plan(EntryPlan)
    case refused(RuleCode)
  }

  private static func outcome(
    _ context: RuleContext, _ stop: StopPlan, _ direction: Direction, _ parameters: Parameters
  ) -> Outcome {
    do throws(NumberError) {
      let instrument = context.instrument
      let fees = try instrument.fees.roundTrip(at: stop.entry)
      let target = try takeProfit(stop, direction, instrument.tick, parameters)
      let risk = try stop.distance + fees
      let reward = try (target - stop.entry).absolute() - fees
      guard stop.stop.isPositive, target.isPositive, stop.distance.isPositive,
        reward.double >= parameters.netRewardRiskMin * risk.double
      else { return .refused(.noRewardRisk) }
      let quantity = try quantity(context, stop, riskPerUnit: risk, parameters)
      guard quantity.isPositive, quantity >= instrument.quantityMin,
        try stop.entry.notional(of: quantity) >= instrument.notionalMin
      else { return .refused(.sizeTooSmall) }
      return .plan(
        EntryPlan(
          direction: direction, entry: stop.entry, stop: stop.stop, stopDistance: stop.distance, takeProfit: target,
          quantity: quantity))
    } catch {
      return .refused(.outOfRange)
    }
  }

  /// Rounded away from the entry, so that the reward never falls short of the asked multiple.
  private static func takeProfit(
    _ stop: StopPlan, _ direction: Direction, _ tick: Price, _ parameters: Parameters
  ) throws(NumberError) -> Price {
    let reward = try Price(stop.distance.double * parameters.rewardRisk, step: Price(mantissa: 1))
    return direction == .long
      ? try (stop.entry + reward).rounded(to: tick, .up)
      : try (stop.entry - reward).rounded(to: tick, .down)
  }

  /// Whole lots whose loss at the stop, fees included, is at most the risked money; then the caps, the lowest wins.
  private static func quantity(
    _ context: RuleContext, _ stop: StopPlan, riskPerUnit: Price, _ parameters: Parameters
  ) throws(NumberError) -> Quantity {
    let account = context.account
    let riskMoney = try account.equity.portion(basisPoints: parameters.riskBasisPoints, .down)
    let positionMoney = try account.equity.portion(basisPoints: parameters.positionBasisPointsMax, .down)
    let notionalMax = min(parameters.orderNotionalMax, positionMoney, account.buyingPower)
    let quantity = min(
      try riskMoney.quantity(at: riskPerUnit, .down), try notionalMax.quantity(at: stop.entry, .down))
    return try quantity.rounded(to: context.instrument.lot, .down)
  }
}

/// Entry price and stop of a trade that has not been judged yet.
package struct StopPlan: Equatable, Sendable {
  /// The price a marketable order pays: the ask for a long, the bid for a short.
  package let entry: Price
  package let stop: Price
  /// `|entry - stop|`
  package let distance: Price
}

/// An entry the rules would place, in exact numbers.
package struct EntryPlan: Equatable, Sendable {
  package let direction: Direction
  package let entry: Price
  package let stop: Price
  package let stopDistance: Price
  package let takeProfit: Price
  /// Units to buy (long) or sell (short); always positive.
  package let quantity: Quantity
}

extension RiskManagement {
  /// nil when there is no ATR, or a number leaves its range.
  ///
  /// A function rather than an initializer: initializers own their arguments, which would copy the context.
  static func stop(_ context: RuleContext, _ direction: Direction, _ parameters: Parameters) -> StopPlan? {
    guard let atr = context.market.atr else { return nil }
    let tick = context.instrument.tick
    let isLong = direction == .long
    let entry = isLong ? context.quote.ask : context.quote.bid
    do throws(NumberError) {
      let noise = try Price(parameters.stopATR * atr, step: Price(mantissa: 1), .up)
      let share = try entry.portion(basisPoints: parameters.stopMinBasisPoints, .up)
      let ticks = try tick * Int64(parameters.stopMinTicks)
      let wanted = max(noise, share, ticks)
      // Away from the entry: a rounded stop must not come closer than asked.
      let stop = isLong ? try (entry - wanted).rounded(to: tick, .down) : try (entry + wanted).rounded(to: tick, .up)
      return StopPlan(entry: entry, stop: stop, distance: try (entry - stop).absolute())
    } catch {
      return nil
    }
  }
}
