import ControlModel
import Telemetry

/// A PagerDuty event (https://developer.pagerduty.com/docs/send-alert-event). The group is the incident: its key stays the
/// same from the first trigger to the resolve, so repeats and retries change nothing.
enum PagerDutyPayload {
  /// PagerDuty refuses longer ones.
  static let summaryCharactersMax = 1024
  static let dedupKeyCharactersMax = 255

  static func encode(_ notification: Notification, routingKey: String, externalURL: String) -> [UInt8] {
    let worst = notification.alerts.min { rank($0) < rank($1) }
    var line = JSONLine(capacity: 2048)
    line.begin()
    line.field("routing_key", routingKey)
    line.field("event_action", notification.isFiring ? "trigger" : "resolve")
    line.field("dedup_key", dedupKey(notification))
    line.field("client", "Breakwater")
    line.field("client_url", link(worst, externalURL))
    line.open("payload")
    line.field("summary", String(MessageText.title(notification).prefix(summaryCharactersMax)))
    line.field("severity", severity(worst?.severity ?? ""))
    line.field("source", worst?.labels["tenant"] ?? worst?.labels["upstream"] ?? worst?.labels["venue"] ?? "breakwater")
    line.field("timestamp", WallTime(unixMilliseconds: worst?.startsAt ?? notification.decidedAt).description)
    line.field("component", worst?.name ?? "")
    line.field("group", notification.groupKey)
    line.open("custom_details")
    line.attribute("firing", .int(notification.alerts.count { $0.isFiring }))
    line.attribute("resolved", .int(notification.alerts.count { !$0.isFiring }))
    for (number, alert) in notification.alerts.prefix(20).enumerated() {
      let facts = MessageText.facts(alert).map { "\($0.name)=\($0.value)" }.joined(separator: " ")
      line.attribute("alert \(number + 1)", .string("\(MessageText.line(alert)) [\(facts)]"))
    }
    line.close()
    line.close()
    line.array("links", notification.isFiring ? Array(notification.alerts.prefix(20)) : []) { line, alert in
      line.field("href", link(alert, externalURL))
      line.field("text", alert.name)
    }
    line.end()
    return line.bytes
  }

  /// Says that someone has the incident: no one else is called.
  static func acknowledge(_ groupKey: String, routingKey: String) -> [UInt8] {
    var line = JSONLine()
    line.begin()
    line.field("routing_key", routingKey)
    line.field("event_action", "acknowledge")
    line.field("dedup_key", key(groupKey))
    line.end()
    return line.bytes
  }

  private static func dedupKey(_ notification: Notification) -> String { key(notification.groupKey) }

  /// The group's key where it fits; else a name for it.
  private static func key(_ groupKey: String) -> String {
    groupKey.count <= dedupKeyCharactersMax ? groupKey : "breakwater-\(StableHash.hex(groupKey))"
  }

  private static func link(_ alert: Notification.Item?, _ externalURL: String) -> String {
    alert.map { "\(externalURL)/#alert/\($0.fingerprint)" } ?? externalURL
  }

  private static func rank(_ alert: Notification.Item) -> Int {
    (alert.isFiring ? 0 : 10)
      + (["critical", "error", "warning", "info"].firstIndex(of: severity(alert.severity)) ?? 3)
  }

  /// The four that PagerDuty has.
  private static func severity(_ text: String) -> String {
    switch text {
    case "critical", "error", "warning", "info": text
    case "none": "info"
    default: "warning"
    }
  }
}
