/// Prometheus' names for OpenTelemetry's metrics and attributes
/// (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/).
enum MetricNaming {
  private static let units = [
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
    "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
    "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes", "m": "meters", "V": "volts", "A": "amperes",
    "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius", "Hz": "hertz", "%": "percent",
  ]
  private static let perUnits = ["s": "second", "m": "minute", "min": "minute", "h": "hour", "d": "day"]

  /// `http.server.duration` in `s` becomes `http_server_duration_seconds`; a monotonic sum ends in `_total`.
  static func metric(_ name: String, unit: String, kind: OTLPMetrics.Metric.Kind) -> String {
    var words = plain(name).split(separator: "_").map(String.init)
    for suffix in suffixes(unit, kind) where !words.contains(suffix) { words.append(suffix) }
    if kind == .sum(isMonotonic: true) {
      words.removeAll { $0 == "total" }
      words.append("total")
    }
    let joined = words.joined(separator: "_")
    return joined.first?.isNumber == true ? "_" + joined : joined
  }

  private static func suffixes(_ unit: String, _ kind: OTLPMetrics.Metric.Kind) -> [String] {
    if unit == "1" { return kind == .gauge ? ["ratio"] : [] }
    guard !unit.isEmpty, !unit.contains("{") else { return [] }
    let parts = unit.split(separator: "/", maxSplits: 1).map(String.init)
    var words = [units[parts[0]] ?? plain(parts[0])].filter { !$0.isEmpty }
    if parts.count > 1 { words += ["per", perUnits[parts[1]] ?? plain(parts[1])] }
    return words
  }

  /// `service.name` becomes `service_name`; a name that begins with a digit gets `key_` before it.
  static func label(_ name: String) -> String {
    let text = plain(name)
    return text.first?.isNumber == true ? "key_" + text : text
  }

  private static func plain(_ text: String) -> String {
    String(
      decoding: text.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"):
          byte
        default: UInt8(ascii: "_")
        }
      }, as: UTF8.self)
  }
}
