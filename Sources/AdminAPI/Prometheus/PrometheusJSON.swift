import Alerting
import ControlModel
import Foundation
import MetricStore
import PromQL
import Telemetry

/// Query results in the JSON of Prometheus' HTTP API, written straight to bytes: a range result has many samples.
enum PrometheusJSON {
  static func instant(_ result: QueryResult, at time: Int64) -> [UInt8] {
    var out: [UInt8] = []
    switch result {
    case .scalar(let value):
      out += #"{"resultType":"scalar","result":"#.utf8
      sample(time, value, &out)
    case .string(let text):
      out += #"{"resultType":"string","result":["#.utf8
      seconds(time, &out)
      out += ",".utf8
      string(text, &out)
      out += "]".utf8
    case .vector(let vector):
      out += #"{"resultType":"vector","result":["#.utf8
      for (position, element) in vector.enumerated() {
        if position > 0 { out.append(comma) }
        out += #"{"metric":"#.utf8
        labels(element.labels, &out)
        out += #","value":"#.utf8
        sample(time, element.value, &out)
        out.append(UInt8(ascii: "}"))
      }
      out += "]".utf8
    case .matrix(let series): return matrix(series)
    }
    out += "}".utf8
    return out
  }

  static func matrix(_ series: [SampledSeries]) -> [UInt8] {
    var out = Array(#"{"resultType":"matrix","result":["#.utf8)
    for (position, one) in series.enumerated() {
      if position > 0 { out.append(comma) }
      out += #"{"metric":"#.utf8
      labels(one.labels, &out)
      out += #","values":["#.utf8
      for (index, point) in one.samples.enumerated() {
        if index > 0 { out.append(comma) }
        sample(point.timestamp, point.value, &out)
      }
      out += "]}".utf8
    }
    out += "]}".utf8
    return out
  }

  /// A text as a JSON string.
  static func string(_ text: String) -> [UInt8] {
    var out: [UInt8] = []
    string(text, &out)
    return out
  }

  static func exemplars(_ series: [(labels: Labels, exemplars: [Exemplar])]) -> [UInt8] {
    var out = Array("[".utf8)
    for (position, one) in series.enumerated() {
      if position > 0 { out.append(comma) }
      out += #"{"seriesLabels":"#.utf8
      labels(one.labels, &out)
      out += #","exemplars":["#.utf8
      for (index, exemplar) in one.exemplars.enumerated() {
        if index > 0 { out.append(comma) }
        out += #"{"labels":"#.utf8
        labels(exemplar.labels, &out)
        out += ",\"value\":\"\(GoFloat.sampleValue(exemplar.value))\",\"timestamp\":".utf8
        seconds(exemplar.timestamp, &out)
        out.append(UInt8(ascii: "}"))
      }
      out += "]}".utf8
    }
    return out + Array("]".utf8)
  }

  static func labelSets(_ sets: [Labels]) -> [UInt8] {
    var out = Array("[".utf8)
    for (position, set) in sets.enumerated() {
      if position > 0 { out.append(comma) }
      labels(set, &out)
    }
    return out + Array("]".utf8)
  }

  static func strings(_ texts: [String]) -> [UInt8] {
    var out = Array("[".utf8)
    for (position, text) in texts.enumerated() {
      if position > 0 { out.append(comma) }
      string(text, &out)
    }
    return out + Array("]".utf8)
  }

  /// - Parameter tenant: whose alerts to show; nil shows all.
  static func alerts(_ alerts: [Alert], tenant: String?) -> [UInt8] {
    var line = JSONLine()
    line.begin()
    line.array("alerts", visible(alerts, to: tenant)) { line, alert in Self.alert(alert, &line) }
    line.end()
    return line.bytes
  }

  /// Which rules of which groups; an empty part takes all.
  struct RuleFilter {
    /// `alert` or `record`.
    var type = ""
    var names: Set<String> = []
    var groups: Set<String> = []
    var files: Set<String> = []
    var excludesAlerts = false

    func rules(of group: AlertDesk.GroupStatus) -> [AlertDesk.RuleStatus] {
      guard groups.isEmpty || groups.contains(group.name), files.isEmpty || files.contains(group.file) else {
        return []
      }
      return group.rules.filter { status in
        guard names.isEmpty || names.contains(status.rule.name) else { return false }
        if case .alerting = status.rule.kind { return type != "record" }
        return type != "alert"
      }
    }
  }

  /// - Parameter tenant: whose alerts to show; nil shows all.
  static func rules(_ groups: [AlertDesk.GroupStatus], _ filter: RuleFilter, tenant: String?) -> [UInt8] {
    var line = JSONLine()
    line.begin()
    let shown = groups.map { (group: $0, rules: filter.rules(of: $0)) }.filter { !$0.rules.isEmpty }
    line.array("groups", shown) { line, entry in
      let group = entry.group
      line.field("name", group.name)
      line.field("file", group.file)
      line.field("interval", Double(group.intervalMilliseconds) / 1000)
      line.field("limit", group.limit)
      line.field("evaluationTime", group.seconds)
      line.field("lastEvaluation", time(group.lastEvaluation))
      line.array("rules", entry.rules) { line, status in rule(status, filter, tenant, &line) }
    }
    line.end()
    return line.bytes
  }

  private static func visible(_ alerts: [Alert], to tenant: String?) -> [Alert] {
    guard let tenant else { return alerts }
    return alerts.filter { $0.labels["tenant"] == tenant }
  }

  private static func time(_ time: WallTime?) -> String { time?.description ?? "0001-01-01T00:00:00Z" }

  private static func rule(
    _ status: AlertDesk.RuleStatus, _ filter: RuleFilter, _ tenant: String?, _ line: inout JSONLine
  ) {
    let rule = status.rule
    line.field("name", rule.name)
    line.field("query", rule.text)
    line.field("health", status.lastEvaluation == nil ? "unknown" : status.lastError == nil ? "ok" : "err")
    // An error can quote labels of series that are another tenant's.
    if let error = status.lastError, tenant == nil { line.field("lastError", error) }
    line.field("evaluationTime", status.seconds)
    line.field("lastEvaluation", time(status.lastEvaluation))
    templates("labels", rule.labels, &line)
    guard case .alerting(let alerting) = rule.kind else { return line.field("type", "recording") }
    let alerts = visible(status.alerts, to: tenant)
    line.field("type", "alerting")
    line.field("duration", Double(alerting.holdMilliseconds) / 1000)
    line.field("keepFiringFor", Double(alerting.keepFiringMilliseconds) / 1000)
    line.field("state", alerts.contains { $0.state == .firing } ? "firing" : alerts.isEmpty ? "inactive" : "pending")
    templates("annotations", alerting.annotations, &line)
    guard !filter.excludesAlerts else { return }
    line.array("alerts", alerts) { line, alert in Self.alert(alert, &line) }
  }

  private static func templates(
    _ name: StaticString, _ templates: [(name: String, template: Template)], _ line: inout JSONLine
  ) {
    line.open(name)
    for (name, template) in templates { line.attribute(name, .string(template.text)) }
    line.close()
  }

  private static func alert(_ alert: Alert, _ line: inout JSONLine) {
    line.open("labels")
    for (name, value) in alert.labels.pairs { line.attribute(name, .string(value)) }
    line.close()
    line.open("annotations")
    for (name, value) in alert.annotations { line.attribute(name, .string(value)) }
    line.close()
    line.field("state", alert.state.rawValue)
    line.field("activeAt", alert.activeAt.description)
    if let since = alert.absentSince { line.field("keepFiringSince", since.description) }
    line.field("value", exponent(alert.value))
  }

  /// Go's `FormatFloat(value, 'e', -1, 64)`, e.g. `1.5e+00`: the fewest digits that read back.
  private static func exponent(_ value: Double) -> String {
    guard value.isFinite else { return GoFloat.sampleValue(value) }
    for digits in 0..<17 {
      let text = String(format: "%.\(digits)e", value)
      if Double(text) == value { return text }
    }
    return GoFloat.sampleValue(value)
  }

  // MARK: Parts

  private static let comma = UInt8(ascii: ",")

  private static func labels(_ labels: Labels, _ out: inout [UInt8]) {
    out.append(UInt8(ascii: "{"))
    var isFirst = true
    labels.forEach { name, value in
      if !isFirst { out.append(comma) }
      isFirst = false
      string(name, &out)
      out.append(UInt8(ascii: ":"))
      string(value, &out)
    }
    out.append(UInt8(ascii: "}"))
  }

  /// `[1435781451.781,"1"]`
  private static func sample(_ time: Int64, _ value: Double, _ out: inout [UInt8]) {
    out.append(UInt8(ascii: "["))
    seconds(time, &out)
    out += ",\"".utf8
    GoFloat.append(sampleValue: value, to: &out)
    out += "\"]".utf8
  }

  private static func seconds(_ milliseconds: Int64, _ out: inout [UInt8]) {
    if milliseconds < 0 { out.append(UInt8(ascii: "-")) }
    GoFloat.append(milliseconds.magnitude / 1000, to: &out)
    var rest = milliseconds.magnitude % 1000
    guard rest > 0 else { return }
    out.append(UInt8(ascii: "."))
    while rest > 0 {
      out.append(UInt8(ascii: "0") + UInt8(rest / 100))
      rest = rest % 100 * 10
    }
  }

  private static func string(_ text: String, _ out: inout [UInt8]) {
    var text = text
    text.withUTF8 { string(UnsafeRawBufferPointer($0), &out) }
  }

  private static func string(_ bytes: UnsafeRawBufferPointer, _ out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    defer { out.append(UInt8(ascii: "\"")) }
    if bytes.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      return out.append(contentsOf: bytes)
    }
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""): out += "\\\"".utf8
      case UInt8(ascii: "\\"): out += "\\\\".utf8
      case UInt8(ascii: "\n"): out += "\\n".utf8
      case _ where byte < 0x20:
        let hex = String(byte, radix: 16)
        out += "\\u\(String(repeating: "0", count: 4 - hex.utf8.count))\(hex)".utf8
      default: out.append(byte)
      }
    }
  }
}
