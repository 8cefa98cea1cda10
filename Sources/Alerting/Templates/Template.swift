import PromQL

/// A text with Go template actions (https://pkg.go.dev/text/template), as annotations and labels of alerting rules have
/// them: `{{ $value | humanize }}`, `{{ $labels.tenant }}`, `{{ if gt $value 1.0 }}…{{ else }}…{{ end }}`,
/// `{{ with query "…" }}{{ . | first | value }}{{ end }}`. Named templates (`define`, `template`, `block`) are refused.
package struct Template: Sendable {
  private let nodes: [TemplateNode]
  /// As written.
  package let text: String

  /// Longest template text, and longest text it may expand to.
  package static let bytesMax = 64 * 1024

  package init(_ text: String) throws(TemplateProblem) {
    guard text.utf8.count <= Self.bytesMax else { throw TemplateProblem("longer than \(Self.bytesMax) bytes") }
    self.text = text
    var parser = TemplateParser(try TemplateScanner.pieces(of: text))
    nodes = try parser.parse()
  }

  /// The text for one alert. What cannot be computed is shown in place, as Prometheus does: an alert must not be lost
  /// because its words are wrong.
  package func rendered(_ context: TemplateContext) -> String {
    var rendering = TemplateRendering(context)
    do throws(TemplateProblem) {
      try rendering.render(nodes, dot: .root)
      return rendering.out
    } catch {
      return "<error expanding template: \(error.message)>"
    }
  }
}

package struct TemplateProblem: Error, Equatable, Sendable {
  package let message: String

  package init(_ message: String) {
    self.message = message
  }
}

/// What a template can refer to.
package struct TemplateContext: Sendable {
  package let labels: [String: String]
  package let value: Double
  package let externalLabels: [String: String]
  package let externalURL: String
  /// Evaluates the argument of the function `query` at the time of the alert.
  package let query: @Sendable (String) throws(TemplateProblem) -> [TemplateSample]

  package init(
    labels: [String: String], value: Double, externalLabels: [String: String] = [:], externalURL: String = "",
    query: @escaping @Sendable (String) throws(TemplateProblem) -> [TemplateSample] = { _ in [] }
  ) {
    self.labels = labels
    self.value = value
    self.externalLabels = externalLabels
    self.externalURL = externalURL
    self.query = query
  }
}

/// One element of the vector `query` yields.
package struct TemplateSample: Sendable, Equatable {
  package let labels: [String: String]
  package let value: Double

  package init(labels: [String: String], value: Double) {
    self.labels = labels
    self.value = value
  }
}
