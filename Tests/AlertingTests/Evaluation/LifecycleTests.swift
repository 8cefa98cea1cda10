import BreakwaterTesting
import ControlModel
import MetricStore
import PromQL
import Telemetry
import Testing

@testable import Alerting

/// The life of an alert: pending, firing, resolved.
@Suite struct `An alert` {
  private let down = "alert: Down\nexpr: up == 0\nfor: 3s\nlabels: { severity: critical }"

  @Test func `is pending while it has not held long enough, then fires once, then resolves once`() throws {
    let scene = try Scene(group(down))
    #expect(try scene.tick(["up{job=\"a\"}": 1]) == [])
    #expect(try scene.tick(["up{job=\"a\"}": 0]) == ["pending Down{job=\"a\",severity=\"critical\"}"])
    #expect(try scene.tick(["up{job=\"a\"}": 0]) == [])
    #expect(try scene.tick(["up{job=\"a\"}": 0]) == [])
    #expect(try scene.tick(["up{job=\"a\"}": 0]) == ["firing Down{job=\"a\",severity=\"critical\"}"])
    #expect(try scene.tick(["up{job=\"a\"}": 0]) == [])
    #expect(try scene.tick(["up{job=\"a\"}": 1]) == ["resolved Down{job=\"a\",severity=\"critical\"}"])
    #expect(try scene.tick(["up{job=\"a\"}": 1]) == [])
    #expect(scene.desk.alerts.isEmpty)
  }

  @Test func `that stops holding while pending is forgotten, and starts over`() throws {
    let scene = try Scene(group(down))
    for _ in 0..<2 {
      #expect(try scene.tick(["up": 0]) == ["pending Down{severity=\"critical\"}"])
      try scene.tick(["up": 0])
      try scene.tick(["up": 0])
      #expect(try scene.tick(["up": 1]) == [])
      #expect(scene.desk.alerts.isEmpty)
    }
  }

  @Test func `of a rule without a duration fires at once`() throws {
    let scene = try Scene(group("alert: Now\nexpr: up == 0"))
    #expect(try scene.tick(["up": 0]) == ["firing Now"])
    #expect(try scene.tick(["up": 1]) == ["resolved Now"])
  }

