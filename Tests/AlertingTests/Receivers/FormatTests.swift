import ControlModel
import Foundation
import PromQL
import Testing

@testable import Alerting

/// Each receiver gets its own format.
@Suite struct `A message` {
  private func message(_ items: [(Alert, WallTime?)], _ cause: Alerting.Notification.Cause = .new)
    -> Alerting.Notification
  {
    Alerting.Notification(
      receiver: "r", cause: cause, groupKey: "{}:{alertname=\"Down\"}", groupLabels: ["alertname": "Down"],
      alerts: items.map { Alerting.Notification.Item($0.0, resolvedAt: $0.1) }, at: noon)
  }

  private func json(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  @Test func `has the same key for the same decision, and another for another`() throws {
    let down = try firing("Down")
    #expect(message([(down, nil)]).key == message([(down, nil)]).key)
    #expect(message([(down, nil)]).key != message([(down, noon)]).key)
    #expect(message([(down, nil)]).key != message([(down, nil)]).handedOver(to: "other").key)
    let copy = try JSONDecoder().decode(
      Alerting.Notification.self, from: JSONEncoder().encode(message([(down, nil)])))
    #expect(copy == message([(down, nil)]))
  }

  @Test(arguments: [
    "https://chat.test/hooks/secret", "https://user:secret@chat.test/x", "https://chat.test?key=secret",
    "https://chat.test#secret", "https://secret@chat.test",
  ])
  func `goes to a place that is shown without what may be secret`(url: String) {
    #expect(Receiver(name: "chat", kind: .webhook(url: url)).place == "https://chat.test")
  }

  @Test func `for Slack escapes what would be a link or a mention`() throws {
    let alert = Alert(
      name: "Down", labels: try labels(#"alertname="Down",severity="critical",who="<!channel>&""#),
      annotations: [(name: "summary", value: "it is down"), (name: "description", value: "see <http://evil|here>")],
      state: .firing, value: 2.5, activeAt: noon, firedAt: noon, expression: "x")
    let document = try json(SlackPayload.encode(message([(alert, nil)]), externalURL: "http://here"))
    #expect(document["text"] as? String == "Critical: it is down")
    let attachment = try #require((document["attachments"] as? [[String: Any]])?.first)
    #expect(attachment["text"] as? String == "see &lt;http://evil|here&gt;")
    #expect(attachment["color"] as? String == "#B3261E")
    #expect(attachment["title_link"] as? String == "http://here/#alert/\(alert.fingerprint)")
    let fields = try #require(attachment["fields"] as? [[String: Any]])
    #expect(fields.contains { $0["title"] as? String == "who" && $0["value"] as? String == "&lt;!channel&gt;&amp;" })
    #expect(fields.contains { $0["title"] as? String == "value" && $0["value"] as? String == "2.5" })
  }

  @Test func `for PagerDuty triggers, acknowledges and resolves one incident`() throws {
    let down = try firing("Down", #"severity="critical",tenant="orchid""#)
    let trigger = try json(PagerDutyPayload.encode(message([(down, nil)]), routingKey: "k", externalURL: "http://here"))
    let resolve = try json(
      PagerDutyPayload.encode(message([(down, noon)]), routingKey: "k", externalURL: "http://here"))
    let acknowledge = try json(PagerDutyPayload.acknowledge("{}:{alertname=\"Down\"}", routingKey: "k"))
    #expect(trigger["event_action"] as? String == "trigger" && trigger["routing_key"] as? String == "k")
    #expect(resolve["event_action"] as? String == "resolve")
    #expect(acknowledge["event_action"] as? String == "acknowledge")
    let keys = [trigger, resolve, acknowledge].map { $0["dedup_key"] as? String }
    #expect(Set(keys).count == 1 && keys[0] == "{}:{alertname=\"Down\"}")
    let payload = try #require(trigger["payload"] as? [String: Any])
    #expect(payload["severity"] as? String == "critical" && payload["source"] as? String == "orchid")
    #expect(payload["summary"] as? String == "Critical: Down is wrong")
    #expect(payload["timestamp"] as? String == noon.description)
    let long = PagerDutyPayload.acknowledge(String(repeating: "x", count: 300), routingKey: "k")
    #expect(try (json(long)["dedup_key"] as? String)?.hasPrefix("breakwater-") == true)
  }

  @Test func `for Alertmanager is a list with ends ahead of what fires`() throws {
    let items = [
      Alerting.Notification.Item(try firing("A"), resolvedAt: nil),
      Alerting.Notification.Item(try firing("B"), resolvedAt: noon.plus(seconds: 5)),
    ]
    let bytes = AlertmanagerPayload.encode(items, until: noon.plus(seconds: 240), externalURL: "http://here")
    let list = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [[String: Any]])
    #expect(
      list.map { $0["endsAt"] as? String } == [noon.plus(seconds: 240).description, noon.plus(seconds: 5).description])
    #expect((list[0]["labels"] as? [String: String])?["alertname"] == "A")
    #expect(AlertmanagerPayload.encode([], until: noon, externalURL: "") == Array("[]".utf8))
  }

  @Test func `by mail has headers of its own only, whatever labels hold`() throws {
    let alert = Alert(
      name: "Down", labels: try labels(#"alertname="Down",x="a\r\nBcc: evil@example.com""#),
      annotations: [(name: "summary", value: "Störung\r\nBcc: evil@example.com")], state: .firing, value: 1,
      activeAt: noon, firedAt: noon, expression: "x")
    let mail = EmailMessage(
      message([(alert, nil)]), from: "bw@example.com", to: ["a@example.com"], externalURL: "http://h")
    let text = String(decoding: mail.content, as: UTF8.self)
    let head = text.components(separatedBy: "\r\n\r\n")[0]
    #expect(!head.contains("\r\nBcc:"))
    #expect(head.contains("Subject: =?utf-8?B?"))
    #expect(head.contains("Date: Sun, 22 Nov 2026 12:00:00 +0000"))
    #expect(head.contains("Message-ID: <\(message([(alert, nil)]).key)@example.com>"))
    #expect(text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= EmailMessage.lineBytesMax + 2 })
    #expect(!text.replacing("\r\n", with: "").contains("\n"))
  }

  @Test func `of several alerts names them`() throws {
    let many = message([(try firing("A"), nil), (try firing("B"), nil), (try firing("C"), noon)])
    #expect(MessageText.title(many) == "2 firing, 1 ended: A, B, C")
  }
}

/// The dialogue with a mail server.
@Suite struct `A mail` {
  private let mail: EmailMessage

  init() throws {
    let notification = Alerting.Notification(
      receiver: "mail", cause: .new, groupKey: "g", groupLabels: [:],
      alerts: [Alerting.Notification.Item(try firing("Down"), resolvedAt: nil)], at: noon)
    mail = EmailMessage(notification, from: "bw@example.com", to: ["a@example.com", "b@example.com"], externalURL: "")
  }

  private func dialogue(
    _ security: Receiver.Mailbox.Security = .off, username: String? = nil
  ) -> SMTPDialogue {
    SMTPDialogue(
      mail,
      Receiver.Mailbox(
        host: "h", port: 25, from: mail.from, to: mail.to, security: security, username: username,
        password: username.map { _ in "secret" }), host: "here")
  }

  /// What is said after each line of the server; mails as `(mail)`.
  private func talk(_ dialogue: inout SMTPDialogue, _ lines: [String]) throws -> [String] {
    try lines.compactMap { line in
      guard let step = try dialogue.take(line) else { return nil }
      switch step {
      case .send(let bytes):
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\r\n.\r\n") ? "(mail)" : text.trimmingCharacters(in: .newlines)
      case .startTLS: return "(tls)"
      case .done: return "(done)"
      }
    }
  }

  @Test func `is handed over to each recipient`() throws {
    var dialogue = dialogue()
    let said = try talk(
      &dialogue,
      ["220 hi", "250-me", "250-8BITMIME", "250 SIZE 1", "250 ok", "250 ok", "251 ok", "354 go", "250 taken"])
    #expect(
      said == [
        "EHLO here", "MAIL FROM:<bw@example.com> BODY=8BITMIME", "RCPT TO:<a@example.com>", "RCPT TO:<b@example.com>",
        "DATA", "(mail)", "(done)",
      ])
  }

  @Test func `goes by TLS when it is offered, and says hello again`() throws {
    var dialogue = dialogue(.offered, username: "me")
    #expect(try talk(&dialogue, ["220 hi", "250-me", "250 STARTTLS", "220 go"]) == ["EHLO here", "STARTTLS", "(tls)"])
    #expect(dialogue.secured() == .send(Array("EHLO here\r\n".utf8)))
    let plain = Data("\0me\0secret".utf8).base64EncodedString()
    #expect(
      try talk(&dialogue, ["250-me", "250 AUTH LOGIN PLAIN", "235 ok"]) == [
        "AUTH PLAIN \(plain)", "MAIL FROM:<bw@example.com>",
      ])
  }

