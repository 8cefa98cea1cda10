import Telemetry

/// A message for a Slack-shaped incoming webhook: text for notifications, one attachment per alert
/// (https://api.slack.com/reference/messaging/attachments). Mattermost and Rocket.Chat read the same.
enum SlackPayload {
  /// Alerts shown; the rest are counted.
  static let attachmentsMax = 20

  static func encode(_ notification: Notification, externalURL: String) -> [UInt8] {
    let shown = notification.alerts.prefix(attachmentsMax)
    let hidden = notification.alerts.count - shown.count + notification.truncated
    var line = JSONLine(capacity: 2048)
    line.begin()
    line.field("text", escaped(MessageText.title(notification)) + (hidden > 0 ? " (\(hidden) more not shown)" : ""))
    line.array("attachments", Array(shown)) { line, alert in
      let link = "\(externalURL)/#alert/\(alert.fingerprint)"
      line.field("fallback", MessageText.line(alert))
      line.field("color", alert.isFiring ? color(alert.severity) : "#337153")
      line.field("title", MessageText.line(alert))
      line.field("title_link", link)
      line.field("text", escaped(alert.annotations["description"] ?? ""))
      line.array("fields", MessageText.facts(alert)) { line, fact in
        line.field("title", fact.name)
        line.field("value", escaped(fact.value))
        line.field("short", true)
      }
      line.field("ts", Int((alert.endsAt ?? alert.startsAt) / 1000))
    }
    line.end()
    return line.bytes
  }

  /// Slack's three characters of markup (https://api.slack.com/reference/surfaces/formatting#escaping): a label's value
  /// must not become a link or a mention.
  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  private static func color(_ severity: String) -> String {
    switch severity {
    case "critical": "#B3261E"
    case "warning": "#9F5E05"
    default: "#0A6DC5"
    }
  }
}

/// Words about alerts that every format for people shares.
enum MessageText {
  static func title(_ notification: Notification) -> String {
    let firing = notification.alerts.count { $0.isFiring }
    let resolved = notification.alerts.count - firing
    let what = [firing > 0 ? "\(firing) firing" : nil, resolved > 0 ? "\(resolved) ended" : nil]
      .compactMap { $0 }.joined(separator: ", ")
    let names = Set(notification.alerts.map(\.name)).sorted()
    let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
    let only = notification.alerts.count == 1 ? notification.alerts[0] : nil
    switch (notification.cause, only) {
    case (.test, _): return "Test: \(only?.summary ?? "")"
    case (.silenceExpiring, let alert?): return "Silence ends soon: \(alert.summary)"
    case (.repeat, let alert?): return "Still firing: \(alert.summary)"
    case (_, let alert?): return alert.isFiring ? "\(word(alert)): \(alert.summary)" : "Ended: \(alert.summary)"
    default: return "\(what): \(shown)"
    }
  }

  /// `Critical: Order rejects above 5%`
  static func line(_ alert: Notification.Item) -> String {
    "\(alert.isFiring ? word(alert) : "Ended"): \(alert.summary)"
  }

  private static func word(_ alert: Notification.Item) -> String {
    alert.severity.prefix(1).uppercased() + alert.severity.dropFirst()
  }

  /// Labels and value, those of the summary left out.
  static func facts(_ alert: Notification.Item) -> [(name: String, value: String)] {
    [(name: "value", value: alert.value)]
      + alert.labels.filter { $0.key != "severity" }.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
      + (alert.exemplars.map { [(name: "requests", value: $0.joined(separator: " "))] } ?? [])
  }
}
