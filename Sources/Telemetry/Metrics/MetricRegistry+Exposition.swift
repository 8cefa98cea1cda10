extension MetricRegistry {
  /// Media type of `exposition()`.
  package static var expositionContentType: String { "text/plain; version=0.0.4; charset=utf-8" }

  /// All metrics in the Prometheus text format 0.0.4, families and children sorted so that two scrapes compare.
  package func exposition() -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(64 * 1024)
    for family in collected().sorted(by: { $0.definition.name < $1.definition.name }) {
      let children = family.children()
      guard !children.isEmpty else { continue }
      let definition = family.definition
      out += "# HELP \(definition.name) \(Self.escapedHelp(definition.help))\n".utf8
      out += "# TYPE \(definition.name) \(definition.kind.text)\n".utf8
      for child in children.sorted(by: { $0.values.lexicographicallyPrecedes($1.values) }) {
        for (series, value) in zip(
          SeriesDescription.all(of: child, in: definition), SeriesDescription.values(of: child))
        {
          out += "\(series.text) \(Self.number(value))\n".utf8
        }
      }
    }
    return out
  }

  /// Shortest text that reads back as `value`, spelled as Prometheus spells it.
  package static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return String(value)
  }

  private static func escapedHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }
}

/// One time series of a metric: its sample name and sorted labels.
package struct SeriesDescription: Hashable, Sendable {
  package let name: String
  /// Sorted by name, without `__name__`.
  package let labels: [Label]

  package struct Label: Hashable, Sendable {
    package let name: String
    package let value: String
  }

  /// `name{a="b",c="d"}` with values escaped as the text format asks.
  var text: String {
    guard !labels.isEmpty else { return name }
    let inside = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
    return "\(name){\(inside)}"
  }

  private static func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  /// The series of one child, in the order of `values(of:)`.
  static func all(of child: MetricFamily.Child, in definition: MetricDefinition) -> [SeriesDescription] {
    let labels = zip(definition.labels, child.values).map { Label(name: $0.name, value: $1) }
    guard case .histogram(let bounds) = definition.kind else {
      return [SeriesDescription(name: definition.name, labels: labels.sorted { $0.name < $1.name })]
    }
    let bucket = definition.name + "_bucket"
    let edges = bounds.map(MetricRegistry.number) + ["+Inf"]
    let plain = labels.sorted { $0.name < $1.name }
    return edges.map { edge in
      let all = labels + [Label(name: "le", value: edge)]
      return SeriesDescription(name: bucket, labels: all.sorted { $0.name < $1.name })
    } + [
      SeriesDescription(name: definition.name + "_sum", labels: plain),
      SeriesDescription(name: definition.name + "_count", labels: plain),
    ]
  }

  static func values(of child: MetricFamily.Child) -> [Double] {
    var values: [Double] = []
    Self.appendValues(of: child, to: &values)
    return values
  }

  static func appendValues(of child: MetricFamily.Child, to values: inout [Double]) {
    switch child.instrument {
    case .counter(let counter): values.append(counter.value)
    case .gauge(let gauge): values.append(gauge.value)
    case .histogram(let histogram): histogram.read(into: &values)
    }
  }
}
