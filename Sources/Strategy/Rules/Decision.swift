package import ControlModel

/// What the seven rules say about one profile and one symbol at one moment, with everything needed to explain it.
package struct Decision: Equatable, Sendable {
  package let action: Action
  /// Why the action is what it is.
  package let code: Code
  package let direction: Direction?
  /// The weighted score, 0...1.
  package let score: Double
  package let results: RuleResults
  /// The sized entry; nil unless `RiskManagement` passed. It is an order only when the action is `enter`.
  package let plan: EntryPlan?
  /// What identifies the signal; nil when the action is `none`.
  package let signal: SignalIdentity?

  /// What to do with the position.
  package enum Action: String, Sendable {
    case none, enter
    /// Close the position; never together with a new one in the other direction.
    case exit
  }

  /// The closed list of reasons for an action, or for none.
  package enum Code: String, CaseIterable, Sendable {
    case enter = "ENTER"
    case exit = "EXIT"
    case notReady = "NOT_READY"
    case gateFailed = "GATE_FAILED"
    case scoreLow = "SCORE_LOW"
    case noPyramid = "NO_PYRAMID"
    case shortNotAllowed = "SHORT_NOT_ALLOWED"
  }

  /// One line for the decision and one for each rule, for people.
  package var explanation: [String] {
    let head = [action.rawValue, code.rawValue, direction?.rawValue, "score=\(Self.short(score))"].compactMap(\.self)
    return [head.joined(separator: " ")]
      + results.inOrder.map { result in
        let head: [String?] = [
          result.rule.rawValue, result.verdict.rawValue, result.code?.rawValue, result.direction?.rawValue,
          result.verdict == .pass ? "score=\(Self.short(result.score))" : nil,
        ]
        let values = result.values.entries.map { "\($0.name.rawValue)=\(Self.short($0.value))" }
        return (head.compactMap(\.self) + values).joined(separator: " ")
      }
  }

  /// Four decimals are enough to read; exact numbers are in `plan`.
  private static func short(_ value: Double) -> String {
    abs(value) < 1e9 ? "\((value * 10_000).rounded() / 10_000)" : "\(value)"
  }
}

/// The results of all seven rules: a rule cannot be missing or out of order.
package struct RuleResults: Equatable, Sendable {
  package let trendBias: RuleResult
  package let session: RuleResult
  package let zone: RuleResult
  package let momentum: RuleResult
  package let entryTrigger: RuleResult
  package let riskManagement: RuleResult
  package let aiAnalysis: RuleResult

  /// In the order of `RuleName.allCases`.
  package var inOrder: [RuleResult] {
    [trendBias, session, zone, momentum, entryTrigger, riskManagement, aiAnalysis]
  }

  func contains(_ verdict: Verdict) -> Bool {
    trendBias.verdict == verdict || session.verdict == verdict || zone.verdict == verdict
      || momentum.verdict == verdict || entryTrigger.verdict == verdict || riskManagement.verdict == verdict
      || aiAnalysis.verdict == verdict
  }
}

/// What makes a signal the same signal, so that one bar yields one for ever: the runtime adds tenant, profile and
/// account and hashes the lot.
package struct SignalIdentity: Hashable, Sendable {
  package let symbol: Symbol
  package let timeframe: Timeframe
  /// End of the bar the decision rests on.
  package let barEnd: WallTime
  package let direction: Direction
  package let action: Decision.Action
  package let strategyVersion: Int
  /// Every parameter of the pipeline, in a fixed order; equal texts mean equal parameters.
  package let parameters: String
}
