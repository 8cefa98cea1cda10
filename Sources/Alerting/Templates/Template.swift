import PromQL

/// A text with Go template actions, as annotations and labels of alerting rules have them: `{{ $value | humanize }}`,
/// `{{ $labels.tenant }}`, `{{ printf "%.1f" $value }}`, `{{ if gt $value 1.0 }}…{{ else }}…{{ end }}`.
package struct Template: Sendable {
  private let nodes: [TemplateNode]
  /// As written.
  package let text: String

  /// Longest template text.
  package static let bytesMax = 64 * 1024

  package init(_ text: String) throws(TemplateProblem) {
    guard text.utf8.count <= Self.bytesMax else { throw TemplateProblem("longer than \(Self.bytesMax) bytes") }
    self.text = text
    var parser = TemplateParser(text)
    nodes = try parser.parse()
  }

  /// The text for one alert. What cannot be computed is shown in place, as Prometheus does: an alert must not be lost
  /// because its words are wrong.
  package func rendered(_ context: TemplateContext) -> String {
    do throws(TemplateProblem) {
      return try TemplateNode.render(nodes, context)
    } catch {
      return "<error expanding template: \(error.message)>"
    }
  }
}

package struct TemplateProblem: Error, Equatable, Sendable {
  package let message: String

  init(_ message: String) {
    self.message = message
  }
}

/// What a template can refer to.
package struct TemplateContext: Sendable {
  package let labels: [String: String]
  package let value: Double

  package init(labels: [String: String], value: Double) {
    self.labels = labels
    self.value = value
  }
}

/// A value inside a template.
enum TemplateValue: Equatable {
  case text(String)
  case number(Double)
  case flag(Bool)
  case labels([String: String])

  var text: String {
    switch self {
    case .text(let text): text
    case .number(let number): GoFloat.shortest(number)
    case .flag(let flag): String(flag)
    case .labels(let labels):
      "map[" + labels.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: " ") + "]"
    }
  }

  var isTrue: Bool {
    switch self {
    case .text(let text): !text.isEmpty
    case .number(let number): number != 0
    case .flag(let flag): flag
    case .labels(let labels): !labels.isEmpty
    }
  }

  func number(for function: String) throws(TemplateProblem) -> Double {
    switch self {
    case .number(let number): return number
    case .text(let text):
      guard let number = GoFloat.parse(text) else { throw TemplateProblem("\(function): \"\(text)\" is not a number") }
      return number
    case .flag, .labels: throw TemplateProblem("\(function): a number is wanted")
    }
  }
}
