import BreakwaterTesting
import ControlModel
import Foundation
import Testing

@testable import Alerting

/// What an alert was before a restart, it is after it.
@Suite struct `Over a restart` {
  private let rules = group(
    "alert: Down\nexpr: up == 0\nfor: 10s\nlabels: { severity: critical }\nannotations: { summary: '{{ $labels.job }} at {{ $value }}' }",
    "alert: Kept\nexpr: up == 0\nkeep_firing_for: 20s")

  /// A new process: records through JSON, an empty store, the same time.
  private func restarted(_ old: Scene, after pause: Duration = .zero, rules: String? = nil) throws -> Scene {
    let stored = try JSONEncoder().encode(old.desk.records)
    let new = try Scene(rules ?? self.rules)
    new.clock.advance(by: .milliseconds(old.now.unixMilliseconds - new.now.unixMilliseconds) + pause)
    new.desk.restore(try JSONDecoder().decode([AlertRecord].self, from: stored), at: new.now)
    return new
  }

  @Test func `a pending alert goes on waiting from where it was`() throws {
    let old = try Scene(rules)
    for _ in 0..<6 { try old.tick(["up{job=\"a\"}": 0]) }
    let new = try restarted(old, after: .seconds(2))
    #expect(new.desk.alerts.map(\.name).sorted() == ["Down", "Kept"])
    #expect(try new.tick(["up{job=\"a\"}": 0]) == [])
    #expect(try new.tick(["up{job=\"a\"}": 0]) == [])
    #expect(try new.tick(["up{job=\"a\"}": 0]) == ["firing Down{job=\"a\",severity=\"critical\"}"])
    let alert = try #require(new.desk.alerts.first { $0.name == "Down" })
    #expect(alert.activeAt == WallTime(unixMilliseconds: 1_795_348_800_000))
  }

  @Test func `a firing alert goes on unannounced, with the same fingerprint and words`() throws {
    let old = try Scene(rules)
    for _ in 0..<12 { try old.tick(["up{job=\"a\"}": 0]) }
    let before = try #require(old.desk.alerts.first { $0.name == "Down" })
    let new = try restarted(old)
    let restored = try #require(new.desk.alert(before.fingerprint))
    #expect(restored.state == .firing && restored.firedAt == before.firedAt && restored.activeAt == before.activeAt)
    #expect(restored.annotation("summary") == "a at 0")
    #expect(restored.expression == before.expression && restored.severity == "critical")
    for _ in 0..<70 { #expect(try new.tick(["up{job=\"a\"}": 0]) == []) }
    #expect(try new.tick(["up{job=\"a\"}": 1]) == ["resolved Down{job=\"a\",severity=\"critical\"}"])
  }

  @Test func `an alert that no longer holds resolves after a minute, and not before`() throws {
    let old = try Scene(rules)
    for _ in 0..<12 { try old.tick(["up{job=\"a\"}": 0]) }
    let new = try restarted(old)
    var changes: [Int: [String]] = [:]
    for second in 0..<90 {
      let transitions = try new.tick(["up{job=\"a\"}": 1])
      if !transitions.isEmpty { changes[second] = transitions }
    }
    #expect(changes[60] == ["resolved Down{job=\"a\",severity=\"critical\"}", "resolved Kept{job=\"a\"}"])
    #expect(changes.count == 1)
  }

  @Test func `the time an alert is kept goes on`() throws {
    let old = try Scene(rules)
    try old.tick(["up{job=\"a\"}": 0])
    try old.tick(["up{job=\"a\"}": 1])
    let record = try #require(old.desk.records.first { $0.labels["alertname"] == "Kept" })
    #expect(record.absentSince != nil)
    let new = try restarted(old)
    #expect(new.desk.alerts.first?.absentSince == old.desk.alerts.first?.absentSince)
  }

  @Test func `an alert whose rule is gone or asks something else is left out`() throws {
    let old = try Scene(rules)
    try old.tick(["up{job=\"a\"}": 0])
    #expect(try restarted(old, rules: group("alert: Other\nexpr: up == 0")).desk.alerts.isEmpty)
    let changed = try restarted(old, rules: group("alert: Down\nexpr: up < 1", "alert: Kept\nexpr: up == 0"))
    #expect(changed.desk.alerts.map(\.name) == ["Kept"])
    let moved = try restarted(old, rules: rules.replacing("name: g", with: "name: h"))
    #expect(moved.desk.alerts.isEmpty)
    let recording = try restarted(old, rules: group("record: Down\nexpr: up == 0"))
    #expect(recording.desk.alerts.isEmpty)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, 0.1])
  func `a value survives, also one that JSON has no number for`(value: Double) throws {
    let old = try Scene(group("alert: Any\nexpr: m"))
    try old.tick(["m": value])
    let new = try restarted(old, rules: group("alert: Any\nexpr: m"))
    let restored = try #require(new.desk.alerts.first?.value)
    #expect(restored == value || restored.isNaN && value.isNaN)
  }
}
