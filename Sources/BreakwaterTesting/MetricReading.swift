package import Telemetry

extension MetricRegistry {
  /// The value a scrape shows for one series, spelled as it is exposed: `breakwater_controls_active` or
  /// `breakwater_orders_blocked_total{by="risk"}`; nil when the scrape does not show it.
  package func value(_ series: String) -> Double? {
    let text = String(decoding: exposition(), as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
    return line.flatMap { Double($0.dropFirst(series.utf8.count + 1)) }
  }
}
