/// What a metric is, before anything is counted: name, meaning, kind and the labels it may carry with their caps.
package struct MetricDefinition: Sendable {
  package enum Kind: Sendable, Equatable {
    case counter
    case gauge
    /// Upper bounds in the metric's base unit, ascending, without +Inf.
    case histogram(bounds: [Double])

    package var text: String {
      switch self {
      case .counter: "counter"
      case .gauge: "gauge"
      case .histogram: "histogram"
      }
    }
  }

  package struct Label: Sendable {
    package let name: String
    /// Most distinct values kept; the next ones are folded into `_other` and counted in `breakwater_label_overflow_total`.
    package let cap: Int
  }

  package let name: String
  package let help: String
  package let kind: Kind
  package let labels: [Label]

  package init(_ name: String, _ kind: Kind, _ help: String, labels: KeyValuePairs<String, Int> = [:]) {
    self.name = name
    self.help = help
    self.kind = kind
    self.labels = labels.map { Label(name: $0.key, cap: $0.value) }
  }

  /// The value that stands for every label value past its cap.
  package static let overflowValue = "_other"
  /// Longest label value; a longer one is folded. Routes, tenants and codes are far shorter.
  package static let labelValueBytesMax = 256
}
