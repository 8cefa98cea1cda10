import BreakwaterTesting
import ControlModel
import Foundation
import Testing
import Wire

/// Silences over HTTP.
@Suite(.timeLimit(.minutes(3))) struct `An operator` {
  private func withDesk(_ story: (Product, HookServer) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let hook = try await HookServer()
    let rules = """
      groups:
      - name: story
        rules:
        - { alert: Late, expr: vector(1), for: 2s, labels: { severity: warning, tenant: orchid } }
        - { alert: Acts, expr: vector(1), for: 2s, labels: { severity: critical, control: global_halt, control_mode: auto, tenant: orchid } }
      """
    try Data(rules.utf8).write(to: URL(fileURLWithPath: folder.file("story.yml")))
    let extra = """
      alerting:
        rules: ["\(folder.file("story.yml"))"]
        receivers: [ { name: page, webhook: "\(hook.url)/hook" } ]
        route:
          receiver: page
          group_by: [alertname]
          routes: [ { matchers: ['tenant="heron"'], receiver: page } ]
      """
    try await withProduct(extra: extra) { try await story($0, hook) }
    await hook.stop()
  }

  @Test func `sees what a silence would mute, makes it, sees it, ends it; what acts is told all the same`() async throws
  {
    try await withDesk { product, hook in
      let op = try product.people.token(.operator, "op")
      try await product.eventually("both are pending") {
        try await product.call("GET", "/admin/alerts", token: op).decode(Page<AlertItem>.self).items.count == 2
      }
      let preview = try await product.call(
        "POST", "/admin/silences/preview", token: op, body: #"{"matchers":["tenant=~\"or.*\""]}"#)
      let seen = try preview.decode(SilencePreview.self)
      #expect(seen.alerts.map(\.name) == ["Late"] && seen.neverMuted.map(\.name) == ["Acts"])
      let made = try await product.call(
        "POST", "/admin/silences", token: op,
        body:
          #"{"matchers":[{"name":"tenant","value":"or.*","isRegex":true}],"reason":"planned work on orchid","duration":"1h"}"#
      )
      #expect(made.status == 201)
      let silence = try made.decode(SilenceItem.self)
      #expect(silence.createdBy == "op" && silence.state == "active" && silence.matchers == [#"tenant=~"or.*""#])
      try await product.eventually("what acts is told") { hook.posts.contains { $0.text.contains("\"Acts\"") } }
      try await product.eventually("the other fires, muted") {
        let items = try await product.call("GET", "/admin/alerts", token: op).decode(Page<AlertItem>.self).items
        return items.contains { $0.name == "Late" && $0.state == "firing" && $0.silencedBy == [silence.id] }
      }
      #expect(!hook.posts.contains { $0.text.contains("\"Late\"") })
      let listed = try await product.call("GET", "/admin/silences?state=active", token: op)
        .decode(Page<SilenceItem>.self).items
      #expect(listed.map(\.id) == [silence.id] && listed[0].muting.map(\.name) == ["Late"])
      let ended = try await product.call("DELETE", "/admin/silences/\(silence.id)", token: op)
      #expect(ended.status == 200)
      #expect(try ended.decode(SilenceItem.self).state == "expired")
      try await product.eventually("what was muted is told") { hook.posts.contains { $0.text.contains("\"Late\"") } }
      #expect(try await product.call("DELETE", "/admin/silences/\(silence.id)", token: op).status == 404)
      let auditor = try product.people.token(.auditor, "au")
      let audit = try await product.call("GET", "/admin/audit?limit=50", token: auditor).text
      #expect(
        audit.contains("silence.add") && audit.contains("silence.end") && audit.contains("planned work on orchid"))
    }
  }

  @Test func `is refused a silence without reason, without end, without condition, too long or for everything`()
    async throws
  {
    try await withDesk { product, _ in
      let op = try product.people.token(.operator, "op")
      let reason = #""reason":"planned work here""#
      for (body, field) in [
        (#"{"matchers":["a=b"],"duration":"1h"}"#, "reason"),
        (#"{"matchers":["a=b"],"duration":"1h","reason":"short"}"#, "reason"),
        (#"{"matchers":["a=b"],\#(reason)}"#, "endsAt"), (#"{"duration":"1h",\#(reason)}"#, "matchers"),
        (#"{"matchers":["a=~.*"],"duration":"1h",\#(reason)}"#, "matchers"),
        (#"{"matchers":["a=~("],"duration":"1h",\#(reason)}"#, "matchers"),
        (#"{"matchers":["a=b"],"duration":"32d",\#(reason)}"#, "duration"),
        (#"{"matchers":["a=b"],"endsAt":"2020-01-01T00:00:00Z",\#(reason)}"#, "endsAt"),
        (#"{"matchers":["a=b"],"endsAt":"tomorrow",\#(reason)}"#, "endsAt"),
      ] {
        let answer = try await product.call("POST", "/admin/silences", token: op, body: body)
        #expect(answer.status == 422, "\(body)")
        #expect(try answer.decode(ProblemDetails.self).errors?.map(\.field) == [field], "\(body)")
      }
      let support = try product.people.token(.support, "su")
      let body = #"{"matchers":["a=b"],"duration":"1h",\#(reason)}"#
      #expect(try await product.call("POST", "/admin/silences", token: support, body: body).status == 403)
      #expect(try await product.call("GET", "/admin/silences", token: support).status == 200)
    }
  }

  @Test func `asks where an alert would go`() async throws {
    try await withDesk { product, _ in
      let op = try product.people.token(.operator, "op")
      let answer = try await product.call(
        "POST", "/admin/alert-routes/test", token: op, body: #"{"labels":{"alertname":"X","tenant":"heron"}}"#)
      let document = try answer.decode(RouteTestDocument.self)
      #expect(document.routes.map(\.route) == [#"{}/{tenant="heron"}"#] && document.isTold)
      #expect(document.routes.first?.groupBy == ["alertname"])
    }
  }
}
