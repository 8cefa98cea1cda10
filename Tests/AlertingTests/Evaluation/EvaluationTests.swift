import BreakwaterTesting
import ControlModel
import PromQL
import Telemetry
import Testing

@testable import Alerting

/// Rules together: order, series, intervals, failures.
@Suite struct `Evaluating rules` {
  @Test func `writes ALERTS and ALERTS_FOR_STATE, and ends them with the alert`() throws {
    let scene = try Scene(group("alert: Down\nexpr: up == 0\nfor: 2s\nlabels: { severity: critical }"))
    let since = scene.now.unixMilliseconds / 1000
    let labels = "alertname=\"Down\",alertstate=\"%\",job=\"a\",severity=\"critical\""
    func alerts(_ state: String) -> [String] { ["ALERTS{\(labels.replacing("%", with: state))} 1"] }
    func now(_ value: Double) throws -> [String] {
      try scene.set(["up{job=\"a\"}": value])
      _ = scene.desk.tick(at: scene.now)
      defer { scene.clock.advance(by: .seconds(1)) }
      return try scene.query("ALERTS")
    }
    #expect(try now(0) == alerts("pending"))
    #expect(try now(0) == alerts("pending"))
    #expect(try now(0) == alerts("firing"))
    let forState = "ALERTS_FOR_STATE{alertname=\"Down\",job=\"a\",severity=\"critical\"}"
    #expect(try scene.query("ALERTS_FOR_STATE") == ["\(forState) \(GoFloat.shortest(Double(since)))"])
    #expect(try now(1) == [])
    #expect(try scene.query("ALERTS_FOR_STATE") == [])
    #expect(try scene.query("count_over_time(ALERTS{alertstate=\"firing\"}[1m])").count == 1)
  }

