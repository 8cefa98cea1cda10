import BreakwaterTesting
import ControlModel
import Foundation
import GRDB
import Testing
import Wire

/// From a rule file to a stop: proposed to a person, or done when its backtest is committed.
@Suite struct `A rule that calls for a stop` {
  /// Two metrics that always have data, so that it fires at once and the evidence is there.
  private func rules(_ folder: TemporaryFolder, mode: String) throws -> String {
    let text = """
      groups:
        - name: story
          rules:
            - alert: StoryStop
              expr: breakwater_control_epoch >= 0 and on () breakwater_runtime_up == 1
              labels: { severity: critical, control: global_halt, control_mode: \(mode) }
              annotations: { summary: The story calls for a stop }
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("story-\(mode).yml")))
    return folder.file("story-\(mode).yml")
  }

  private func first(_ product: Product, _ token: String) async throws -> AutomaticItem {
    var found: AutomaticItem?
    try await product.eventually("the rule has fired") {
      found = try await product.call("GET", "/admin/automatic", token: token, ops: true)
        .decode(Page<AutomaticItem>.self).items.last
      // An act is on the list before its stop has answered.
      return found.map { $0.outcome != "acted" || $0.control != nil } ?? false
    }
    return try #require(found)
  }

  @Test func `proposes, with what it saw and a countdown, and a person stops`() async throws {
    let folder = try TemporaryFolder()
    try await withProduct(extra: "alerting: { interval: 100ms, rules: [\"\(try rules(folder, mode: "propose"))\"] }") {
      product in
      let olive = try product.people.token(.operator, "olive")
      let item = try await first(product, olive)
      #expect(item.outcome == "proposed" && item.mode == "propose" && (item.secondsLeft ?? 0) > 0, "\(item)")
      #expect(item.rule.utf8.count == 64 && item.expression.contains("breakwater_control_epoch"))
      #expect(item.inputs.map(\.series).contains { $0.hasPrefix("breakwater_runtime_up") }, "\(item.inputs)")
      let status = try await product.call("GET", "/admin/status", token: olive, ops: true).decode(StatusDocument.self)
      #expect(status.controls.proposals?.map(\.id) == [item.id])
      let stop = try await product.call(
        "POST", "/admin/automatic/\(item.id)/accept", token: olive, body: "{}", ops: true)
      #expect(stop.status == 201, "\(stop.text)")
      let control = try await product.call(
        "GET", "/admin/controls/\(try stop.decode(ReceiptDocument.self).control)", token: olive, ops: true
      ).decode(ControlItem.self)
      #expect(control.actor == "olive" && control.origin == "alert:\(item.fingerprint)")
      // While it fires, what it stopped stays stopped.
      let ada = try product.people.token(.admin, "ada")
      let release = try await product.call(
        "POST", "/admin/controls/\(control.id)/release", token: ada, body: #"{"reason":"story: too early"}"#,
        headers: [("If-Match", "\"\(control.epoch)\"")], ops: true)
      #expect(release.status == 409 && release.code == "release.blocked", "\(release.text)")
      #expect(release.text.contains("StoryStop"))
    }
    withExtendedLifetime(folder) {}
  }

  @Test func `that fired before the process ended, and was not taken, is taken by the next`() async throws {
    let folder = try TemporaryFolder()
    let extra = "alerting: { interval: 100ms, rules: [\"\(try rules(folder, mode: "propose"))\"] }"
    let before = try await Product.start(folder: folder, extra: extra)
    let olive = try before.people.token(.operator, "olive")
    let taken = try await first(before, olive)
    try await before.eventually("the alert is on disk") {
      try await before.call("GET", "/admin/alert-history?limit=10", token: olive, ops: true).text.contains("StoryStop")
    }
    await before.stop()
    // As if it had died between the alert and what it calls for.
    let queue = try DatabaseQueue(path: folder.file("data/control.sqlite"))
    try await queue.write { try $0.execute(sql: "DELETE FROM plane_record WHERE id = ?", arguments: [taken.id]) }
    let after = try await Product.start(folder: folder, extra: extra)
    let again = try await first(after, olive)
    #expect(again.fingerprint == taken.fingerprint && again.id != taken.id && again.outcome == "proposed")
    await after.stop()
    // Taken once is enough.
    let last = try await Product.start(folder: folder, extra: extra)
    try await last.eventually("rules are evaluated") {
      try await last.call("GET", "/admin/alerts", token: olive, ops: true).text.contains("StoryStop")
    }
    let all = try await last.call("GET", "/admin/automatic", token: olive, ops: true).decode(Page<AutomaticItem>.self)
    #expect(all.items.map(\.id) == [again.id])
    await last.stop()
  }

  @Test func `in mode auto acts only once its backtest is committed, and is undone by one call`() async throws {
    let folder = try TemporaryFolder()
    let alerting = "alerting: { interval: 100ms, rules: [\"\(try rules(folder, mode: "auto"))\"] }"
    var hash = ""
    try await withProduct(extra: alerting) { product in
      let item = try await first(product, try product.people.token(.operator, "olive"))
      #expect(item.outcome == "proposed" && item.unmet.map(\.rail).contains("backtest"), "\(item.unmet)")
      hash = item.rule
    }
    let file = folder.file("backtests.json")
    func write(verdict: String) throws {
      let record = """
        [{"ruleHash":"\(hash)","rule":"StoryStop","expression":"as it is loaded","start":"2026-11-01T00:00:00Z",
          "end":"2026-11-20T00:00:00Z","stepMs":15000,"verdict":"\(verdict)","firings":3,"longestMs":60000,
          "at":"2026-11-20T00:00:00Z","by":"ada","isAccepted":false}]
        """
      try Data(record.utf8).write(to: URL(fileURLWithPath: file))
    }
    // A roomy interval: what is fresh must not depend on how fast this machine is.
    let roomy = alerting.replacing("interval: 100ms", with: "interval: 5s")
    let committed = "controls: { automatic: { backtests: \"\(file)\" } }\n\(roomy)"
    // It would have fired, and nobody said that this was right.
    try write(verdict: "fired")
    try await withProduct(extra: committed) { product in
      let item = try await first(product, try product.people.token(.operator, "olive"))
      #expect(item.outcome == "proposed" && item.unmet.map(\.rail) == ["backtest"], "\(item.unmet)")
    }
    try write(verdict: "quiet")
    try await withProduct(extra: committed) { product in
      let ada = try product.people.token(.admin, "ada")
      let item = try await first(product, ada)
      #expect(item.outcome == "acted" && item.unmet.isEmpty, "\(item.outcome) \(item.unmet)")
      let control = try #require(item.control)
      #expect(item.undo?.contains(item.id) == true)
      let document = try await product.call("GET", "/admin/controls/\(control)", token: ada, ops: true)
      let found = try document.decode(ControlItem.self)
      #expect(found.actor == "rule:StoryStop@\(hash.prefix(8))")
      let undo = try await product.call(
        "POST", "/admin/automatic/last/undo", token: ada, body: #"{"dryRun":true}"#, ops: true)
      #expect(try undo.decode(ReleasePlanDocument.self).controls.map(\.id) == [control], "\(undo.text)")
    }
    withExtendedLifetime(folder) {}
  }
}