  @Test func `keeps firing for a while after it held, and a return starts that anew`() throws {
    let scene = try Scene(group("alert: Kept\nexpr: up == 0\nkeep_firing_for: 3s"))
    #expect(try scene.tick(["up": 0]) == ["firing Kept"])
    for value in [1, 1, 0, 1, 1, 1] as [Double] { #expect(try scene.tick(["up": value]) == []) }
    #expect(scene.desk.alerts.first?.absentSince != nil)
    #expect(try scene.tick(["up": 1]) == ["resolved Kept"])
  }

  @Test func `is not kept while it is only pending`() throws {
    let scene = try Scene(group("alert: Kept\nexpr: up == 0\nfor: 5s\nkeep_firing_for: 10s"))
    try scene.tick(["up": 0])
    #expect(try scene.tick(["up": 1]) == [])
    #expect(scene.desk.alerts.isEmpty)
  }

  @Test func `of each label set goes its own way`() throws {
    let scene = try Scene(group(down))
    try scene.tick(["up{job=\"a\"}": 0, "up{job=\"b\"}": 1])
    try scene.tick(["up{job=\"a\"}": 0, "up{job=\"b\"}": 0])
    try scene.tick(["up{job=\"a\"}": 0, "up{job=\"b\"}": 0])
    #expect(
      try scene.tick(["up{job=\"a\"}": 0, "up{job=\"b\"}": 0]) == ["firing Down{job=\"a\",severity=\"critical\"}"])
    #expect(
      try scene.tick(["up{job=\"a\"}": 1, "up{job=\"b\"}": 0]).sorted()
        == ["firing Down{job=\"b\",severity=\"critical\"}", "resolved Down{job=\"a\",severity=\"critical\"}"])
  }

  @Test func `has the value and the words of the newest evaluation, and the times of its own beginning`() throws {
    let scene = try Scene(group("alert: High\nexpr: load > 1\nfor: 1s\nannotations: { summary: 'at {{ $value }}' }"))
    let start = scene.now
    try scene.tick(["load": 2])
    try scene.tick(["load": 3])
    try scene.tick(["load": 4.5])
    let alert = try #require(scene.desk.alerts.first)
    #expect(alert.value == 4.5)
    #expect(alert.annotation("summary") == "at 4.5")
    #expect(alert.activeAt == start)
    #expect(alert.firedAt == start.adding(milliseconds: 1000))
    #expect(scene.desk.alert(alert.fingerprint)?.name == "High")
    #expect(alert.expression == "load > 1")
  }

  @Test func `has the rule's labels over those of the series, and never another name`() throws {
    let scene = try Scene(
      group("alert: Named\nexpr: m\nlabels: { job: 'x-{{ $labels.job }}', alertname: other, empty: '' }"))
    #expect(try scene.tick(["m{job=\"a\",alertname=\"series\",empty=\"full\"}": 1]) == ["firing Named{job=\"x-a\"}"])
    #expect(scene.desk.alerts.first?.labels["alertname"] == "Named")
  }

  @Test func `whose series ends resolves at once when the series is marked stale`() throws {
    let scene = try Scene(group("alert: Seen\nexpr: m > 0"))
    #expect(try scene.tick(["m": 1]) == ["firing Seen"])
    #expect(try scene.tick() == [], "a series that is not written goes on for the look-back time")
    #expect(try scene.tick(["m": SampleValue.staleMarker]) == ["resolved Seen"])
  }

  @Test func `fires although the clock was set back while it was pending`() throws {
    let scene = try Scene(group(down))
    try scene.tick(["up{job=\"a\"}": 0])
    try scene.tick(["up{job=\"a\"}": 0])
    scene.clock.jumpWall(by: .seconds(-3600))
    scene.store.truncate(after: scene.now.unixMilliseconds)
    var changes: [String] = []
    for _ in 0..<4 { changes += try scene.tick(["up{job=\"a\"}": 0]) }
    #expect(changes == ["firing Down{job=\"a\",severity=\"critical\"}"])
  }

  @Test func `is listed firing before pending, severest and oldest first`() throws {
    let scene = try Scene(
      group(
        "alert: Info\nexpr: m > 0\nlabels: { severity: info }", "alert: Warning\nexpr: m > 0",
        "alert: Critical\nexpr: m > 1\nlabels: { severity: critical }",
        "alert: Pending\nexpr: m > 0\nfor: 1h\nlabels: { severity: critical }",
        "alert: Younger\nexpr: m > 1\nlabels: { severity: warning }"))
    try scene.tick(["m": 1])
    try scene.tick(["m": 2])
    #expect(scene.desk.alerts.map(\.name) == ["Critical", "Warning", "Younger", "Info", "Pending"])
    #expect(scene.desk.alerts.map(\.severity) == ["critical", "warning", "warning", "info", "critical"])
    let family = scene.metrics.family(MetricCatalog.alerts)
    #expect(family.gauge("critical", "firing").value == 1)
    #expect(family.gauge("critical", "pending").value == 1)
    #expect(family.gauge("warning", "firing").value == 2)
  }

  /// The published value of prometheus/common's test of label signatures, which Alertmanager's fingerprints are.
  @Test func `has Alertmanager's fingerprint of its labels`() throws {
    let labels = try Labels([("name", "garland, briggs"), ("fear", "love is not enough")])
    #expect(AlertFingerprint.of(labels) == String(5_799_056_148_416_392_346, radix: 16))
    #expect(AlertFingerprint.of(Labels()) == "cbf29ce484222325")
    let other = try Labels([("fear", "love is not enough"), ("name", "garland, briggs")])
    #expect(AlertFingerprint.of(other) == AlertFingerprint.of(labels))
    #expect(AlertFingerprint.of(try Labels([("a", "bc")])) != AlertFingerprint.of(try Labels([("ab", "c")])))
  }
}
