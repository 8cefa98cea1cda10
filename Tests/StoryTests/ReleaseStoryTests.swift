import AsyncHTTPClient
import BreakwaterTesting
import ControlModel
import Foundation
import NIOCore
import NIOHTTP1
import Store
import Testing
import Wire

/// Starting again, planned stops, drills and proposals, from outside.
@Suite struct `The control surface` {
  private func halt(_ product: Product, _ token: String, _ more: String = "") async throws -> ReceiptDocument {
    let stop = try await product.call(
      "POST", "/admin/controls", token: token, body: #"{"scope":"global","reason":"story: stop everything"\#(more)}"#,
      ops: true)
    #expect(stop.status == 201, "\(stop.text)")
    return try stop.decode(ReceiptDocument.self)
  }

  @Test func `shows what a release would start, binds the approval to it, and opens stage by stage`() async throws {
    // An order that an overloaded machine leaves without an outcome would end the release, as it should.
    try await withProduct(trades: false) { product in
      let ada = try product.people.token(.admin, "ada")
      let grace = try product.people.token(.admin, "grace")
      try await product.eventually("prices come") { try await product.passes() > 20 }
      let receipt = try await halt(product, ada)
      let preview = try await product.call(
        "POST", "/admin/resume", token: ada, body: #"{"dryRun":true,"staged":true,"watch":"1s","share":50}"#, ops: true)
      #expect(preview.status == 200, "\(preview.text)")
      let plan = try preview.decode(ReleasePlanDocument.self)
      #expect(plan.profiles.count == 6 && plan.stages.count == 4 && plan.obstacles.isEmpty, "\(preview.text)")

      let path = "/admin/controls/\(receipt.control)/release"
      let match = [("If-Match", "\"\(receipt.epoch)\"")]
      let body = #"{"reason":"story: go on again","staged":true,"watch":"1s","share":50,"digest":"\#(plan.digest)"}"#
      let asked = try await product.call("POST", path, token: ada, body: body, headers: match, ops: true)
      #expect(asked.status == 202, "\(asked.text)")
      let approval = try asked.decode(ApprovalItem.self)
      #expect(approval.digest == plan.digest && approval.kind == "release")
      let blind = try await product.call(
        "POST", "/admin/approvals/\(approval.id)/approve", token: grace, body: #"{"digest":"0000"}"#, ops: true)
      #expect(blind.status == 412 && blind.code == "precondition.failed", "\(blind.text)")
      let approved = try await product.call(
        "POST", "/admin/approvals/\(approval.id)/approve", token: grace, body: #"{"digest":"\#(plan.digest)"}"#,
        ops: true)
      #expect(try approved.decode(ReceiptDocument.self).state == "releasing", "\(approved.text)")
      let status = try await product.call("GET", "/admin/status", token: ada, ops: true).decode(StatusDocument.self)
      #expect(status.controls.rollouts?.count == 1)
      #expect(status.controls.active.first?.relief != nil)
      try await product.eventually("everything is open") {
        try await product.call("GET", "/admin/controls?active=true", token: ada, ops: true)
          .decode(Page<ControlItem>.self).items.isEmpty
      }
      let (events, report) = try await product.history(ada)
      #expect(report.isSound && report.missing == 0, "\(report.violations)")
      #expect(events.filter { $0.event == .stageOpened }.compactMap(\.profiles?.count) == [1, 1, 3])
      // The same history without its stages, with an order in one: then that order is a violation.
      let second = try #require(events.last { $0.event == .stageOpened })
      var order = HistoryEvent(.orderStart, at: second.at + 1, replica: second.replica, run: second.run)
      let profile = try #require(second.profiles?.first).split(separator: "/").map(String.init)
      (order.order, order.tenant, order.profile) = ("in-a-stage", profile[0], profile[1])
      (order.venue, order.symbol, order.reducing) = ("paper", "IBM", false)
      #expect(HistoryCheck.check(events + [order]).isSound)
      let without = HistoryCheck.check(events.filter { $0.event != .stageOpened } + [order])
      #expect(without.violations.contains { $0.property == "P1" && $0.sentence.contains("in-a-stage") })
      let other = try #require(plan.profiles.last).split(separator: "/").map(String.init)
      (order.tenant, order.profile) = (other[0], other[1])
      #expect(HistoryCheck.check(events + [order]).violations.map(\.property) == ["P1"])
    }
  }

  @Test func `settles on request, keeps the receipt, and explains with names checked`() async throws {
    try await withProduct { product in
      let ada = try product.people.token(.admin, "ada")
      let stop = try await product.call(
        "POST", "/admin/controls", token: ada,
        body: #"{"scope":"tenant","tenant":"orchid","reason":"story: wait for it"}"#, headers: [("Prefer", "wait=10")])
      let receipt = try stop.decode(ReceiptDocument.self)
      #expect(receipt.state == "settled" && receipt.settledAt != nil, "\(stop.text)")
      #expect(stop.header("Preference-Applied") == "wait=10")
      let kept = try await product.call("GET", "/admin/controls/\(receipt.control)/receipt", token: ada)
      #expect(try kept.decode(ReceiptDocument.self).state == "settled")
      let explained = try await product.call(
        "GET", "/admin/controls/effective?tenant=orchid&profile=swing-1&symbol=AAPL", token: ada
      ).decode(EffectiveDocument.self)
      #expect(explained.level == "halted" && explained.causes.map(\.id) == [receipt.control])
      let wrong = try await product.call("GET", "/admin/controls/effective?tenant=orchit", token: ada)
      #expect(wrong.status == 422 && wrong.text.contains("orchid"), "\(wrong.text)")
      let symbol = try await product.call(
        "POST", "/admin/controls", token: ada, body: #"{"scope":"symbol","symbol":"APPL","reason":"story: misspelled"}"#
      )
      #expect(symbol.status == 422 && symbol.text.contains("AAPL"), "\(symbol.text)")
      let long = try await product.call(
        "POST", "/admin/halt", token: ada, body: #"{"reason":"story: too patient"}"#, headers: [("Prefer", "wait=3000")]
      )
      #expect(long.status == 422)
    }
  }

  @Test func `plans with markets and cancels, stops nothing`() async throws {
    try await withProduct(extra: "") { product in
      let olive = try product.people.token(.operator, "olive")
      let answer = try await product.call(
        "POST", "/admin/controls/plan", token: olive, body: #"{"scope":"tenant","tenant":"orchid"}"#)
      let plan = try answer.decode(PlanDocument.self)
      #expect(plan.tenants == 1 && plan.profiles == 3, "\(answer.text)")
      #expect(plan.markets?.map(\.symbol) == ["AAPL", "GOOG", "IBM", "MSFT"])
      #expect(plan.markets?.allSatisfy { $0.state == "open" } == true)
      #expect(plan.notional.currency == "USD" && plan.cancels != nil && plan.cancelsAtOpen == 0)
      #expect(plan.epoch == 0)
    }
  }

  @Test func `flattens under a stop once a second admin approved`() async throws {
    try await withProduct { product in
      let ada = try product.people.token(.admin, "ada")
      let grace = try product.people.token(.admin, "grace")
      try await product.eventually("a position is open") {
        try await product.call("GET", "/admin/status", token: ada, ops: true).decode(StatusDocument.self).runtime
          .positions
          > 0
      }
      let receipt = try await halt(product, ada, #","flatten":true"#)
      #expect(receipt.flatten?.state == "waiting")
      let approval = try #require(receipt.flatten?.approval)
      let own = try await product.call(
        "POST", "/admin/approvals/\(approval)/approve", token: ada, body: "{}", ops: true)
      #expect(own.code == "approval.self")
      let approved = try await product.call(
        "POST", "/admin/approvals/\(approval)/approve", token: grace, body: "{}", ops: true)
      #expect(try approved.decode(ReceiptDocument.self).flatten?.state == "running", "\(approved.text)")
      try await product.eventually("slices were sent") {
        let now = try await product.call("GET", "/admin/controls/\(receipt.control)/receipt", token: ada, ops: true)
          .decode(ReceiptDocument.self)
        return (now.flatten?.slices ?? 0) > 0 || now.flatten?.note != nil || now.flatten?.state == "ended"
      }
      let effective = try await product.call("GET", "/admin/controls/effective", token: ada, ops: true)
      #expect(try effective.decode(EffectiveDocument.self).level == "halted")
      let (events, report) = try await product.history(ada)
      #expect(report.isSound && report.missing == 0, "\(report.violations)")
      let exits = events.filter { $0.event == .orderStart && $0.controls == [receipt.control] }
      let granted = try #require(events.first { $0.event == .exitsGranted })
      #expect(granted.by == "ada" && granted.approvedBy == "grace" && exits.allSatisfy { $0.at > granted.at })
      if !exits.isEmpty {
        let without = HistoryCheck.check(events.filter { $0.event != .exitsGranted })
        #expect(without.violations.contains { $0.property == "P1" })
      }
    }
  }

  @Test func `keeps a calendar, rehearses stops, and shows what rules want`() async throws {
    try await withProduct { product in
      let ada = try product.people.token(.admin, "ada")
      let window = try await product.call(
        "POST", "/admin/windows", token: ada,
        body:
          #"{"scope":"venue","venue":"paper","reason":"story: maintenance","startsAt":"2099-01-01T00:00:00Z","endsAt":"2099-01-01T01:00:00Z","repeats":"weekly"}"#
      )
      #expect(window.status == 201, "\(window.text)")
      let item = try window.decode(WindowItem.self)
      let listed = try await product.call("GET", "/admin/windows", token: ada).decode(Page<WindowItem>.self).items
      #expect(listed.map(\.id) == [item.id] && listed[0].state == "planned")
      let removed = try await product.call("DELETE", "/admin/windows/\(item.id)", token: ada)
      #expect(removed.status == 200)
      let wrong = try await product.call(
        "POST", "/admin/windows", token: ada,
        body: #"{"scope":"global","reason":"story: never over","startsAt":"2099-01-01T00:00:00Z"}"#)
      #expect(wrong.status == 422 && wrong.text.contains("endsAt"), "\(wrong.text)")

      let drill = try await product.call(
        "POST", "/admin/drills", token: ada, body: #"{"kind":"shadow","watch":"200ms"}"#)
      let report = try drill.decode(DrillItem.self)
      // Whether this machine was fast enough at this moment is the drill's to say, not the story's.
      #expect(report.checks.map(\.name) == ["sections drained", "sealed", "in doubt", "durable"], "\(drill.text)")
      #expect(report.checks[0].met && report.wouldRefuse != nil, "\(drill.text)")
      let last = try await product.call("GET", "/admin/drills/last", token: ada).decode(DrillItem.self)
      #expect(last.id == report.id)
      let automatic = try await product.call("GET", "/admin/automatic", token: ada)
      #expect(automatic.status == 200)
      let nothing = try await product.call(
        "POST", "/admin/automatic/last/undo", token: ada, body: #"{"reason":"story: nothing to undo"}"#,
        headers: [("If-Match", "\"0\"")])
      #expect(nothing.status == 404)
    }
  }

  @Test func `opens its stream with a greeting and a picture`() async throws {
    try await withProduct { product in
      let ada = try product.people.token(.admin, "ada")
      let receipt = try await halt(product, ada)
      let opening = try await product.opening(
        "/stream/v1/admin", token: ada, until: "event: snapshot", bytes: 64 * 1024)
      #expect(opening.contains("event: hello"))
      #expect(opening.contains(receipt.control))
    }
  }
}

extension Product {
  /// What this product did so far, and the judgement of it.
  fileprivate func history(_ token: String) async throws -> (events: [HistoryEvent], report: HistoryCheck.Report) {
    let answer = try await call("GET", "/admin/history/export", token: token, ops: true)
    let events = try HistoryCheck.read(Data(answer.text.utf8))
    return (events, HistoryCheck.check(events))
  }

  /// The first bytes of a stream, until an event that begins with `until` is whole.
  fileprivate func opening(_ path: String, token: String, until: String, bytes: Int) async throws -> String {
    var request = HTTPClientRequest(url: opsURL + path)
    request.headers.add(name: "Authorization", value: "Bearer \(token)")
    let response = try await http.execute(request, timeout: .seconds(60))
    var text = ""
    for try await piece in response.body {
      text += String(buffer: piece)
      let isWhole = text.range(of: until).map { text[$0.upperBound...].contains("\n\n") } ?? false
      if isWhole || text.utf8.count > bytes { break }
    }
    return text
  }
}
