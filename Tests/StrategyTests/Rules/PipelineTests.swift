import ControlModel
import Testing

@testable import Strategy

@Suite struct `A decision` {
  @Test func `to enter carries the plan and the signal's identity`() throws {
    let scene = try Scene.long()
    let decision = scene.decide()
    #expect(decision.action == .enter && decision.code == .enter && decision.direction == .long)
    #expect(decision.score >= 0.55)
    #expect(decision.plan?.direction == .long && decision.plan?.quantity.isPositive == true)
    let signal = try #require(decision.signal)
    #expect(signal.symbol == Symbol("AAPL") && signal.timeframe == .day1 && signal.action == .enter)
    #expect(signal.barEnd == scene.context.market.lastBarEnd)
    #expect(signal.parameters == scene.parameters.text && signal.strategyVersion == Pipeline.version)
    #expect(scene.decide() == decision)
  }

  @Test func `records all seven rules in order, whatever the first says`() throws {
    let closed = try Scene.long().with {
      $0.parameters.trend = try TrendBias.Parameters(fast: 50, slow: 200, slopeBars: 5, separationMinATR: 5)
    }
    let results = closed.decide().results
    #expect(results.inOrder.map(\.rule) == RuleName.allCases)
    #expect(results.trendBias.verdict == .fail)
    #expect(results.inOrder.dropFirst().dropLast().allSatisfy { $0.verdict == .pass })
  }

  @Test func `weighs the rules as documented`() throws {
    let decision = try Scene.long().decide()
    let scores = decision.results.inOrder.map(\.score)
    let sum = 0.20 * scores[0] + 0.20 * scores[2] + 0.15 * scores[3] + 0.25 * scores[4] + 0.10 * scores[5]
    #expect(abs(decision.score - sum / 0.9) < 1e-12)
    let withAI = try Scene.long().with {
      $0.parameters.ai = try AIAnalysis.Parameters(mode: .veto)
      $0.context.ai = AIVerdict(score: 0, confidence: 1, asOf: $0.context.now)
    }
    #expect(abs(withAI.decide().score - min(sum / 0.9, sum + 0.05)) < 1e-12)
  }

  @Test func `needs every gate and the least score`() throws {
    let scene = try Scene.long()
    let score = scene.decide().score
    var strict = scene
    try strict.parameters.setScoreMin(score)
    #expect(strict.decide().action == .enter)
    try strict.parameters.setScoreMin(score.nextUp)
    #expect(strict.decide().code == .scoreLow && strict.decide().signal == nil)
    let gated = try scene.with { try $0.setZone(touchesMin: 10) }
    #expect(gated.decide().code == .gateFailed)
    let early = scene.with { $0.context.now = $0.context.now.adding(milliseconds: -1) }
    #expect(early.decide().code == .notReady && early.decide().direction == nil)
  }

  @Test func `never adds to a position`() throws {
    #expect(try Scene.long().holding("1").decide().code == .noPyramid)
    #expect(try Scene.short().holding("-0.000000001").decide().code == .noPyramid)
    #expect(try Scene.long().holding("1").decide().action == .none)
  }

  @Test func `closes an opposite position and does not flip it`() throws {
    for scene in [try Scene.long().holding("-5"), try Scene.short().holding("5")] {
      let decision = scene.decide()
      #expect(decision.action == .exit && decision.code == .exit)
      #expect(decision.signal?.action == .exit)
    }
  }

  @Test func `to close is held back neither by the session nor by size nor by AI`() throws {
    let stuck = try Scene.long().holding("-5").with {
      $0.parameters.session = try SessionRule.Parameters(calendar: .nyse(.standard))
      $0.parameters.ai = try AIAnalysis.Parameters(mode: .required)
      $0.context.account = AccountView(equity: .zero, buyingPower: .zero, position: $0.context.account.position)
    }
    let decision = stuck.decide()
    #expect(decision.results.session.verdict == .fail && decision.results.aiAnalysis.verdict == .fail)
    #expect(decision.results.riskManagement.verdict == .fail)
    #expect(decision.action == .exit)
  }

  @Test func `to close still needs the directional rules`() throws {
    let farFromZone = try Scene.long().holding("-5").with { try $0.setZone(touchesMin: 10) }
    #expect(farFromZone.decide().code == .gateFailed)
    var strict = try Scene.long().holding("-5")
    try strict.parameters.setScoreMin(1)
    #expect(strict.decide().code == .scoreLow)
  }

  @Test func `to go short must be allowed`() throws {
    let scene = try Scene.short()
    #expect(scene.decide().action == .enter && scene.decide().direction == .short)
    let forbidden = scene.with { $0.parameters.allowsShort = false }
    #expect(forbidden.decide().code == .shortNotAllowed && forbidden.decide().signal == nil)
    #expect(try forbidden.holding("5").decide().action == .exit)
  }

