import ControlModel
import Telemetry

/// The body of a webhook: Alertmanager's payload version 4, so that existing receivers understand it
/// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config).
enum WebhookPayload {
  static func encode(_ notification: Notification, externalURL: String) -> [UInt8] {
    let status = notification.isFiring ? "firing" : "resolved"
    var line = JSONLine(capacity: 2048)
    line.begin()
    line.field("version", "4")
    line.field("groupKey", notification.groupKey)
    line.field("truncatedAlerts", notification.truncated)
    line.field("status", status)
    line.field("receiver", notification.receiver)
    map(notification.groupLabels, "groupLabels", &line)
    map(common(notification.alerts.map(\.labels)), "commonLabels", &line)
    map(common(notification.alerts.map(annotations)), "commonAnnotations", &line)
    line.field("externalURL", externalURL)
    line.array("alerts", notification.alerts) { line, alert in
      line.field("status", alert.isFiring ? "firing" : "resolved")
      map(alert.labels, "labels", &line)
      map(annotations(alert), "annotations", &line)
      line.field("startsAt", WallTime(unixMilliseconds: alert.startsAt).description)
      line.field(
        "endsAt", alert.endsAt.map { WallTime(unixMilliseconds: $0).description } ?? "0001-01-01T00:00:00Z")
      line.field("generatorURL", "\(externalURL)/#alert/\(alert.fingerprint)")
      line.field("fingerprint", alert.fingerprint)
    }
    line.end()
    return line.bytes
  }

  private static func map(_ pairs: [String: String], _ name: StaticString, _ line: inout JSONLine) {
    line.open(name)
    for (name, value) in pairs.sorted(by: { $0.key < $1.key }) { line.attribute(name, .string(value)) }
    line.close()
  }

  /// With the value that raised the alert, unless the rule has an annotation of that name.
  private static func annotations(_ alert: Notification.Item) -> [String: String] {
    var annotations = alert.annotations
    if annotations["value"] == nil { annotations["value"] = alert.value }
    if let exemplars = alert.exemplars, annotations["requests"] == nil {
      annotations["requests"] = exemplars.joined(separator: " ")
    }
    return annotations
  }

  /// What all have in common.
  private static func common(_ maps: [[String: String]]) -> [String: String] {
    guard var common = maps.first else { return [:] }
    for map in maps.dropFirst() { common = common.filter { map[$0.key] == $0.value } }
    return common
  }
}
