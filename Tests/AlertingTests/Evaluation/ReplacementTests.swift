import ControlModel
import Testing

@testable import Alerting

/// Other rules, and looks between ticks.
@Suite struct `The desk` {
  private func parsed(_ text: String) throws -> [RuleGroup] { try RuleFile.parse(text, file: "rules.yml") }

  @Test func `goes on with rules that stay, and ends what fired by rules that are gone`() throws {
    let scene = try Scene(group("alert: Stays\nexpr: m > 0\nfor: 10s", "alert: Goes\nexpr: m > 0"))
    try scene.tick(["m": 1])
    for _ in 0..<4 { try scene.tick(["m": 1]) }
    scene.desk.replace(
      try parsed(group("alert: Stays\nexpr: m > 0\nfor: 10s\nannotations: { summary: new }", "alert: New\nexpr: m > 0"))
    )
    #expect(try scene.tick(["m": 1]).sorted() == ["firing New", "resolved Goes"])
    for _ in 0..<4 { #expect(try scene.tick(["m": 1]) == []) }
    #expect(try scene.tick(["m": 1]) == ["firing Stays"], "for went on counting")
    #expect(scene.desk.alerts.first { $0.name == "Stays" }?.annotation("summary") == "new")
    #expect(try scene.query("ALERTS{alertname=\"Goes\"}") == [], "its series has ended")
  }

  @Test func `tells at a restart what fired by a rule that is gone`() throws {
    let old = try Scene(group("alert: Goes\nexpr: m > 0"))
    try old.tick(["m": 1])
    let new = try Scene(group("alert: Other\nexpr: m > 0"))
    let ended = new.desk.restore(old.desk.records, at: new.now)
    #expect(ended.map { "\($0.what.rawValue) \($0.alert.name)" } == ["resolved Goes"])
  }

  @Test func `looks between ticks only at rules that read what moved, through what they record`() throws {
    let scene = try Scene(
      group(
        "record: r:m\nexpr: m * 2", "alert: Direct\nexpr: m > 0", "alert: Derived\nexpr: r:m > 3",
        "alert: Other\nexpr: n > 0"))
    try scene.tick(["m": 0, "n": 0])
    try scene.set(["m": 2, "n": 1])
    let moved = scene.desk.look(at: ["m"], at: scene.now).map { "\($0.what.rawValue) \($0.alert.name)" }
    #expect(moved == ["firing Direct", "firing Derived"])
    #expect(scene.desk.look(at: ["m"], at: scene.now).isEmpty)
    #expect(try scene.tick() == ["firing Other"])
    #expect(scene.desk.metricsRead == ["m", "n", "r:m"])
  }
}