  @Test func `is never possible where the quick check says it is not`() throws {
    for symbol in Fixture.symbols {
      var parameters = Pipeline.Parameters()
      parameters.session = try SessionRule.Parameters(calendar: .continuous)
      parameters.ai = try AIAnalysis.Parameters(mode: .off)
      parameters.allowsShort = true
      let pipeline = Pipeline(parameters)
      var (acted, skipped) = (0, 0)
      try Scene.replay(symbol, parameters) { context in
        let could = pipeline.couldAct(context)
        skipped += could ? 0 : 1
        for position in [Quantity.zero, try Quantity("1"), try Quantity("-1")] {
          var context = context
          context.account = AccountView(
            equity: context.account.equity, buyingPower: context.account.buyingPower, position: position)
          let decision = pipeline.evaluate(context)
          acted += decision.action == .none ? 0 : 1
          #expect(could || decision.action == .none)
        }
        return true
      }
      #expect(acted > 0 && skipped > 0)
    }
  }

  @Test func `explains itself in eight lines`() throws {
    let lines = try Scene.long().decide().explanation
    #expect(lines.count == 8)
    #expect(lines[0].hasPrefix("enter ENTER long score=0.6"))
    #expect(lines.dropFirst().map { $0.prefix { $0 != " " } } == RuleName.allCases.map { $0.rawValue[...] })
    #expect(lines[4].contains("rsi=53.1916 lower=50.0 upper=70.0"))
    #expect(lines[7] == "AIAnalysis skipped OFF")
  }
}

