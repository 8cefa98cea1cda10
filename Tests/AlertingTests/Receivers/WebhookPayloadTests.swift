import ControlModel
import Foundation
import PromQL
import Testing

@testable import Alerting

/// Existing Alertmanager receivers understand what we send.
@Suite struct `The webhook payload` {
  private func alert(_ labels: [(String, String)], annotations: [(name: String, value: String)], value: Double = 0.5)
    throws -> Alert
  {
    Alert(
      name: "Down", labels: try Labels(labels), annotations: annotations, state: .firing, value: value,
      activeAt: WallTime(unixMilliseconds: 1_795_348_800_000), firedAt: WallTime(unixMilliseconds: 1_795_348_805_000),
      expression: "up == 0")
  }

  private func document(_ alert: Alert, _ what: AlertDesk.Transition.What) throws -> [String: Any] {
    let time = WallTime(unixMilliseconds: 1_795_348_900_000)
    let item = Alerting.Notification.Item(alert, resolvedAt: what == .resolved ? time : nil)
    let notification = Alerting.Notification(
      receiver: "pager", cause: .new, groupKey: "{}:{alertname=\"Down\"}", groupLabels: ["alertname": "Down"],
      alerts: [item], at: time)
    let body = WebhookPayload.encode(notification, externalURL: "http://here")
    return try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
  }

  @Test func `is version 4 with all its members`() throws {
    let alert = try alert([("alertname", "Down"), ("job", "a\"b\n")], annotations: [("summary", "é \\ it")])
    let document = try document(alert, .firing)
    #expect(
      Set(document.keys) == [
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations",
        "externalURL", "alerts",
      ])
    #expect(document["version"] as? String == "4")
    #expect(document["truncatedAlerts"] as? Int == 0)
    #expect(document["status"] as? String == "firing")
    #expect(document["receiver"] as? String == "pager")
    #expect(document["groupKey"] as? String == "{}:{alertname=\"Down\"}")
    #expect(document["groupLabels"] as? [String: String] == ["alertname": "Down"])
    #expect(document["commonLabels"] as? [String: String] == ["alertname": "Down", "job": "a\"b\n"])
    #expect(document["commonAnnotations"] as? [String: String] == ["summary": "é \\ it", "value": "0.5"])
    let inner = try #require((document["alerts"] as? [[String: Any]])?.first)
    #expect(
      Set(inner.keys) == [
        "status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint",
      ])
    #expect(inner["status"] as? String == "firing")
    #expect(inner["startsAt"] as? String == "2026-11-22T12:00:05.000Z")
    #expect(inner["endsAt"] as? String == "0001-01-01T00:00:00Z")
    #expect(inner["fingerprint"] as? String == alert.fingerprint)
    #expect(inner["generatorURL"] as? String == "http://here/#alert/\(alert.fingerprint)")
  }

  @Test func `of an end has the time of the end, and the same key, beginning and fingerprint`() throws {
    let alert = try alert([("alertname", "Down")], annotations: [])
    let (firing, resolved) = (try document(alert, .firing), try document(alert, .resolved))
    let (a, b) = (
      try #require((firing["alerts"] as? [[String: Any]])?.first),
      try #require((resolved["alerts"] as? [[String: Any]])?.first)
    )
    #expect(resolved["status"] as? String == "resolved" && b["status"] as? String == "resolved")
    #expect(b["endsAt"] as? String == "2026-11-22T12:01:40.000Z")
    for key in ["startsAt", "fingerprint", "generatorURL"] { #expect(a[key] as? String == b[key] as? String) }
    #expect(firing["groupKey"] as? String == resolved["groupKey"] as? String)
  }

  @Test func `leaves a rule's own annotation named value alone`() throws {
    let document = try document(try alert([("alertname", "Down")], annotations: [("value", "mine")]), .firing)
    #expect(document["commonAnnotations"] as? [String: String] == ["value": "mine"])
  }

  @Test(arguments: [(Double.nan, "NaN"), (.infinity, "+Inf"), (1e21, "1e+21"), (0, "0")])
  func `has any value as text`(value: Double, text: String) throws {
    let document = try document(try alert([("alertname", "Down")], annotations: [], value: value), .firing)
    #expect(document["commonAnnotations"] as? [String: String] == ["value": text])
  }
}
