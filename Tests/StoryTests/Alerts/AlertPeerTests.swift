import BreakwaterTesting
import ControlModel
import Foundation
import Testing
import Wire

/// The alert desk with programs of other people's at the other end.
@Suite(.timeLimit(.minutes(3))) struct `The alert desk tells` {
  /// An alert that fires at once, and the watchdog's like that nobody hears of.
  private func rules(in folder: TemporaryFolder) throws -> String {
    let text = """
      groups:
      - name: story
        rules:
        - alert: Story
          expr: vector(1)
          labels: { severity: critical, tenant: orchid }
          annotations: { summary: 'a story is told' }
        - alert: Quiet
          expr: vector(1)
          labels: { severity: none }
      """
    let path = folder.file("story.yml")
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func withDesk(_ alerting: String, _ story: (Product) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let extra =
      "alerting:\n  rules: [\"\(try rules(in: folder))\"]\n"
      + alerting.split(separator: "\n").map { "  \($0)\n" }.joined()
    try await withProduct(extra: extra, story)
  }

  private func notifications(_ product: Product) async throws -> [NotificationItem] {
    let token = try product.people.token(.operator, "op")
    return try await product.call("GET", "/admin/notifications", token: token).decode(Page<NotificationItem>.self).items
  }

  @Test func `webhooks, Slack and PagerDuty in their formats, once, and remembers it`() async throws {
    let hook = try await HookServer()
    let alerting = """
      receivers:
      - { name: page, webhook: "\(hook.url)/hook" }
      - { name: chat, slack: "\(hook.url)/slack" }
      - { name: duty, pagerduty: { routingKey: k, url: "\(hook.url)/pd" } }
      """
    try await withDesk(alerting) { product in
      try await product.eventually("three are told") { hook.posts.count >= 3 }
      let byPath = Dictionary(grouping: hook.posts, by: \.path)
      #expect(byPath.mapValues(\.count) == ["/hook": 1, "/slack": 1, "/pd": 1])
      let webhook = try #require(byPath["/hook"]?.first)
      let document = try #require(try JSONSerialization.jsonObject(with: Data(webhook.body)) as? [String: Any])
      #expect(document["version"] as? String == "4" && document["status"] as? String == "firing")
      #expect((document["groupLabels"] as? [String: String])?["alertname"] == "Story")
      #expect(byPath["/pd"]?.first?.text.contains("\"event_action\":\"trigger\"") == true)
      try await product.eventually("the ledger knows") {
        try await notifications(product).filter { $0.status == "sent" }.count == 3
      }
      let items = try await notifications(product)
      #expect(Set(items.map(\.receiver)) == ["page", "chat", "duty"])
      #expect(items.first { $0.receiver == "page" }?.key == webhook.fields["idempotency-key"])
      let op = try product.people.token(.operator, "op")
      let alert = try #require(items.first?.alerts.first)
      let taken = try await product.call(
        "POST", "/admin/alerts/\(alert.fingerprint)/ack", token: op, body: #"{"comment":"mine"}"#)
      #expect(taken.status == 200)
      try await product.eventually("the pager hears that someone has it") {
        hook.posts.contains { $0.path == "/pd" && $0.text.contains("\"event_action\":\"acknowledge\"") }
      }
      try await product.eventually("the history has it") {
        let history = try await product.call("GET", "/admin/alert-history?fingerprint=\(alert.fingerprint)", token: op)
          .decode(Page<AlertHistoryItem>.self).items
        return history.map(\.what) == ["acknowledged", "firing"] && history.first?.actor == "op"
      }
    }
    await hook.stop()
  }

  @Test(
    .enabled(
      if: Peer.path("prometheus-alertmanager") != nil && Peer.path("amtool") != nil, "Alertmanager is not installed"))
  func `a real Alertmanager, which amtool then shows`() async throws {
    let alertmanager = try #require(Peer.path("prometheus-alertmanager"))
    let amtool = try #require(Peer.path("amtool"))
    let folder = try TemporaryFolder()
    let hook = try await HookServer()
    let port = try await FreePort.find()
    let text = """
      route: { receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
      receivers: [ { name: hook, webhook_configs: [ { url: "\(hook.url)/am" } ] } ]
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("am.yml")))
    let running = try Peer.Running(
      alertmanager,
      [
        "--config.file=\(folder.file("am.yml"))", "--storage.path=\(folder.file("data"))",
        "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
      ], output: folder.file("am.log"))
    defer { running.stop() }
    try await withDesk("receivers: [ { name: am, alertmanager: \"http://127.0.0.1:\(port)\" } ]") { product in
      try await product.eventually("Alertmanager tells its receiver") {
        hook.posts.contains { $0.path == "/am" && $0.text.contains("\"alertname\":\"Story\"") }
      }
      let shown = try Peer.run(
        amtool, ["alert", "query", "--alertmanager.url=http://127.0.0.1:\(port)", "-o", "extended"])
      #expect(shown.output.contains("alertname=\"Story\"") && shown.output.contains("tenant=\"orchid\""))
      #expect(shown.output.contains("alertname=\"Quiet\""), "a real Alertmanager routes the watchdog itself")
    }
    await hook.stop()
  }

  private func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("DataPlaneTests/Fixtures/tls/\(name)").path
  }

  /// A mail server that answers, on a port that was free a moment ago; another is tried when somebody else was quicker.
  private func mailServer(
    in folder: TemporaryFolder, tls: (certificate: String, key: String)? = nil
  ) async throws -> (Peer.Running, Int) {
    for attempt in 0..<5 {
      let port = try await FreePort.find()
      let running = try Peer.mailServer(port: port, output: folder.file("mail-\(attempt).log"), tls: tls)
      let greet = "import smtplib, sys; smtplib.SMTP('127.0.0.1', int(sys.argv[1]), timeout=5).ehlo()"
      let answers = try await eventually(within: .seconds(30)) {
        try Peer.run("/usr/bin/python3", ["-c", greet, "\(port)"]).status == 0
      }
      if answers { return (running, port) }
      running.stop()
    }
    throw StoryFailure("no mail server answers")
  }

  @Test(.enabled(if: Peer.pythonHas("aiosmtpd"), "python3-aiosmtpd is not installed"))
  func `a mailbox`() async throws {
    let folder = try TemporaryFolder()
    let (running, port) = try await mailServer(in: folder)
    defer { running.stop() }
    let alerting = """
      receivers:
      - name: mail
        email: { smtp: "127.0.0.1:\(port)", from: bw@example.com, to: [a@example.com, b@example.com], startTLS: "off" }
      """
    try await withDesk(alerting) { product in
      try await product.eventually("the mail is there") { running.said.contains("END MESSAGE") }
      let mail = running.said
      #expect(mail.contains("Subject: Critical: a story is told"))
      #expect(mail.contains("To: a@example.com, b@example.com"))
      try await product.eventually("the ledger knows") {
        try await notifications(product).contains { $0.receiver == "mail" && $0.status == "sent" }
      }
      let key = try await notifications(product).first?.key ?? "?"
      #expect(running.said.contains("Message-ID: <\(key)@example.com>"))
    }
  }

  @Test(.enabled(if: Peer.pythonHas("aiosmtpd"), "python3-aiosmtpd is not installed"))
  func `a mailbox behind STARTTLS, if its certificate is believed`() async throws {
    let folder = try TemporaryFolder()
    let (running, port) = try await mailServer(in: folder, tls: (fixture("server.pem"), fixture("server.key")))
    defer { running.stop() }
    func mailbox(_ name: String, believing file: String) -> String {
      """
      - name: \(name)
        email: { smtp: "127.0.0.1:\(port)", from: bw@example.com, to: [\(name)@example.com], startTLS: required, caFile: "\(fixture(file))" }

      """
    }
    let receivers = mailbox("right", believing: "server.pem") + mailbox("wrong", believing: "renewed.pem")
    try await withDesk("receivers:\n" + receivers) { product in
      try await product.eventually("the mail is there") { running.said.contains("END MESSAGE") }
      let op = try product.people.token(.operator, "op")
      let answer = try await product.call("POST", "/admin/receivers/wrong/test", token: op, body: "{}")
      let item = try answer.decode(NotificationItem.self)
      #expect(item.status == "failed" && item.error?.isEmpty == false, "\(item)")
      #expect(!running.said.contains("wrong@example.com"), "nothing was said to a server that is not believed")
    }
  }

  @Test func `whoever stands in for a receiver that cannot be reached, by a test what is wrong`() async throws {
    let hook = try await HookServer()
    hook.answer(503)
    try await withDesk("receivers: [ { name: page, webhook: \"\(hook.url)/hook\" } ]") { product in
      let op = try product.people.token(.operator, "op")
      let answer = try await product.call("POST", "/admin/receivers/page/test", token: op, body: "{}")
      let item = try answer.decode(NotificationItem.self)
      #expect(item.status == "failed" && item.error?.contains("503") == true)
      hook.answer(200)
      let second = try await product.call("POST", "/admin/receivers/page/test", token: op, body: "{}")
      #expect(try second.decode(NotificationItem.self).status == "sent")
      let unknown = try await product.call("POST", "/admin/receivers/nobody/test", token: op, body: "{}")
      #expect(unknown.status == 404 && unknown.text.contains("known are page"))
    }
    await hook.stop()
  }
}