@Suite struct `The parameters of a strategy` {
  @Test func `have a text that differs whenever one of them does`() throws {
    var all: [Pipeline.Parameters] = [Pipeline.Parameters()]
    func vary(_ change: (inout Pipeline.Parameters) throws -> Void) rethrows {
      var parameters = Pipeline.Parameters()
      try change(&parameters)
      all.append(parameters)
    }
    try vary { $0.trend = try .init(fast: 49, slow: 200, slopeBars: 5, separationMinATR: 0.1) }
    try vary { $0.trend = try .init(fast: 50, slow: 199, slopeBars: 5, separationMinATR: 0.1) }
    try vary { $0.trend = try .init(fast: 50, slow: 200, slopeBars: 6, separationMinATR: 0.1) }
    try vary { $0.trend = try .init(fast: 50, slow: 200, slopeBars: 5, separationMinATR: 0.2) }
    try vary { $0.session = try .init(calendar: .continuous) }
    try vary { $0.session = try .init(calendar: .fxWeek) }
    try vary { $0.session = try .init(calendar: .nyse(NYSECalendar(overrides: []))) }
    try vary { $0.session = try .init(calendar: .nyse(.standard), openBufferMinutes: 6) }
    try vary { $0.session = try .init(calendar: .nyse(.standard), closeBufferMinutes: 16) }
    try vary { $0.session = try .init(calendar: .nyse(.standard), isExtended: true) }
    try vary {
      let span = SessionRule.Blackout(from: WallTime(unixSeconds: 0), to: WallTime(unixSeconds: 1))
      $0.session = try .init(calendar: .nyse(.standard), blackouts: [try #require(span)])
    }
    for (span, window, merge, width) in [
      (6, 250, 0.5, 0.25), (5, 251, 0.5, 0.25), (5, 250, 0.6, 0.25), (5, 250, 0.5, 0.3),
    ] {
      try vary {
        let shape = try ZoneShape(pivotSpan: span, windowBars: window, mergeATR: merge, widthMinATR: width)
        $0.zone = try .init(shape: shape, touchesMin: 2, distanceMaxATR: 1, roomMinStops: 1.5)
      }
    }
    try vary { $0.zone = try .init(shape: .standard, touchesMin: 3, distanceMaxATR: 1, roomMinStops: 1.5) }
    try vary { $0.zone = try .init(shape: .standard, touchesMin: 2, distanceMaxATR: 2, roomMinStops: 1.5) }
    try vary { $0.zone = try .init(shape: .standard, touchesMin: 2, distanceMaxATR: 1, roomMinStops: 2) }
    try vary { $0.momentum = try .init(period: 13, lower: 50, upper: 70) }
    try vary { $0.momentum = try .init(period: 14, lower: 51, upper: 70) }
    try vary { $0.momentum = try .init(period: 14, lower: 50, upper: 71) }
    try vary { $0.trigger = try .init(emaPeriod: 20, reclaimBars: 3, patterns: .all) }
    try vary { $0.trigger = try .init(emaPeriod: 21, reclaimBars: 4, patterns: .all) }
    try vary { $0.trigger = try .init(emaPeriod: 21, reclaimBars: 3, patterns: .engulfing) }
    try vary { $0.risk = try .init(stopATR: 3) }
    try vary { $0.risk = try .init(rewardRisk: 3) }
    try vary { $0.risk = try .init(riskBasisPoints: 50) }
    try vary { $0.risk = try .init(stopMinBasisPoints: 21) }
    try vary { $0.risk = try .init(stopMinTicks: 5) }
    try vary { $0.risk = try .init(atrPercentMin: 0.06) }
    try vary { $0.risk = try .init(atrPercentMax: 9) }
    try vary { $0.risk = try .init(netRewardRiskMin: 1.5) }
    try vary { $0.risk = try .init(orderNotionalMax: Money("1")) }
    try vary { $0.risk = try .init(positionBasisPointsMax: 1) }
    try vary { $0.ai = try .init(mode: .off) }
    try vary { $0.ai = try .init(mode: .veto, confidenceMin: 0.7) }
    try vary { $0.ai = try .init(mode: .veto, vetoAt: -0.4) }
    try vary { $0.ai = try .init(mode: .veto, timeToLiveSeconds: 60) }
    try vary { $0.weights = try .init(trend: 0.3, zone: 0.1, momentum: 0.15, trigger: 0.25, risk: 0.1, ai: 0.1) }
    try vary { try $0.setScoreMin(0.6) }
    vary { $0.allowsShort = true }
    #expect(Set(all).count == all.count)
    #expect(Set(all.map(\.text)).count == all.count)
  }

  @Test func `outside their bounds are refused by name`() {
    func expect(_ field: String, _ make: () throws -> Void) {
      #expect { try make() } throws: { ($0 as? ParameterError)?.problem.field == field }
    }
    expect("trend.slow") { _ = try TrendBias.Parameters(fast: 50, slow: 251, slopeBars: 5, separationMinATR: 0) }
    expect("trend.fast") { _ = try TrendBias.Parameters(fast: 200, slow: 200, slopeBars: 5, separationMinATR: 0) }
    expect("trend.slopeBars") { _ = try TrendBias.Parameters(fast: 5, slow: 9, slopeBars: 51, separationMinATR: 0) }
    expect("trend.separationMinATR") {
      _ = try TrendBias.Parameters(fast: 5, slow: 9, slopeBars: 5, separationMinATR: .nan)
    }
    expect("session.openBufferMinutes") {
      _ = try SessionRule.Parameters(calendar: .continuous, openBufferMinutes: -1)
    }
    expect("session.blackouts.count") {
      let span = SessionRule.Blackout(from: WallTime(unixSeconds: 0), to: WallTime(unixSeconds: 1))
      _ = try SessionRule.Parameters(
        calendar: .continuous, blackouts: Array(repeating: try #require(span), count: 65))
    }
    expect("zone.windowBars") {
      _ = try ZoneShape(pivotSpan: 5, windowBars: 1_001, mergeATR: 0.5, widthMinATR: 0.25)
    }
    expect("zone.pivotSpan") { _ = try ZoneShape(pivotSpan: 21, windowBars: 250, mergeATR: 0.5, widthMinATR: 0.25) }
    expect("momentum.upper") { _ = try Momentum.Parameters(period: 14, lower: 70, upper: 70) }
    expect("trigger.reclaimBars") { _ = try EntryTrigger.Parameters(emaPeriod: 21, reclaimBars: 0, patterns: .all) }
    expect("risk.riskBasisPoints") { _ = try RiskManagement.Parameters(riskBasisPoints: 1_001) }
    expect("risk.orderNotionalMax") { _ = try RiskManagement.Parameters(orderNotionalMax: .zero) }
    expect("risk.atrPercentMax") { _ = try RiskManagement.Parameters(atrPercentMin: 2, atrPercentMax: 1) }
    expect("risk.atrPercentMin") { _ = try RiskManagement.Parameters(atrPercentMin: .nan) }
    expect("risk.stopATR") { _ = try RiskManagement.Parameters(stopATR: .infinity) }
    expect("ai.vetoAt") { _ = try AIAnalysis.Parameters(mode: .veto, vetoAt: 0.1) }
    expect("weights") {
      _ = try Pipeline.Weights(trend: 0.3, zone: 0.3, momentum: 0.3, trigger: 0.3, risk: 0, ai: 0)
    }
    expect("scoreMin") {
      var parameters = Pipeline.Parameters()
      try parameters.setScoreMin(1.1)
    }
    expect("instrument.tick") {
      _ = try Instrument(tick: .zero, lot: Quantity("1"), quantityMin: .zero, notionalMin: .zero)
    }
    expect("instrument.lot") {
      _ = try Instrument(tick: Price("1"), lot: Quantity("-1"), quantityMin: .zero, notionalMin: .zero)
    }
    expect("fees.basisPoints") { _ = try Fees(perUnit: .zero, basisPoints: 1_001) }
  }

  @Test func `a message says what is allowed`() {
    #expect {
      _ = try Momentum.Parameters(period: 1, lower: 50, upper: 70)
    } throws: {
      ($0 as? ParameterError)?.problem == FieldProblem("momentum.period", "must be 2 to 100, got 1")
    }
  }

  @Test func `a quote needs a bid below its ask`() throws {
    let now = WallTime(unixMilliseconds: 0)
    #expect(Quote(bid: try Price("1"), ask: try Price("1"), asOf: now) != nil)
    #expect(Quote(bid: try Price("1.01"), ask: try Price("1"), asOf: now) == nil)
    #expect(Quote(bid: .zero, ask: try Price("1"), asOf: now) == nil)
  }
}
