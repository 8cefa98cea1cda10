import BreakwaterTesting
import ControlModel
import MetricStore
import PromQL
import Telemetry

@testable import Alerting

/// Rules over series that a test sets, in its own time.
final class Scene {
  let metrics = MetricRegistry()
  let store: MetricStore
  let clock = TestClock()
  let desk: AlertDesk

  init(_ rules: String, _ change: (inout AlertDesk.Settings) -> Void = { _ in }) throws {
    store = MetricStore(metrics: metrics)
    var settings = AlertDesk.Settings()
    change(&settings)
    desk = AlertDesk(
      try RuleFile.parse(rules, file: "rules.yml"), settings: settings, store: store, clocks: clock.clocks,
      metrics: metrics)
  }

  var now: WallTime { clock.clocks.now }

  /// Values of series, now.
  func set(_ values: KeyValuePairs<String, Double>) throws {
    let batch = try values.compactMap { series, value in
      try store.reference(Labels(parsing: series)).map { ($0, value) }
    }
    store.append(batch, at: now.unixMilliseconds)
  }

  /// Evaluates now and says what changed, e.g. `firing Down{job="a"}`; then a second passes.
  @discardableResult func tick(_ values: KeyValuePairs<String, Double> = [:]) throws -> [String] {
    try set(values)
    defer { clock.advance(by: .seconds(1)) }
    return desk.tick(at: now).filter { $0.what != .dropped }.map { "\($0.what.rawValue) \($0.alert.text)" }
  }

  /// A query now, as `{labels} value` sorted.
  func query(_ text: String) throws -> [String] {
    guard case .vector(let vector) = try Engine().instant(Expression(text), at: now.unixMilliseconds, in: store) else {
      return []
    }
    return vector.map { "\($0.labels.text) \(GoFloat.shortest($0.value))" }.sorted()
  }
}

extension Alert {
  /// `Name{label="value"}` without the alert's name among the labels.
  var text: String { name + labels.pairs.filter { $0.name != "alertname" }.text }

  func annotation(_ name: String) -> String? { annotations.first { $0.name == name }?.value }
}

extension Labels {
  var text: String { (metricName ?? "") + pairs.filter { $0.name != "__name__" }.text }
}

extension [(name: String, value: String)] {
  fileprivate var text: String {
    isEmpty ? "" : "{" + map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",") + "}"
  }
}

/// A group of rules given as the lines of each.
func group(_ rules: String..., head: String = "") -> String {
  var text = "groups:\n- name: g\n\(head)  rules:\n"
  for rule in rules {
    for (number, line) in rule.split(separator: "\n").enumerated() {
      text += (number == 0 ? "  - " : "    ") + line + "\n"
    }
  }
  return text
}

/// Text as a YAML scalar: a JSON string is one.
func quoted(_ text: String) -> String {
  var line = JSONLine()
  line.begin()
  line.field("", text)
  return String(decoding: line.bytes.dropFirst(4), as: UTF8.self)
}
