/// What one rule found, with the numbers it looked at.
package struct RuleResult: Equatable, Sendable {
  package let rule: RuleName
  package let verdict: Verdict
  /// The direction the rule judged; set by `TrendBias`, followed by the others.
  package let direction: Direction?
  /// 0...1; 0 unless the verdict is `pass`.
  package let score: Double
  /// Why it did not simply pass.
  package let code: RuleCode?
  package let values: RuleValues
}

/// How a rule came out.
package enum Verdict: String, Sendable {
  case pass, fail
  /// The data the rule needs is not there yet. Counts as not passed.
  case notReady
  /// Switched off, or there was nothing to judge.
  case skipped
}

/// Which way a trade goes.
package enum Direction: String, Sendable {
  case long, short

  package var opposite: Direction { self == .long ? .short : .long }
  /// 1 for long, -1 for short.
  var sign: Double { self == .long ? 1 : -1 }
}

/// The seven rules, in the order they are recorded.
package enum RuleName: String, CaseIterable, Sendable {
  case trendBias = "TrendBias"
  case session = "Session"
  case zone = "Zone"
  case momentum = "Momentum"
  case entryTrigger = "EntryTrigger"
  case riskManagement = "RiskManagement"
  case aiAnalysis = "AIAnalysis"
}

/// The closed list of reasons a rule gives.
package enum RuleCode: String, CaseIterable, Sendable {
  // Any rule.
  case warmUp = "WARMUP"
  case barOpen = "BAR_OPEN"
  case noDirection = "NO_DIRECTION"
  case off = "OFF"
  // TrendBias.
  case noTrend = "NO_TREND"
  // Session.
  case closed = "CLOSED"
  case holiday = "HOLIDAY"
  case openBuffer = "OPEN_BUFFER"
  case closeBuffer = "CLOSE_BUFFER"
  case blackout = "BLACKOUT"
  case calendarDisagrees = "CALENDAR_DISAGREES"
  // Zone.
  case noZone = "NO_ZONE"
  case farFromZone = "FAR_FROM_ZONE"
  case noRoom = "NO_ROOM"
  // Momentum.
  case rsiOut = "RSI_OUT"
  case rsiFlat = "RSI_FLAT"
  // EntryTrigger.
  case noTrigger = "NO_TRIGGER"
  // RiskManagement.
  case sizeTooSmall = "SIZE_TOO_SMALL"
  case volatilityRange = "VOL_RANGE"
  case noRewardRisk = "NO_RR"
  case outOfRange = "OUT_OF_RANGE"
  // AIAnalysis.
  case aiVeto = "AI_VETO"
  case aiUnavailable = "AI_UNAVAILABLE"
}

extension RuleResult {
  static func pass(_ rule: RuleName, _ direction: Direction?, score: Double, _ values: RuleValues) -> RuleResult {
    let score = min(max(score, 0), 1)
    return RuleResult(rule: rule, verdict: .pass, direction: direction, score: score, code: nil, values: values)
  }

  static func fail(
    _ rule: RuleName, _ code: RuleCode, _ direction: Direction? = nil, _ values: RuleValues = RuleValues()
  ) -> RuleResult {
    RuleResult(rule: rule, verdict: .fail, direction: direction, score: 0, code: code, values: values)
  }

  static func notReady(_ rule: RuleName, _ code: RuleCode) -> RuleResult {
    RuleResult(rule: rule, verdict: .notReady, direction: nil, score: 0, code: code, values: RuleValues())
  }

  static func skipped(_ rule: RuleName, _ code: RuleCode) -> RuleResult {
    RuleResult(rule: rule, verdict: .skipped, direction: nil, score: 0, code: code, values: RuleValues())
  }
}
