package import PromQL

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
