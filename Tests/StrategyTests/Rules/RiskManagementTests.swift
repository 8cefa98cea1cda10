import ControlModel
import Testing

@testable import Strategy

@Suite struct `The plan of an entry` {
  private func plans(
    _ symbol: String, _ risk: RiskManagement.Parameters, _ fees: Fees, equity: String,
    _ check: (EntryPlan, RuleContext) throws -> Void
  ) throws {
    var parameters = Pipeline.Parameters()
    parameters.risk = risk
    var count = 0
    let (instrument, account) = (try Scene.instrument(fees: fees), try Scene.account(equity))
    try Scene.replay(symbol, parameters) { context in
      var context = context
      context.instrument = instrument
      context.account = account
      let decision = Pipeline(parameters).evaluate(context)
      #expect((decision.plan != nil) == (decision.results.riskManagement.verdict == .pass))
      if let plan = decision.plan {
        count += 1
        try check(plan, context)
      }
      return true
    }
    #expect(count > 100, "too few plans to prove anything")
  }

  @Test(arguments: Fixture.symbols)
  func `loses at most the risked money at the stop, and one lot more would break a limit`(_ symbol: String) throws {
    for (equity, perUnit, basisPoints) in [("100000", "0", 0), ("25000.37", "0.005", 10), ("3000000", "0.01", 0)] {
      let fees = try Fees(perUnit: Price(perUnit), basisPoints: basisPoints)
      try plans(symbol, RiskManagement.Parameters(), fees, equity: equity) { plan, context in
        let equity = Int128(context.account.equity.mantissa)
        func cost(_ quantity: Quantity) throws -> (loss: Int128, notional: Int128) {
          let perUnit = try Int128((plan.stopDistance + context.instrument.fees.roundTrip(at: plan.entry)).mantissa)
          return (perUnit * Int128(quantity.mantissa), Int128(plan.entry.mantissa) * Int128(quantity.mantissa))
        }
        // Money and price in 1e-8, quantity in 1e-9: compare at 1e-17.
        let (risked, positionMax) = (equity / 100 * 1_000_000_000, equity / 5 * 1_000_000_000)
        let orderMax = Int128(10_000) * 100_000_000 * 1_000_000_000
        let now = try cost(plan.quantity)
        #expect(now.loss <= risked && now.notional <= positionMax && now.notional <= orderMax)
        let more = try cost(plan.quantity + context.instrument.lot)
        #expect(more.loss > risked || more.notional > positionMax || more.notional > orderMax)
        #expect(plan.quantity.mantissa % context.instrument.lot.mantissa == 0)
      }
    }
  }

  @Test(arguments: Fixture.symbols)
  func `has its stop and target on ticks, never nearer than asked`(_ symbol: String) throws {
    try plans(symbol, RiskManagement.Parameters(), .none, equity: "100000") { plan, context in
      let tick = context.instrument.tick
      let isLong = plan.direction == .long
      #expect(plan.stop.mantissa % tick.mantissa == 0 && plan.takeProfit.mantissa % tick.mantissa == 0)
      #expect(isLong ? plan.stop < plan.entry && plan.entry < plan.takeProfit : plan.takeProfit < plan.entry)
      #expect(plan.stopDistance == (try (plan.entry - plan.stop).absolute()))
      let atr = try #require(context.market.atr)
      let asked = max(2 * atr, 0.002 * plan.entry.double, 0.04)
      #expect(plan.stopDistance.double >= asked - 1e-7 && plan.stopDistance.double < asked + 0.01 + 1e-7)
      let reward = try (plan.takeProfit - plan.entry).absolute().double
      #expect(reward >= 2 * plan.stopDistance.double - 1e-7 && reward < 2 * plan.stopDistance.double + 0.01 + 1e-7)
    }
  }

  @Test func `is smaller with less buying power and with a coarser lot`() throws {
    let scene = try Scene.long()
    let free = try #require(scene.decide().plan)
    let poor = try scene.with {
      let account = $0.context.account
      $0.context.account = AccountView(equity: account.equity, buyingPower: try Money("1000"), position: .zero)
    }
    let limited = try #require(poor.decide().plan)
    #expect(limited.quantity < free.quantity)
    #expect(try limited.entry.notional(of: limited.quantity) <= Money("1000"))
    let coarse = try scene.with {
      $0.context.instrument = try Instrument(
        tick: Price("0.01"), lot: Quantity("100"), quantityMin: Quantity("100"), notionalMin: Money("1"))
    }
    #expect(try #require(coarse.decide().plan).quantity.mantissa % (100 * 1_000_000_000) == 0)
  }

  @Test func `may hold a fraction of a share in billionths`() throws {
    let fractional = try Scene.long().with {
      $0.context.account = try Scene.account("20")
      $0.context.instrument = try Instrument(
        tick: Price("0.01"), lot: Quantity("0.000000001"), quantityMin: .zero, notionalMin: Money("1"))
    }
    // 20 % of 20 dollars buys at most 4 dollars' worth, 1 % of it may be lost: 0.20 / 0.89.
    #expect(fractional.decide().plan?.quantity.description == "0.224719101")
  }

  @Test func `is refused, not trapped, when the account owes money`() throws {
    for equity in ["0", "-100000", "-92233720368.54775808"] {
      let scene = try Scene.long().with { $0.context.account = try Scene.account(equity) }
      #expect(scene.decide().results.riskManagement.code == .sizeTooSmall)
      #expect(scene.decide().plan == nil)
    }
  }

  @Test func `survives the edges of every exact type`() throws {
    let edges: [Int64] = [1, 2, 1_000_000, .max / 2, .max - 1, .max]
    for price in edges {
      for tick in edges {
        for equity in [Int64.min, -1, 0, 1, .max] {
          let scene = try Scene.short().with {
            let quote = Price(mantissa: price)
            $0.context.quote = try #require(Quote(bid: quote, ask: quote, asOf: $0.context.now))
            $0.context.instrument = try Instrument(
              tick: Price(mantissa: tick), lot: Quantity(mantissa: tick), quantityMin: .zero, notionalMin: .zero)
            let money = Money(mantissa: equity)
            $0.context.account = AccountView(equity: money, buyingPower: money, position: .zero)
          }
          if let plan = scene.decide().plan { #expect(plan.quantity.isPositive && plan.takeProfit.isPositive) }
        }
      }
    }
  }
}
