package import ControlModel
import Foundation

/// Proof that a rule was tried over history before it may act by itself: `control_mode: auto` requires one that permits.
package struct BacktestRecord: Codable, Sendable, Equatable {
  package enum Verdict: String, Codable, Sendable {
    /// There was data, and it never fired.
    case quiet
    /// It would have fired.
    case fired
    /// Something it reads is not stored in the range: nothing is proven.
    case noData = "no_data"
  }

  /// `Rule.hash` of the rule that was tried.
  package let ruleHash: String
  package let rule: String
  package let expression: String
  /// RFC 3339.
  package let start: String
  package let end: String
  package let stepMs: Int64
  package let verdict: Verdict
  package let firings: Int
  package let longestMs: Int64
  package let at: String
  package let by: String
  /// Someone looked at the firings and says they were right.
  package let isAccepted: Bool

  /// Shortest history that proves anything.
  package static let coverageMillisecondsMin: Int64 = 3_600_000

  package init(_ backtest: Backtest, by actor: String, isAccepted: Bool, at now: WallTime) {
    ruleHash = backtest.rule.hash
    rule = backtest.rule.name
    expression = backtest.rule.text
    start = backtest.start.description
    end = backtest.end.description
    stepMs = backtest.stepMilliseconds
    verdict = backtest.verdict
    firings = backtest.count
    longestMs = backtest.longestMilliseconds
    at = now.description
    by = actor
    self.isAccepted = isAccepted
  }

  /// Whether the rule may act by itself: it was tried over at least an hour with all its data, and was quiet, or its
  /// firings were accepted.
  package var permits: Bool {
    guard let from = WallTime(rfc3339: start), let to = WallTime(rfc3339: end) else { return false }
    let isLong = to.unixMilliseconds - from.unixMilliseconds >= Self.coverageMillisecondsMin
    return isLong && (verdict == .quiet || verdict == .fired && isAccepted)
  }
}

/// Backtests known to this installation, by the hash of what the rule decides by.
package struct BacktestLibrary: Sendable {
  package private(set) var byHash: [String: BacktestRecord]

  /// Later records replace earlier ones of the same rule.
  package init(_ records: [BacktestRecord] = []) {
    byHash = Dictionary(records.map { ($0.ruleHash, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// The records of a committed file, e.g. `alerts/backtests.json`: a JSON list.
  package static func records(_ bytes: [UInt8]) throws -> [BacktestRecord] {
    try JSONDecoder().decode([BacktestRecord].self, from: Data(bytes))
  }

  package func record(for rule: Rule) -> BacktestRecord? { byHash[rule.hash] }

  package mutating func add(_ record: BacktestRecord) { byHash[record.ruleHash] = record }

  /// Sorted by rule.
  package var all: [BacktestRecord] { byHash.values.sorted { ($0.rule, $0.ruleHash) < ($1.rule, $1.ruleHash) } }
}
