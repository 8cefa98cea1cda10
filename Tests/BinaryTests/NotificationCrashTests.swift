import BreakwaterTesting
import ControlModel
import Foundation
import Testing
import Wire

/// What was decided to be told is told, over `kill -9` too, and nothing is told as news twice.
@Suite(.timeLimit(.minutes(5))) struct `After kill -9` {
  private func installation(_ hook: String) throws -> Installation {
    try installation(receiver: "{ name: page, webhook: \"\(hook)\" }")
  }

  private func installation(receiver: String) throws -> Installation {
    var installation = try Installation()
    try rules(in: installation, fires: true)
    installation.extra = """
      alerting:
        rules: ["\(installation.folder.file("rules.yml"))"]
        receivers: [ \(receiver) ]
      """
    return installation
  }

  private func rules(in installation: Installation, fires: Bool) throws {
    let text = """
      groups:
      - name: crash
        rules:
        - { alert: Crash, expr: 'vector(1) > \(fires ? 0 : 2)', labels: { severity: critical } }
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: installation.folder.file("rules.yml")))
  }

  private func items(_ service: Service, _ installation: Installation) async throws -> [NotificationItem] {
    let answer = try await service.call("GET", "/admin/notifications", token: try installation.token(.operator, "op"))
    return try JSONDecoder().decode(Page<NotificationItem>.self, from: Data(answer.text.utf8)).items
  }

  @Test func `a page that no one took is sent under the same key, and one that was taken is not sent again`()
    async throws
  {
    let hook = try await HookServer()
    hook.answer(503)
    let installation = try installation("\(hook.url)/hook")
    let first = try await installation.serve()
    #expect(await eventually { hook.posts.count >= 1 })
    await first.kill()
    let key = try #require(hook.posts.first?.fields["idempotency-key"])
    let refused = hook.posts.count
    hook.answer(200)
    let second = try await installation.serve()
    #expect(await eventually { hook.posts.count == refused + 1 })
    #expect(hook.posts.allSatisfy { $0.fields["idempotency-key"] == key }, "one decision, one key")
    #expect(try await eventually { try await items(second, installation).map(\.status) == ["sent"] })
    for _ in 0..<3 {
      let again = try await installation.serveAgain(after: second)
      #expect(try await eventually { try await items(again, installation).map(\.status) == ["sent"] })
      await again.kill()
    }
    #expect(hook.posts.count == refused + 1, "three more kills told nobody anything")
    await hook.stop()
  }

  @Test(.enabled(if: Peer.pythonHas("aiosmtpd"), "python3-aiosmtpd is not installed"))
  func `a mail server has been handed one mail for each time an alert began or ended`() async throws {
    let folder = try TemporaryFolder()
    let port = try await FreePort.find()
    let mailServer = try Peer.mailServer(port: port, output: folder.file("mail.log"))
    defer { mailServer.stop() }
    let installation = try installation(
      receiver: """
        { name: mail, email: { smtp: "127.0.0.1:\(port)", from: bw@example.com, to: [a@example.com], startTLS: "off" } }
        """)
    func mails() -> [String] {
      mailServer.said.split(separator: "\n").filter { $0.hasPrefix("Message-ID:") }.map(String.init)
    }
    var service = try await installation.serve()
    #expect(try await eventually { try await items(service, installation).map(\.status) == ["sent"] })
    #expect(mails().count == 1, "\(mailServer.said)")
    for _ in 0..<3 {
      service = try await installation.serveAgain(after: service)
      #expect(try await eventually { try await items(service, installation).map(\.status) == ["sent"] })
    }
    #expect(mails().count == 1, "three kills told nobody anything")
    try rules(in: installation, fires: false)
    service = try await installation.serveAgain(after: service)
    #expect(try await eventually { try await items(service, installation).map(\.status) == ["sent", "sent"] })
    service = try await installation.serveAgain(after: service)
    #expect(try await eventually { try await items(service, installation).map(\.status) == ["sent", "sent"] })
    await service.kill()
    #expect(Set(mails()).count == 2 && mails().count == 2, "\(mails())")
  }

  @Test func `a rule file that is changed for the worse leaves its rules in force, says where, and is an alert`()
    async throws
  {
    let hook = try await HookServer()
    let installation = try installation("\(hook.url)/hook")
    let service = try await installation.serve()
    #expect(await eventually { hook.posts.count == 1 })
    try Data("groups:\n- name: crash\n  rules:\n  - { alert: Crash, expr: 'sum(' }\n".utf8).write(
      to: URL(fileURLWithPath: installation.folder.file("rules.yml")))
    func metrics() async throws -> String {
      try await service.call(
        "GET", "/prometheus/api/v1/query?query=breakwater_rules_last_reload_successful",
        token: try installation.token(.admin, "ada")
      ).text
    }
    #expect(try await eventually { try await metrics().contains(#","0"]"#) })
    let op = try installation.token(.operator, "op")
    let alerts = try await service.call("GET", "/admin/alerts", token: op).text
    #expect(alerts.contains("\"Crash\""), "the rules of before are in force")
    #expect(
      try await eventually {
        let logs = try await service.call("GET", "/admin/logs?event=rules.refused&limit=10", token: op).text
        return logs.contains("rules.yml:4")
      })
    try rules(in: installation, fires: false)
    #expect(try await eventually { try await metrics().contains(#","1"]"#) })
    #expect(await eventually { hook.posts.contains { $0.text.contains("\"status\":\"resolved\"") } })
    #expect(await service.stop().status == 0)
    await hook.stop()
  }
}

extension Installation {
  /// Starts it again over the same folder, after killing what runs.
  fileprivate func serveAgain(after service: Service) async throws -> Service {
    await service.kill()
    return try await serve()
  }
}