  @Test func `goes from top to bottom: a rule sees what the one above recorded in the same tick`() throws {
    let scene = try Scene(
      group(
        "record: job:up:sum\nexpr: sum by (job) (up)\nlabels: { team: a }",
        "alert: AllDown\nexpr: job:up:sum == 0", "alert: Alerted\nexpr: ALERTS{alertname=\"AllDown\"}"))
    #expect(
      try scene.tick(["up{job=\"x\",n=\"1\"}": 0, "up{job=\"x\",n=\"2\"}": 0]) == [
        "firing AllDown{job=\"x\",team=\"a\"}", "firing Alerted{alertstate=\"firing\",job=\"x\",team=\"a\"}",
      ])
  }

  @Test func `ends a recorded series when its expression yields it no more`() throws {
    let scene = try Scene(group("record: big\nexpr: m > 1"))
    try scene.tick(["m{a=\"1\"}": 2, "m{a=\"2\"}": 3])
    try scene.tick(["m{a=\"1\"}": 0, "m{a=\"2\"}": 3])
    scene.clock.advance(by: .seconds(-1))
    #expect(try scene.query("big") == ["big{a=\"2\"} 3"])
  }

  @Test func `that fails keeps the alerts as they were, names the error, and is counted`() throws {
    let scene = try Scene(group("alert: Pair\nexpr: a / on () b > 0\nlabels: { severity: critical }"))
    #expect(try scene.tick(["a": 1, "b{n=\"1\"}": 1]) == ["firing Pair{severity=\"critical\"}"])
    #expect(try scene.tick(["a": 1, "b{n=\"1\"}": 1, "b{n=\"2\"}": 1]) == [])
    #expect(scene.desk.alerts.count == 1)
    let status = try #require(scene.desk.status.first?.rules.first)
    #expect(status.lastError?.contains("many-to-many") == true, "\(status.lastError ?? "")")
    #expect(scene.metrics.family(MetricCatalog.ruleEvaluationFailures).counter("g").value == 1)
    #expect(
      try scene.tick(["a": 0, "b{n=\"1\"}": 1, "b{n=\"2\"}": SampleValue.staleMarker]) == [
        "resolved Pair{severity=\"critical\"}"
      ])
    #expect(scene.desk.status.first?.rules.first?.lastError == nil)
  }

  @Test func `that would make two alerts of one label set fails instead`() throws {
    let scene = try Scene(
      group("alert: Same\nexpr: m\nlabels: { a: one }", "record: same\nexpr: m\nlabels: { a: one }"))
    #expect(try scene.tick(["m{a=\"1\"}": 1, "m{a=\"2\"}": 1]) == [])
    let errors = scene.desk.status.flatMap { $0.rules.map { $0.lastError ?? "" } }
    #expect(errors.allSatisfy { $0.contains("same labelset") }, "\(errors)")
  }

  @Test func `stops at the group's limit, and at the product's`() throws {
    let scene = try Scene(group("alert: Many\nexpr: m", "record: many\nexpr: m", head: "  limit: 2\n"))
    #expect(try scene.tick(["m{a=\"1\"}": 1, "m{a=\"2\"}": 1]).count == 2)
    #expect(try scene.tick(["m{a=\"1\"}": 1, "m{a=\"2\"}": 1, "m{a=\"3\"}": 1]) == [])
    #expect(scene.desk.alerts.count == 2)
    let errors = scene.desk.status.flatMap { $0.rules.map { $0.lastError ?? "" } }
    #expect(errors == ["exceeded limit of 2 with 3 alerts", "exceeded limit of 2 with 3 series"])
    let bounded = try Scene(group("alert: Many\nexpr: m")) { $0.resultsMax = 1 }
    #expect(try bounded.tick(["m{a=\"1\"}": 1, "m{a=\"2\"}": 1]) == [])
  }

  @Test func `stops at the samples one rule may load`() throws {
    let scene = try Scene(group("alert: Heavy\nexpr: sum_over_time(m[1m]) > 0")) { $0.samplesMax = 5 }
    for _ in 0..<10 { try scene.tick(["m": 1]) }
    #expect(scene.desk.status.first?.rules.first?.lastError?.contains("more than 5 samples") == true)
  }

  @Test func `of a group with its own interval waits for it, and counts what was missed`() throws {
    let scene = try Scene(group("record: slow\nexpr: vector(time())", head: "  interval: 5s\n"))
    let start = scene.now
    var evaluations: [Int64] = []
    for _ in 0..<12 {
      try scene.tick()
      let last = try #require(scene.desk.status.first?.lastEvaluation)
      let seconds = (last.unixMilliseconds - start.unixMilliseconds) / 1000
      if evaluations.last != seconds { evaluations.append(seconds) }
    }
    #expect(evaluations == [0, 5, 10])
    let missed = scene.metrics.family(MetricCatalog.ruleGroupMissed).counter("g")
    #expect(missed.value == 0)
    scene.clock.advance(by: .seconds(20))
    try scene.tick()
    #expect(missed.value == 3)
    #expect(scene.desk.status.first?.intervalMilliseconds == 5000)
  }

  @Test func `with a query offset looks that far back`() throws {
    let scene = try Scene(group("alert: Late\nexpr: m > 0", head: "  query_offset: 2s\n"))
    #expect(try scene.tick(["m": 1]) == [])
    #expect(try scene.tick(["m": 0]) == [])
    #expect(try scene.tick(["m": 0]) == ["firing Late"])
    #expect(try scene.tick(["m": 0]) == ["resolved Late"])
  }

  @Test func `with a scalar makes one alert without labels`() throws {
    let scene = try Scene(group("alert: Always\nexpr: '1'", "record: answer\nexpr: '42'"))
    #expect(try scene.tick() == ["firing Always"])
    scene.clock.advance(by: .seconds(-1))
    #expect(try scene.query("answer") == ["answer 42"])
  }

  @Test func `ends with a name, a health and a duration for each rule`() throws {
    let scene = try Scene(group("alert: A\nexpr: m > 0\nkeep_firing_for: 1m", "record: r\nexpr: m"))
    #expect(scene.desk.ruleCount == 2)
    #expect(scene.desk.status.first?.rules.first?.lastEvaluation == nil)
    try scene.tick(["m": 1])
    let group = try #require(scene.desk.status.first)
    #expect(group.name == "g" && group.file == "rules.yml")
    #expect(group.rules.map(\.rule.name) == ["A", "r"])
    #expect(group.rules.map(\.alerts.count) == [1, 0])
    #expect(group.rules.allSatisfy { $0.lastEvaluation != nil && $0.lastError == nil })
  }
}
