import BreakwaterTesting
import ControlModel
import Foundation
import MetricStore
import PromQL
import Telemetry
import Testing

@testable import Alerting

/// The life of alerts is Prometheus': for random rules and series promtool agrees with every step.
@Suite(.enabled(if: Promtool.isInstalled, "promtool is not installed"))
struct `Random alerts` {
  private struct Scenario {
    var rules = ""
    /// Per series its values, one a step; nil is no sample.
    var series: [(name: String, values: [Double?])] = []
    static let steps = 40
  }

  private func scenario(_ random: inout SeededRandom) -> Scenario {
    var scenario = Scenario()
    for name in ["m{a=\"1\"}", "m{a=\"2\"}", "n{a=\"1\"}"] {
      var values: [Double?] = []
      while values.count < Scenario.steps {
        let value: Double? =
          random.chance(20) ? SampleValue.staleMarker : random.chance(10) ? nil : random.chance(50) ? 0 : 1
        values += Array(repeating: value, count: Int.random(in: 1...6, using: &random))
      }
      scenario.series.append((name, Array(values.prefix(Scenario.steps))))
    }
    var rules: [String] = ["record: m:sum\nexpr: sum by (a) (m) + 0 * count(n)"]
    for (number, expression) in [
      "m > 0", "m:sum == 1", "m > 0 unless on (a) n", "absent(n)", "ALERTS{alertname=\"A0\",alertstate=\"firing\"}",
      "changes(m[3m]) > 1",
    ].enumerated() {
      var rule = "alert: A\(number)\nexpr: \(expression)\nlabels: { severity: 's-{{ $labels.a }}' }\n"
      rule += "annotations: { text: '{{ $value }} of {{ $labels.a }}' }\n"
      if random.chance(60) { rule += "for: \(Int.random(in: 1...4, using: &random))m\n" }
      if random.chance(50) { rule += "keep_firing_for: \(Int.random(in: 1...4, using: &random))m\n" }
      rules.append(rule)
    }
    scenario.rules = "groups:\n- name: g\n  rules:\n"
    for rule in rules {
      for (number, line) in rule.split(separator: "\n").enumerated() {
        scenario.rules += (number == 0 ? "  - " : "    ") + line + "\n"
      }
    }
    return scenario
  }

  /// Runs the scenario on a desk and writes down what it sees as the expectations of a rule test.
  private func recorded(_ scenario: Scenario) throws -> String {
    let metrics = MetricRegistry()
    let store = MetricStore(metrics: metrics)
    var settings = AlertDesk.Settings()
    settings.intervalMilliseconds = 60_000
    settings.compatibility = .v2_42
    let desk = AlertDesk(
      try RuleFile.parse(scenario.rules, file: "rules.yml"), settings: settings, store: store,
      clocks: TestClock().clocks, metrics: metrics)
    var options = Engine.Options()
    options.compatibility = .v2_42
    var alerts = ""
    var queries = ""
    for step in 0..<Scenario.steps {
      let time = Int64(step) * 60_000
      for (name, values) in scenario.series {
        if let value = values[step], let reference = store.reference(try Labels(parsing: name)) {
          store.append([(reference, value)], at: time)
        }
      }
      _ = desk.tick(at: WallTime(unixMilliseconds: time))
      #expect(desk.status.allSatisfy { $0.rules.allSatisfy { $0.lastError == nil } })
      for number in 0..<6 {
        alerts += "  - eval_time: \(step)m\n    alertname: A\(number)\n    exp_alerts:\n"
        for alert in desk.alerts where alert.name == "A\(number)" && alert.state == .firing {
          let labels = alert.labels.pairs.filter { $0.name != "alertname" }.map { "\($0.name): \(quoted($0.value))" }
          alerts += "    - exp_labels: { \(labels.joined(separator: ", ")) }\n"
          alerts += "      exp_annotations: { text: \(quoted(alert.annotation("text") ?? "")) }\n"
        }
      }
      for query in ["ALERTS", "ALERTS_FOR_STATE", "m:sum"] {
        queries += "  - eval_time: \(step)m\n    expr: \(query)\n    exp_samples:\n"
        guard case .vector(let vector) = try Engine(options).instant(Expression(query), at: time, in: store) else {
          continue
        }
        for sample in vector {
          queries += "    - { labels: \(quoted(sample.labels.text)), value: \(GoFloat.sampleValue(sample.value)) }\n"
        }
      }
    }
    var test = "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n"
    for (name, values) in scenario.series {
      let text = values.map { value in
        value.map { SampleValue.isStaleMarker($0) ? "stale" : GoFloat.sampleValue($0) } ?? "_"
      }
      test += "  - { series: '\(name)', values: '\(text.joined(separator: " "))' }\n"
    }
    return test + "  alert_rule_test:\n" + alerts + "  promql_expr_test:\n" + queries
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `are pending, firing, kept and resolved as in Prometheus`(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let scenario = scenario(&random)
    let test = try recorded(scenario)
    let folder = try TemporaryFolder()
    try Data(scenario.rules.utf8).write(to: URL(fileURLWithPath: folder.file("rules.yml")))
    try Data(test.utf8).write(to: URL(fileURLWithPath: folder.file("test.yml")))
    let verdict = try Promtool.run("test", "rules", "test.yml", in: folder)
    #expect(verdict.isFine, "seed \(seed)\n\(scenario.rules)\n\(verdict.output.prefix(3000))")
    let failures = try RuleTestFile.parse(test, file: "test.yml")
      .run(RuleFile.parse(scenario.rules, file: "rules.yml"), compatibility: .v2_42)
    #expect(failures.isEmpty, "seed \(seed): \(failures.prefix(3))")
  }
}
