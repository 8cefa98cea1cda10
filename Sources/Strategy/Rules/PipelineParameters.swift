extension Pipeline {
  /// One profile's strategy: the parameters of every rule and how they are weighed.
  package struct Parameters: Hashable, Sendable {
    package var trend = TrendBias.Parameters()
    package var session = SessionRule.Parameters()
    package var zone = ZoneRule.Parameters()
    package var momentum = Momentum.Parameters()
    package var trigger = EntryTrigger.Parameters()
    package var risk = RiskManagement.Parameters()
    package var ai = AIAnalysis.Parameters()
    package var weights = Weights()
    /// 0...1; a lower weighted score is no signal.
    package private(set) var scoreMin = 0.55
    /// Whether a short position may be opened.
    package var allowsShort = false

    /// The documented defaults of every rule.
    package init() {}

    /// Throws outside 0...1.
    package mutating func setScoreMin(_ score: Double) throws(ParameterError) {
      scoreMin = try score.checked("scoreMin", 0...1)
    }

    /// What a symbol must keep for this strategy.
    package var indicators: IndicatorSelection {
      IndicatorSelection(
        checkedEMA: [trend.fast, trend.slow, trigger.emaPeriod], rsi: [momentum.period], zones: [zone.shape])
    }

    /// Every parameter in a fixed order; equal texts mean equal parameters. Part of a signal's identity, so the format
    /// only changes together with `Pipeline.version`.
    package var text: String {
      [
        trend.text, session.text, zone.text, momentum.text, trigger.text, risk.text, ai.text, weights.text,
        "scoreMin=\(scoreMin)", "allowsShort=\(allowsShort)",
      ].joined(separator: ";")
    }
  }

  /// How much each rule counts. `Session` only gates.
  package struct Weights: Hashable, Sendable {
    package private(set) var trend = 0.20
    package private(set) var zone = 0.20
    package private(set) var momentum = 0.15
    package private(set) var trigger = 0.25
    package private(set) var risk = 0.10
    package private(set) var ai = 0.10

    package init() {}

    /// - Throws: unless all are 0...1, sum to 1 within 1e-9, and the rules other than AI have a share.
    package init(
      trend: Double, zone: Double, momentum: Double, trigger: Double, risk: Double, ai: Double
    ) throws(ParameterError) {
      self.trend = try trend.checked("weights.trend", 0...1)
      self.zone = try zone.checked("weights.zone", 0...1)
      self.momentum = try momentum.checked("weights.momentum", 0...1)
      self.trigger = try trigger.checked("weights.trigger", 0...1)
      self.risk = try risk.checked("weights.risk", 0...1)
      self.ai = try ai.checked("weights.ai", 0...0.5)
      let sum = trend + zone + momentum + trigger + risk + ai
      guard abs(sum - 1) < 1e-9 else { throw ParameterError("weights", "must sum to 1, got \(sum)") }
    }

    var text: String {
      "weights(trend=\(trend),zone=\(zone),momentum=\(momentum),trigger=\(trigger),risk=\(risk),ai=\(ai))"
    }
  }
}
