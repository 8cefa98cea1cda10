extension MetricRegistry {
  /// Media type of `exposition()`.
  package static var expositionContentType: String { "text/plain; version=0.0.4; charset=utf-8" }

  /// All metrics in the Prometheus text format 0.0.4
  /// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format), families and children sorted so
  /// that two scrapes compare.
  package func exposition() -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(64 * 1024)
    var values: [Double] = []
    for family in collected().sorted(by: { $0.definition.name < $1.definition.name }) {
      let children = family.children()
      guard !children.isEmpty else { continue }
      let definition = family.definition
      out += "# HELP \(definition.name) ".utf8
      TextFormat.append(escaping: definition.help, quotes: false, to: &out)
      out += "\n# TYPE \(definition.name) \(definition.kind.text)\n".utf8
      for child in children.sorted(by: { $0.values.lexicographicallyPrecedes($1.values) }) {
        values.removeAll(keepingCapacity: true)
        child.instrument.read(into: &values)
        for (series, value) in zip(SeriesDescription.all(of: child, in: definition), values) {
          series.append(to: &out)
          out.append(UInt8(ascii: " "))
          out += Self.number(value).utf8
          out.append(UInt8(ascii: "\n"))
        }
      }
    }
    return out
  }

  /// Media type of `openMetrics(at:)`.
  package static var openMetricsContentType: String {
    "application/openmetrics-text; version=1.0.0; charset=utf-8"
  }

  /// All metrics as OpenMetrics 1.0
  /// (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md), with the exemplars of buckets.
  ///
  /// Without `_created`: Prometheus stores those as series of their own, twice as many; the embedded store knows when
  /// counting began.
  /// - Parameter now: Unix milliseconds; older exemplars than ten minutes are left out.
  package func openMetrics(at now: Int64) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(64 * 1024)
    var values: [Double] = []
    for family in collected().sorted(by: { $0.definition.name < $1.definition.name }) {
      let children = family.children()
      guard !children.isEmpty else { continue }
      let definition = family.definition
      let isTotal = definition.kind == .counter && definition.name.hasSuffix("_total")
      let name = isTotal ? String(definition.name.dropLast("_total".count)) : definition.name
      let kind = definition.kind == .counter && !isTotal ? "unknown" : definition.kind.text
      out += "# TYPE \(name) \(kind)\n# HELP \(name) ".utf8
      TextFormat.append(escaping: definition.help, quotes: true, to: &out)
      out.append(UInt8(ascii: "\n"))
      for child in children.sorted(by: { $0.values.lexicographicallyPrecedes($1.values) }) {
        values.removeAll(keepingCapacity: true)
        var exemplars: [Int: ObservedExemplar] = [:]
        if case .histogram(let histogram) = child.instrument {
          for (bucket, exemplar) in histogram.exemplars(after: now - ObservedExemplar.shownMilliseconds) {
            exemplars[bucket] = exemplar
          }
        }
        child.instrument.read(into: &values)
        for (index, series) in SeriesDescription.all(of: child, in: definition).enumerated() {
          series.append(to: &out)
          out.append(UInt8(ascii: " "))
          out += Self.number(values[index]).utf8
          if let exemplar = exemplars[index] { Self.append(exemplar, to: &out) }
          out.append(UInt8(ascii: "\n"))
        }
      }
    }
    return out + Array("# EOF\n".utf8)
  }

  private static func append(_ exemplar: ObservedExemplar, to out: inout [UInt8]) {
    out += " # {".utf8
    for (index, label) in exemplar.labels.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      out += "\(label.name)=\"\(label.value)\"".utf8
    }
    out += "} \(number(exemplar.value)) \(number(Double(exemplar.time) / 1000))".utf8
  }

  /// Shortest text that reads back as `value`, spelled as Prometheus spells it.
  package static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return String(value)
  }
}

/// One time series of a metric: its sample name and sorted labels.
package struct SeriesDescription: Hashable, Sendable {
  package let name: String
  /// Sorted by name, without `__name__`.
  package let labels: [Label]
  /// It counts, so it stood at zero before it was first seen.
  package let isCounting: Bool

  package struct Label: Hashable, Sendable {
    package let name: String
    package let value: String
  }

  /// Appends `name{a="b",c="d"}` with values escaped as the text format asks.
  func append(to out: inout [UInt8]) {
    out += name.utf8
    guard !labels.isEmpty else { return }
    var separator = UInt8(ascii: "{")
    for label in labels {
      out.append(separator)
      separator = UInt8(ascii: ",")
      out += label.name.utf8
      out += "=\"".utf8
      TextFormat.append(escaping: label.value, quotes: true, to: &out)
      out.append(UInt8(ascii: "\""))
    }
    out.append(UInt8(ascii: "}"))
  }

  /// The series of one child, in the order in which its instrument reads.
  static func all(of child: MetricFamily.Child, in definition: MetricDefinition) -> [SeriesDescription] {
    let labels = zip(definition.labels, child.values).map { Label(name: $0.name, value: $1) }
    func series(_ name: String, _ labels: [Label]) -> SeriesDescription {
      SeriesDescription(
        name: name, labels: labels.sorted { $0.name < $1.name }, isCounting: definition.kind != .gauge)
    }
    guard case .histogram(let bounds) = definition.kind else { return [series(definition.name, labels)] }
    let edges = bounds.map(MetricRegistry.number) + ["+Inf"]
    return edges.map { series(definition.name + "_bucket", labels + [Label(name: "le", value: $0)]) }
      + [series(definition.name + "_sum", labels), series(definition.name + "_count", labels)]
  }
}

/// Escaping of the text format, byte by byte: `Character`s would hide a line feed in CR LF and a quotation mark under a
/// combining accent.
private enum TextFormat {
  static func append(escaping text: String, quotes: Bool, to out: inout [UInt8]) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): out += "\\\\".utf8
      case UInt8(ascii: "\n"): out += "\\n".utf8
      case UInt8(ascii: "\"") where quotes: out += "\\\"".utf8
      default: out.append(byte)
      }
    }
  }
}
