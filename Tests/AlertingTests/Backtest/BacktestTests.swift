import ControlModel
import MetricStore
import PromQL
import Telemetry
import Testing

@testable import Alerting

/// What a rule would have done over stored history.
@Suite struct `A backtest` {
  private let store = MetricStore(metrics: MetricRegistry())

  /// One sample a second from noon on.
  private func load(_ series: String, _ values: [Double]) throws {
    let reference = try #require(store.reference(Labels(parsing: series)))
    for (second, value) in values.enumerated() {
      store.append([(reference, value)], at: noon.plus(seconds: Int64(second)).unixMilliseconds)
    }
  }

  private func rule(_ text: String) throws -> Rule {
    try #require(RuleFile.parse(group(text), file: "r.yml").first?.rules.first)
  }

  private func run(_ text: String, seconds: Int64) throws -> Backtest {
    try Backtest.run(
      try rule(text), over: noon...noon.plus(seconds: seconds), stepMilliseconds: 1000, in: store)
  }

  @Test func `fires after for, keeps firing, and says how often and how long`() throws {
    let values = (0..<120).map { second in (10..<15).contains(second) || (40..<60).contains(second) ? 1.0 : 0 }
    try load(#"m{tenant="orchid"}"#, values)
    let backtest = try run(
      "alert: A\nexpr: m > 0\nfor: 10s\nkeep_firing_for: 5s\nlabels: { severity: critical }", seconds: 119)
    #expect(backtest.verdict == .fired)
    #expect(backtest.firings.map { ($0.from - noon.unixMilliseconds) / 1000 } == [50])
    #expect(backtest.firings.map { (($0.to ?? 0) - noon.unixMilliseconds) / 1000 } == [65])
    #expect(backtest.longestMilliseconds == 15_000)
    #expect(backtest.firings.first?.labels == ["alertname": "A", "severity": "critical", "tenant": "orchid"])
  }

  @Test func `agrees with the rule evaluated live over the same samples`() throws {
    var random = UInt64(42)
    let values = (0..<300).map { _ -> Double in
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(random >> 60)
    }
    try load("m", values)
    let text = "alert: A\nexpr: avg_over_time(m[5s]) > 8\nfor: 3s"
    let backtest = try run(text, seconds: 299)
    let live = try Scene(group(text))
    var firings: [Int64] = []
    for (second, value) in values.enumerated() {
      let changes = try live.tick(["m": value])
      if changes.contains(where: { $0.hasPrefix("firing") }) { firings.append(Int64(second)) }
    }
    #expect(!firings.isEmpty)
    #expect(backtest.firings.map { ($0.from - noon.unixMilliseconds) / 1000 } == firings)
  }

  @Test func `proves nothing when what the rule reads was not stored`() throws {
    try load("m", Array(repeating: 0, count: 10))
    #expect(try run("alert: A\nexpr: m > 0 and gone > 0", seconds: 9).missing == ["gone"])
    #expect(try run("alert: A\nexpr: m > 0 and gone > 0", seconds: 9).verdict == .noData)
    #expect(try run("alert: A\nexpr: m > 0", seconds: 9).verdict == .quiet)
    #expect(try run("alert: A\nexpr: m > 0", seconds: 0).verdict == .quiet, "one moment")
  }

  @Test func `proves nothing about a time before what the rule reads was stored, or in which it was not`() throws {
    let (long, alert) = (Int64(3600), "alert: A\nexpr: m > 0")
    // Stored since five minutes before the end.
    let young = try #require(store.reference(Labels(parsing: "m")))
    for second in 3300...3600 { store.append([(young, 0)], at: noon.plus(seconds: Int64(second)).unixMilliseconds) }
    #expect(try run(alert, seconds: long).missing == ["m"])
    #expect(try run(alert, seconds: long).verdict == .noData)
    // Away for eleven minutes in between.
    let holed = try #require(store.reference(Labels(parsing: "h")))
    for second in 0...3600 where !(1200...1860).contains(second) {
      store.append([(holed, 0)], at: noon.plus(seconds: Int64(second)).unixMilliseconds)
    }
    #expect(try run("alert: A\nexpr: h > 0", seconds: long).verdict == .noData)
    #expect(try run("alert: A\nexpr: '{job=\"none\"} > 0'", seconds: long).verdict == .noData)
    #expect(try run("alert: A\nexpr: absent(m) > 0 or h > 1", seconds: long).missing == ["h", "m"])
  }

  @Test func `is bounded`() throws {
    #expect(throws: QueryError.self) { try run("alert: A\nexpr: m > 0", seconds: Backtest.stepsMax) }
    #expect(throws: QueryError.self) { try run("record: r\nexpr: m", seconds: 1) }
  }

  @Test func `permits a rule to act when it covers an hour and was quiet or accepted`() throws {
    try load("m", Array(repeating: 0, count: 3601))
    let expression = "alert: A\nexpr: m > 0"
    func record(_ seconds: Int64, _ text: String = expression, accepted: Bool = false) throws -> BacktestRecord {
      BacktestRecord(try run(text, seconds: seconds), by: "ann", isAccepted: accepted, at: noon)
    }
    let hour = try record(3600)
    #expect(hour.permits && hour.verdict == .quiet)
    #expect(try !record(3599).permits)
    #expect(try !record(3600, "alert: A\nexpr: m == 0").permits)
    #expect(try record(3600, "alert: A\nexpr: m == 0", accepted: true).permits)
    #expect(try !record(3600, "alert: A\nexpr: gone > 0", accepted: true).permits)
    var library = BacktestLibrary()
    library.add(hour)
    #expect(library.record(for: try rule(expression))?.permits == true)
    #expect(library.record(for: try rule("alert: A\nexpr: m > 0\nfor: 1s")) == nil, "another rule")
    let acting = try rule("alert: A\nexpr: m > 0\nlabels: { control_mode: auto }")
    #expect(library.record(for: acting)?.permits == true, "the mode is what the record decides")
  }
}
