/// A profile's seven rules applied to one symbol: from closed bars and an account to a decision, without side effects.
package struct Pipeline: Sendable {
  package let parameters: Parameters
  private let parametersText: String

  /// Part of every signal's identity: raise it when the same bars could yield another decision.
  package static let version = 1

  /// Cheap; made once per profile and kept.
  package init(_ parameters: Parameters = Parameters()) {
    self.parameters = parameters
    parametersText = parameters.text
  }

  /// Judges `context`. All seven rules are evaluated, whatever the first ones say, so that every decision can be
  /// explained.
  package func evaluate(_ context: RuleContext) -> Decision {
    let trend = TrendBias.evaluate(context, parameters.trend)
    let findings = findings(context, trend.direction)
    let risk = RiskManagement.evaluate(context, findings, parameters.risk)
    let results = RuleResults(
      trendBias: trend,
      session: SessionRule.evaluate(context, parameters.session),
      zone: ZoneRule.evaluate(context, findings, parameters.zone),
      momentum: Momentum.evaluate(context, findings, parameters.momentum),
      entryTrigger: EntryTrigger.evaluate(context, findings, parameters.trigger),
      riskManagement: risk.result,
      aiAnalysis: AIAnalysis.evaluate(context, findings, parameters.ai))
    let score = score(results)
    let (action, code) = conclude(context.account.position, results, score)
    return Decision(
      action: action, code: code, direction: trend.direction, score: score, results: results, plan: risk.plan,
      signal: signal(context, action, trend.direction))
  }

  /// Whether `evaluate` could answer anything but `none`: no action is possible unless trend, momentum and trigger
  /// pass. Reads no zones. For replaying years of bars that nobody asks to have explained.
  func couldAct(_ context: RuleContext) -> Bool {
    let trend = TrendBias.evaluate(context, parameters.trend)
    guard trend.verdict == .pass else { return false }
    let findings = Findings(direction: trend.direction, stop: nil, zone: .everywhere)
    return Momentum.evaluate(context, findings, parameters.momentum).verdict == .pass
      && EntryTrigger.evaluate(context, findings, parameters.trigger).verdict == .pass
  }

  private func findings(_ context: RuleContext, _ direction: Direction?) -> Findings {
    guard let direction else { return Findings(direction: nil, stop: nil, zone: nil) }
    return Findings(
      direction: direction,
      stop: RiskManagement.stop(context, direction, parameters.risk),
      zone: ZoneRule.read(context.market, direction, parameters.zone))
  }

  /// What the rules mean for the position at hand.
  private func conclude(
    _ position: Quantity, _ results: RuleResults, _ score: Double
  ) -> (Decision.Action, Decision.Code) {
    guard let direction = results.trendBias.direction else {
      return (.none, results.trendBias.verdict == .notReady ? .notReady : .gateFailed)
    }
    let isLong = direction == .long
    if isLong ? position.isNegative : position.isPositive { return concludeAgainst(results) }

    if results.contains(.notReady) { return (.none, .notReady) }
    if results.contains(.fail) { return (.none, .gateFailed) }
    guard score >= parameters.scoreMin else { return (.none, .scoreLow) }
    guard position.isZero else { return (.none, .noPyramid) }
    guard isLong || parameters.allowsShort else { return (.none, .shortNotAllowed) }
    return (.enter, .enter)
  }

  /// A signal against the position closes it. Session, size and AI cannot hold an exit back: they guard what is opened.
  private func concludeAgainst(_ results: RuleResults) -> (Decision.Action, Decision.Code) {
    let directional = [results.trendBias, results.zone, results.momentum, results.entryTrigger]
    if directional.contains(where: { $0.verdict == .notReady }) { return (.none, .notReady) }
    guard directional.allSatisfy({ $0.verdict == .pass }) else { return (.none, .gateFailed) }
    let weights = parameters.weights
    let weight = weights.trend + weights.zone + weights.momentum + weights.trigger
    guard weight > 0, directionalScore(results) / weight >= parameters.scoreMin else { return (.none, .scoreLow) }
    return (.exit, .exit)
  }

  private func directionalScore(_ results: RuleResults) -> Double {
    let weights = parameters.weights
    return weights.trend * results.trendBias.score + weights.zone * results.zone.score
      + weights.momentum * results.momentum.score + weights.trigger * results.entryTrigger.score
  }

  /// The weighted sum, without AI renormalised to 1. With AI in the sum, the lower of both: a verdict from untrusted
  /// text can cost a trade its score, it cannot lend it one.
  private func score(_ results: RuleResults) -> Double {
    let weights = parameters.weights
    let own = directionalScore(results) + weights.risk * results.riskManagement.score
    let ownNormalised = own / (1 - weights.ai)
    switch parameters.ai.mode {
    case .off, .advisory: return ownNormalised
    case .veto, .required: return min(ownNormalised, own + weights.ai * results.aiAnalysis.score)
    }
  }

  private func signal(_ context: RuleContext, _ action: Decision.Action, _ direction: Direction?) -> SignalIdentity? {
    guard action != .none, let direction, let barEnd = context.market.lastBarEnd else { return nil }
    return SignalIdentity(
      symbol: context.market.symbol, timeframe: context.market.timeframe, barEnd: barEnd, direction: direction,
      action: action, strategyVersion: Self.version, parameters: parametersText)
  }
}
