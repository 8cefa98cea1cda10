/// Asking what rules would have done over stored history. Without `rules` those in force are tried.
package struct BacktestRequest: Codable, Sendable {
  /// The text of a rule file, and its name for messages.
  package var rules: String?
  package var file: String?
  /// Only this alert.
  package var alert: String?
  package var start: String?
  package var end: String?
  package var step: String?
  /// Keep the result as the record that `control_mode: auto` requires.
  package var record: Bool?
  /// The firings were looked at and are right.
  package var accept: Bool?

  package static let members = ["rules", "file", "alert", "start", "end", "step", "record", "accept"]

  package init(
    rules: String?, file: String?, alert: String?, start: String?, end: String?, step: String?, record: Bool?,
    accept: Bool?
  ) {
    self.rules = rules
    self.file = file
    self.alert = alert
    self.start = start
    self.end = end
    self.step = step
    self.record = record
    self.accept = accept
  }
}

/// What one alert would have done.
package struct BacktestDocument: Codable, Sendable {
  package var rule: String
  package var ruleHash: String
  package var expression: String
  package var hold: String
  package var start: String
  package var end: String
  package var stepMs: Int64
  /// `quiet`, `fired` or `no_data`.
  package var verdict: String
  package var count: Int
  package var longestMs: Int64
  /// Metrics it reads of which nothing is stored.
  package var missing: [String]
  package var firings: [Firing]
  /// Whether a record was kept that lets the rule act by itself.
  package var permitsAuto: Bool

  package struct Firing: Codable, Sendable {
    package var labels: [String: String]
    package var from: String
    package var to: String?
    package var value: String

    package init(labels: [String: String], from: String, to: String?, value: String) {
      self.labels = labels
      self.from = from
      self.to = to
      self.value = value
    }
  }

  package init(
    rule: String, ruleHash: String, expression: String, hold: String, start: String, end: String, stepMs: Int64,
    verdict: String, count: Int, longestMs: Int64, missing: [String], firings: [Firing], permitsAuto: Bool
  ) {
    self.rule = rule
    self.ruleHash = ruleHash
    self.expression = expression
    self.hold = hold
    self.start = start
    self.end = end
    self.stepMs = stepMs
    self.verdict = verdict
    self.count = count
    self.longestMs = longestMs
    self.missing = missing
    self.firings = firings
    self.permitsAuto = permitsAuto
  }
}