  @Test func `is not sent without TLS when that is required, nor is a password`() throws {
    var required = dialogue(.required)
    #expect(throws: SMTPDialogue.Failure.self) { try talk(&required, ["220 hi", "250 me"]) }
    var password = dialogue(.offered, username: "me")
    #expect(throws: SMTPDialogue.Failure.self) { try talk(&password, ["220 hi", "250-me", "250 AUTH PLAIN"]) }
  }

  @Test(arguments: ["554 no", "hello", "25", "450 later"])
  func `that is refused says what the server said`(line: String) throws {
    var dialogue = dialogue()
    #expect(throws: SMTPDialogue.Failure.self) { try talk(&dialogue, [line]) }
  }

  @Test func `ends an endless reply`() throws {
    var dialogue = dialogue()
    #expect(throws: SMTPDialogue.Failure.self) {
      try talk(&dialogue, ["220 hi"] + Array(repeating: "250-more", count: SMTPDialogue.linesMax + 1))
    }
  }

  @Test func `doubles dots at the beginning of lines`() {
    #expect(SMTPDialogue.stuffed(Array(".a\r\n..b\r\nc.\r\n".utf8)) == Array("..a\r\n...b\r\nc.\r\n.\r\n".utf8))
  }

  @Test func `is base 64 as Foundation makes it`() {
    for count in 0..<50 {
      let bytes = (0..<count).map { UInt8($0 * 37 & 255) }
      #expect(EmailMessage.base64(bytes) == Data(bytes).base64EncodedString())
    }
  }
}
