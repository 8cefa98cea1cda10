import ControlModel
import Testing

@testable import Strategy

@Suite struct `The AI rule` {
  private func evaluate(
    _ mode: AIAnalysis.Mode, score: Double? = nil, confidence: Double = 1, ageSeconds: Int64 = 0, short: Bool = false
  ) throws -> (RuleResult, Decision) {
    let scene = try (short ? Scene.short() : Scene.long()).with {
      $0.parameters.ai = try AIAnalysis.Parameters(mode: mode)
      let asOf = $0.context.now.adding(milliseconds: -ageSeconds * 1000)
      $0.context.ai = score.flatMap { AIVerdict(score: $0, confidence: confidence, asOf: asOf) }
    }
    let decision = scene.decide()
    return (decision.results.aiAnalysis, decision)
  }

  @Test func `vetoes only a confident contradiction`() throws {
    #expect(try evaluate(.veto, score: -0.3, confidence: 0.6).0.code == .aiVeto)
    #expect(try evaluate(.veto, score: -0.29, confidence: 1).0.verdict == .pass)
    #expect(try evaluate(.veto, score: -1, confidence: 0.59).0.verdict == .pass)
    #expect(try evaluate(.veto, score: 0.3, confidence: 0.6, short: true).0.code == .aiVeto)
    #expect(try evaluate(.veto, score: -1, confidence: 1, short: true).0.verdict == .pass)
  }

  @Test func `without a fresh verdict passes as neutral in veto and fails in required`() throws {
    for age in [Int64?.none, 1_801, -1] {
      let score = age == nil ? nil : 0.9 as Double?
      let (veto, _) = try evaluate(.veto, score: score, ageSeconds: age ?? 0)
      #expect((veto.verdict, veto.code, veto.score) == (.pass, .aiUnavailable, 0.5))
      #expect(try evaluate(.required, score: score, ageSeconds: age ?? 0).0.code == .aiUnavailable)
      #expect(try evaluate(.required, score: score, ageSeconds: age ?? 0).1.action == .none)
    }
    #expect(try evaluate(.required, score: 0.9, ageSeconds: 1_800).0.verdict == .pass)
  }

  @Test func `scores agreement with the direction`() throws {
    #expect(try evaluate(.veto, score: 0.5).0.score == 0.75)
    #expect(try evaluate(.veto, score: 0.5, confidence: 0.1, short: true).0.score == 0.25)
  }

  @Test func `in advisory mode records and changes nothing`() throws {
    let (result, decision) = try evaluate(.advisory, score: -1)
    #expect(result.verdict == .pass && result.score == 0)
    #expect(decision.action == .enter)
    #expect(try decision.score == Scene.long().decide().score)
  }

  @Test func `can stop a trade but never make one`() throws {
    var random = SeededRandom(41)
    for symbol in Fixture.symbols {
      var off = Pipeline.Parameters()
      off.session = try SessionRule.Parameters(calendar: .continuous)
      off.ai = try AIAnalysis.Parameters(mode: .off)
      off.allowsShort = true
      try off.setScoreMin(0.65)
      var entries = (without: 0, with: 0)
      try Scene.replay(symbol, off) { context in
        let without = Pipeline(off).evaluate(context)
        for mode in [AIAnalysis.Mode.advisory, .veto, .required] {
          var parameters = off
          parameters.ai = try AIAnalysis.Parameters(mode: mode)
          var context = context
          context.ai = AIVerdict(
            score: Double.random(in: -1...1, using: &random), confidence: Double.random(in: 0...1, using: &random),
            asOf: context.now)
          let with = Pipeline(parameters).evaluate(context)
          #expect(with.score <= without.score + 1e-12)
          #expect(with.action != .enter || without.action == .enter)
          #expect(with.plan == without.plan)
          entries.with += with.action == .enter ? 1 : 0
        }
        entries.without += without.action == .enter ? 1 : 0
        return true
      }
      #expect(entries.without > 0 && entries.with < 3 * entries.without, "\(symbol): \(entries)")
    }
  }

  @Test func `refuses verdicts outside their ranges`() {
    let now = WallTime(unixMilliseconds: 0)
    for (score, confidence) in [(1.1, 0.5), (-1.1, 0.5), (.nan, 0.5), (0, 1.1), (0, -0.1), (0, .nan)] {
      #expect(AIVerdict(score: score, confidence: confidence, asOf: now) == nil)
    }
  }
}
