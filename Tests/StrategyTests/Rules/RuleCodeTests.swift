import ControlModel
import Testing

@testable import Strategy

/// Every reason a rule can give, each reached by changing one thing in a scene where all rules pass.
@Suite struct `The reasons rules give` {
  private func time(_ text: String) throws -> WallTime { try #require(WallTime(rfc3339: text)) }

  /// A market of bars that never move.
  private func flatMarket() throws -> SymbolIndicators {
    var market = SymbolIndicators(
      symbol: Symbol("FLAT")!, timeframe: .day1, selection: Pipeline.Parameters().indicators)
    for day in 0..<1_000 {
      try market.update(
        Bar(start: WallTime(unixSeconds: Int64(day) * 86_400), open: 10, high: 10, low: 10, close: 10, volume: 1))
    }
    return market
  }

  /// The scene's decision after one change, on an NYSE session at `now`.
  private func session(
    _ now: String, _ venue: VenueClock? = nil, blackouts: [SessionRule.Blackout] = []
  ) throws -> RuleResult {
    let scene = try Scene.long().with {
      $0.parameters.session = try SessionRule.Parameters(calendar: .nyse(.standard), blackouts: blackouts)
      $0.context.now = try time(now)
      $0.context.venueClock = venue
    }
    return scene.decide().results.session
  }

  private func result(_ code: RuleCode) throws -> RuleResult {
    let scene = try Scene.long()
    let noon = "2026-11-23T17:00:00Z"
    switch code {
    case .warmUp:
      return scene.with {
        $0.context.market = SymbolIndicators(
          symbol: Symbol("NEW")!, timeframe: .day1, selection: $0.parameters.indicators)
      }.decide().results.trendBias
    case .barOpen:
      return scene.with { $0.context.now = $0.context.now.adding(milliseconds: -1) }.decide().results.trendBias
    case .noDirection:
      return try scene.with { $0.context.market = try flatMarket() }.decide().results.zone
    case .noTrend:
      return try scene.with { $0.context.market = try flatMarket() }.decide().results.trendBias
    case .off:
      return scene.decide().results.aiAnalysis
    case .closed: return try session("2026-11-23T22:00:00Z")
    case .holiday: return try session("2026-11-26T17:00:00Z")
    case .openBuffer: return try session("2026-11-23T14:34:59Z")
    case .closeBuffer: return try session("2026-11-23T20:45:00Z")
    case .blackout:
      let span = SessionRule.Blackout(from: try time(noon), to: try time("2026-11-23T17:30:00Z"))
      return try session(noon, blackouts: [try #require(span)])
    case .calendarDisagrees:
      let early = VenueClock(isOpen: true, nextClose: try time("2026-11-23T18:00:00Z"), asOf: try time(noon))
      return try session(noon, early)
    case .noZone:
      return try scene.with { try $0.setZone(touchesMin: 10) }.decide().results.zone
    case .farFromZone:
      return try scene.with { try $0.setZone(distanceMaxATR: 0.05) }.decide().results.zone
    case .noRoom:
      // A scene with a zone overhead: one more asks for a hundred times the stop.
      var found: RuleResult?
      try Scene.replay("IBM", scene.parameters) { context in
        let result = Pipeline(scene.parameters).evaluate(context).results.zone
        if result.code == .noRoom { found = result }
        return found == nil
      }
      return try #require(found)
    case .rsiOut:
      return try scene.with {
        $0.parameters.momentum = try Momentum.Parameters(period: 14, lower: 90, upper: 95)
      }.decide().results.momentum
    case .rsiFlat:
      let context = try scene.with { $0.context.market = try flatMarket() }.context
      return Momentum.evaluate(context, Findings(direction: .long, stop: nil, zone: nil), Momentum.Parameters())
    case .noTrigger:
      var found: RuleResult?
      try Scene.replay("IBM", scene.parameters) { context in
        let result = Pipeline(scene.parameters).evaluate(context).results.entryTrigger
        if result.code == .noTrigger { found = result }
        return found == nil
      }
      return try #require(found)
    case .sizeTooSmall:
      return try scene.with { $0.context.account = try Scene.account("20") }.decide().results.riskManagement
    case .volatilityRange:
      return try scene.with {
        $0.parameters.risk = try RiskManagement.Parameters(atrPercentMin: 50, atrPercentMax: 60)
      }.decide().results.riskManagement
    case .noRewardRisk:
      return try scene.with {
        $0.context.instrument = try Scene.instrument(fees: Fees(perUnit: Price("1"), basisPoints: 0))
      }.decide().results.riskManagement
    case .outOfRange:
      return try scene.with {
        let edge = Price(mantissa: .max - 1)
        $0.context.quote = try #require(Quote(bid: edge, ask: edge, asOf: $0.context.now))
        $0.context.instrument = try Scene.instrument(fees: Fees(perUnit: Price("1"), basisPoints: 1_000))
      }.decide().results.riskManagement
    case .aiVeto:
      return try scene.with {
        $0.parameters.ai = try AIAnalysis.Parameters(mode: .veto)
        $0.context.ai = AIVerdict(score: -0.3, confidence: 0.6, asOf: $0.context.now)
      }.decide().results.aiAnalysis
    case .aiUnavailable:
      return try scene.with {
        $0.parameters.ai = try AIAnalysis.Parameters(mode: .required)
      }.decide().results.aiAnalysis
    }
  }

  @Test func `are absent where every rule passes`() throws {
    for decision in [try Scene.long().decide(), try Scene.short().decide()] {
      #expect(decision.action == .enter)
      #expect(decision.results.inOrder.dropLast().allSatisfy { $0.verdict == .pass && $0.code == nil })
    }
  }

  @Test(arguments: RuleCode.allCases)
  func `are all reachable`(_ code: RuleCode) throws {
    let result = try result(code)
    #expect(result.code == code)
    #expect(result.verdict != .pass && result.score == 0)
  }
}

extension Scene {
  mutating func setZone(touchesMin: Int = 2, distanceMaxATR: Double = 1, roomMinStops: Double = 1.5) throws {
    parameters.zone = try ZoneRule.Parameters(
      shape: .standard, touchesMin: touchesMin, distanceMaxATR: distanceMaxATR, roomMinStops: roomMinStops)
  }
}
