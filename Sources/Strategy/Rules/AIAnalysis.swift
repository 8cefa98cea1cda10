import ControlModel

/// Rule g: a language model's cached reading of the news may stop a trade, never make one.
///
/// The text behind a verdict is untrusted, so besides the veto its score can only lower the decision's score (see
/// `Pipeline.score`).
package enum AIAnalysis {
  /// How much a verdict may do.
  package enum Mode: String, CaseIterable, Sendable {
    /// Not looked at; its weight goes to the other rules.
    case off
    /// Recorded for people; changes nothing.
    case advisory
    /// A confident contradiction fails the rule; no verdict passes with a neutral score.
    case veto
    /// As `veto`, but no verdict fails.
    case required
  }

  /// What a profile may set. Bounds stand at each parameter; values within them are all that exists.
  package struct Parameters: Hashable, Sendable {
    package private(set) var mode = Mode.veto
    /// 0...1; a less confident verdict vetoes nothing.
    package private(set) var confidenceMin = 0.6
    /// -1...0; a score in the direction of the trade at or below this is a contradiction.
    package private(set) var vetoAt = -0.3
    /// 60...86,400; an older verdict is none.
    package private(set) var timeToLiveSeconds = 1_800

    /// The defaults.
    package init() {}

    /// - Throws: naming the first parameter outside the bounds written at it.
    package init(
      mode: Mode, confidenceMin: Double = 0.6, vetoAt: Double = -0.3, timeToLiveSeconds: Int = 1_800
    ) throws(ParameterError) {
      self.mode = mode
      self.confidenceMin = try confidenceMin.checked("ai.confidenceMin", 0...1)
      self.vetoAt = try vetoAt.checked("ai.vetoAt", -1...0)
      self.timeToLiveSeconds = try timeToLiveSeconds.checked("ai.timeToLiveSeconds", 60...86_400)
    }

    var text: String {
      "ai(mode=\(mode.rawValue),confidenceMin=\(confidenceMin),vetoAt=\(vetoAt),timeToLiveSeconds=\(timeToLiveSeconds))"
    }
  }

  /// Score when there is no verdict: neither for nor against.
  static let neutralScore = 0.5

  /// Judges `context` in the direction of `findings`; pure.
  package static func evaluate(
    _ context: RuleContext, _ findings: Findings, _ parameters: Parameters
  ) -> RuleResult {
    guard parameters.mode != .off else { return .skipped(.aiAnalysis, .off) }
    guard let direction = findings.direction else { return .skipped(.aiAnalysis, .noDirection) }
    guard let verdict = context.ai, let age = age(verdict, context, parameters) else {
      if parameters.mode == .required { return .fail(.aiAnalysis, .aiUnavailable, direction) }
      return RuleResult(
        rule: .aiAnalysis, verdict: .pass, direction: direction, score: neutralScore, code: .aiUnavailable,
        values: RuleValues())
    }
    let agreement = verdict.score * direction.sign
    let values = RuleValues(
      .init(.aiScore, verdict.score), .init(.aiConfidence, verdict.confidence), .init(.ageSeconds, age))
    let isContradiction = agreement <= parameters.vetoAt && verdict.confidence >= parameters.confidenceMin
    if isContradiction, parameters.mode != .advisory { return .fail(.aiAnalysis, .aiVeto, direction, values) }
    return .pass(.aiAnalysis, direction, score: (1 + agreement) / 2, values)
  }

  /// Seconds since the verdict, nil if it is too old. One from the future (a clock was set back) is not trusted either.
  private static func age(_ verdict: AIVerdict, _ context: RuleContext, _ parameters: Parameters) -> Double? {
    let milliseconds = context.now.unixMilliseconds - verdict.asOf.unixMilliseconds
    return (0...Int64(parameters.timeToLiveSeconds) * 1000).contains(milliseconds) ? Double(milliseconds) / 1000 : nil
  }
}
