import Crypto
package import PromQL
import Telemetry

/// One alerting or recording rule, understood and ready to evaluate.
package struct Rule: Sendable {
  package enum Kind: Sendable {
    case recording(name: String)
    case alerting(Alerting)
  }

  package struct Alerting: Sendable {
    package let name: String
    /// How long the expression must hold before the alert fires.
    package let holdMilliseconds: Int64
    /// How long it keeps firing after the expression stopped holding.
    package let keepFiringMilliseconds: Int64
    package let annotations: [(name: String, template: Template)]
  }

  package let kind: Kind
  package let expression: Expression
  /// The expression as the file has it, trimmed.
  package let text: String
  /// The group's labels and its own, sorted by name. A recording rule's are not expanded.
  package let labels: [(name: String, template: Template)]
  /// Where it stands: file and line.
  package let file: String
  package let line: Int
  /// Metrics its expression reads; nil when it may read any.
  package let reads: Set<String>?

  init(
    kind: Kind, expression: Expression, text: String, labels: [(name: String, template: Template)], file: String,
    line: Int
  ) {
    self.kind = kind
    self.expression = expression
    self.text = text
    self.labels = labels
    self.file = file
    self.line = line
    reads = expression.metricNames
  }

  /// Whether it asks the same for the same time, so that what is known of it holds.
  func isSame(as other: Rule) -> Bool {
    guard text == other.text, name == other.name else { return false }
    switch (kind, other.kind) {
    case (.recording, .recording): return true
    case (.alerting, .alerting):
      return labels.map(\.name) == other.labels.map(\.name)
        && labels.map(\.template.text) == other.labels.map(\.template.text)
    default: return false
    }
  }

  /// Names what the rule decides by, in SHA-256 and hex: name, expression, waiting and labels. Words may change without it.
  package var hash: String {
    var parts = [name, text]
    if case .alerting(let alerting) = kind {
      parts += ["\(alerting.holdMilliseconds)", "\(alerting.keepFiringMilliseconds)"]
    }
    // How far a control may go is decided by the record, so it is no part of what was tested.
    parts += labels.filter { $0.name != "control_mode" }.map { "\($0.name)=\($0.template.text)" }
    return Hex.text(SHA256.hash(data: Array(parts.joined(separator: "\n").utf8)))
  }

  package var name: String {
    switch kind {
    case .recording(let name): name
    case .alerting(let alert): alert.name
    }
  }
}

/// Rules evaluated together, one after another.
package struct RuleGroup: Sendable {
  package let name: String
  /// Nil takes the configured default.
  package let intervalMilliseconds: Int64?
  /// The expressions are evaluated this long before the time of the evaluation, for data that arrives late.
  package let queryOffsetMilliseconds: Int64
  /// Most alerts or series one rule of the group may yield; 0 is no limit of the author's.
  package let limit: Int
  package let rules: [Rule]
  package let file: String
}

/// What is wrong with a file of rules or rule tests, for a person: where and what.
package struct RuleFileProblem: Error, Equatable, Sendable, CustomStringConvertible {
  package let file: String
  package let line: Int
  package let column: Int
  package let message: String

  package var description: String { "\(file):\(line):\(column): \(message)" }
}
