import PromQL

/// The runbooks, by alert name: Markdown with slots that an alert's labels and value fill.
package struct RunbookLibrary: Sendable {
  private let texts: [String: String]

  /// - Parameter texts: Markdown by alert name.
  package init(_ texts: [String: String]) {
    self.texts = texts
  }

  package var names: [String] { texts.keys.sorted() }

  /// A runbook with `{{label}}` and `{{value}}` replaced for one alert; without an alert the slots stay. Nil when there is none.
  package func text(_ name: String, for alert: Alert?) -> String? {
    guard let text = texts[name] else { return nil }
    guard let alert else { return text }
    var filled = text.replacing("{{value}}", with: Humanized.decimal(alert.value))
    for (name, value) in alert.labels.pairs { filled = filled.replacing("{{\(name)}}", with: value) }
    return filled
  }
}
