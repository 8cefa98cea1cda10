import PromQL

/// The runbooks, by alert name: Markdown with slots that an alert's labels and value fill.
package struct RunbookLibrary: Sendable {
  private let texts: [String: String]

  /// - Parameter texts: Markdown by alert name.
  package init(_ texts: [String: String]) {
    self.texts = texts
  }

  package var names: [String] { texts.keys.sorted() }

  package func has(_ name: String) -> Bool { texts[name] != nil }

  /// A runbook with `{{label}}` and `{{value}}` replaced for one alert; without an alert, and for labels it does not
  /// have, the slots stay. Nil when there is none.
  package func text(_ name: String, for alert: Alert?) -> String? {
    guard let text = texts[name], let alert else { return texts[name] }
    // Once through the text: what a label's value holds is never itself a slot.
    var filled = ""
    var rest = text[...]
    while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
      let slot = String(rest[open.upperBound..<close.lowerBound])
      filled += rest[..<open.lowerBound]
      let value = slot == "value" ? Humanized.decimal(alert.value) : alert.labels[slot]
      if let value {
        filled += value
        rest = rest[close.upperBound...]
      } else {
        filled += "{{"
        rest = rest[open.upperBound...]
      }
    }
    return filled + rest
  }
}
