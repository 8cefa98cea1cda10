import ControlModel
import Telemetry

/// What Alertmanager's `POST /api/v2/alerts` takes: every alert with when it ends if nobody says otherwise
/// (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).
enum AlertmanagerPayload {
  static func encode(_ alerts: [Notification.Item], until: WallTime, externalURL: String) -> [UInt8] {
    var line = JSONLine(capacity: 512 * max(1, alerts.count))
    line.begin()
    line.array("alerts", alerts) { line, alert in
      map(alert.labels, "labels", &line)
      map(alert.annotations, "annotations", &line)
      line.field("startsAt", WallTime(unixMilliseconds: alert.startsAt).description)
      line.field("endsAt", (alert.endsAt.map { WallTime(unixMilliseconds: $0) } ?? until).description)
      line.field("generatorURL", "\(externalURL)/#alert/\(alert.fingerprint)")
    }
    line.end()
    // The API takes the bare list: `{"alerts":[…]}` and a line end around it go.
    let text = line.bytes
    guard let open = text.firstIndex(of: UInt8(ascii: "[")), let close = text.lastIndex(of: UInt8(ascii: "]")) else {
      return Array("[]".utf8)
    }
    return Array(text[open...close])
  }

  private static func map(_ pairs: [String: String], _ name: StaticString, _ line: inout JSONLine) {
    line.open(name)
    for (name, value) in pairs.sorted(by: { $0.key < $1.key }) { line.attribute(name, .string(value)) }
    line.close()
  }
}
