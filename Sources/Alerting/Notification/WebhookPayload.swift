import ControlModel
import PromQL
import Telemetry

/// The body of a webhook: Alertmanager's payload version 4, so that existing receivers understand it
/// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). One alert a message, grouped by its name.
enum WebhookPayload {
  static func encode(_ transition: AlertDesk.Transition, receiver: String, externalURL: String) -> [UInt8] {
    let alert = transition.alert
    let status = transition.what == .resolved ? "resolved" : "firing"
    let endsAt = transition.what == .resolved ? transition.at.description : "0001-01-01T00:00:00Z"
    var line = JSONLine(capacity: 2048)
    line.begin()
    line.field("version", "4")
    line.field("groupKey", "{}:{alertname=\(GoFormat.format("%q", [.text(alert.name)]))}")
    line.field("truncatedAlerts", 0)
    line.field("status", status)
    line.field("receiver", receiver)
    line.open("groupLabels")
    line.attribute("alertname", .string(alert.name))
    line.close()
    labels(alert, "commonLabels", &line)
    annotations(alert, "commonAnnotations", &line)
    line.field("externalURL", externalURL)
    line.array("alerts", [alert]) { line, alert in
      line.field("status", status)
      labels(alert, "labels", &line)
      annotations(alert, "annotations", &line)
      line.field("startsAt", (alert.firedAt ?? alert.activeAt).description)
      line.field("endsAt", endsAt)
      line.field("generatorURL", "\(externalURL)/alerts/\(alert.fingerprint)")
      line.field("fingerprint", alert.fingerprint)
    }
    line.end()
    return line.bytes
  }

  private static func labels(_ alert: Alert, _ name: StaticString, _ line: inout JSONLine) {
    line.open(name)
    for (name, value) in alert.labels.pairs { line.attribute(name, .string(value)) }
    line.close()
  }

  /// With the value that raised the alert, unless the rule has an annotation of that name.
  private static func annotations(_ alert: Alert, _ name: StaticString, _ line: inout JSONLine) {
    line.open(name)
    for (name, value) in alert.annotations { line.attribute(name, .string(value)) }
    if !alert.annotations.contains(where: { $0.name == "value" }) {
      line.attribute("value", .string(GoFloat.shortest(alert.value)))
    }
    line.close()
  }
}
