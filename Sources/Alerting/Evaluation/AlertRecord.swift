import ControlModel
import PromQL

/// An alert as it is stored to outlive the process.
package struct AlertRecord: Codable, Sendable {
  package let group: String
  package let expression: String
  package let labels: [String: String]
  package let annotations: [String: String]
  package let state: Alert.State
  /// As text: JSON has no NaN and no infinity.
  package let value: String
  /// Unix milliseconds.
  package let activeAt: Int64
  package let firedAt: Int64?
  package let absentSince: Int64?
  package let exemplars: [String]?

  init(_ alert: Alert, group: String) {
    self.group = group
    expression = alert.expression
    labels = Dictionary(alert.labels.pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    annotations = Dictionary(alert.annotations.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    state = alert.state
    value = GoFloat.shortest(alert.value)
    activeAt = alert.activeAt.unixMilliseconds
    firedAt = alert.firedAt?.unixMilliseconds
    absentSince = alert.absentSince?.unixMilliseconds
    exemplars = alert.exemplars.isEmpty ? nil : alert.exemplars
  }

  /// Whether it says of the same alert the same state since the same times; value and words change with every tick.
  package func isSameState(as other: AlertRecord) -> Bool {
    group == other.group && expression == other.expression && labels == other.labels && state == other.state
      && activeAt == other.activeAt && firedAt == other.firedAt && absentSince == other.absentSince
  }

  /// Nil when the record cannot be an alert of `rule`.
  func alert(of rule: Rule) -> Alert? {
    guard case .alerting(let alerting) = rule.kind else { return nil }
    return alert(named: alerting.name, expression: rule.text)
  }

  /// The alert, when its rule is gone.
  var orphan: Alert? { alert(named: labels["alertname"] ?? "", expression: expression) }

  private func alert(named name: String, expression: String) -> Alert? {
    guard let labels = try? Labels(labels.map { ($0.key, $0.value) }) else { return nil }
    var alert = Alert(
      name: name, labels: labels,
      annotations: annotations.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }, state: state,
      value: GoFloat.parse(value) ?? .nan, activeAt: WallTime(unixMilliseconds: activeAt),
      firedAt: firedAt.map { WallTime(unixMilliseconds: $0) }, expression: expression)
    alert.absentSince = absentSince.map { WallTime(unixMilliseconds: $0) }
    alert.exemplars = exemplars ?? []
    return alert
  }
}
