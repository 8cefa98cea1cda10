import Foundation
import Telemetry
import Testing

@testable import Alerting

/// Every alert that ships is seen firing and silent by a test, and can be followed at night.
@Suite struct `Every shipped alert` {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func texts(_ folder: String, _ suffix: String) throws -> [(name: String, text: String)] {
    let path = Self.root.appendingPathComponent(folder)
    return try FileManager.default.contentsOfDirectory(atPath: path.path).filter { $0.hasSuffix(suffix) }.sorted().map {
      ($0, try String(contentsOf: path.appendingPathComponent($0), encoding: .utf8))
    }
  }

  @Test func `has a test in which it fires and one in which it is silent`() throws {
    let groups = try texts("alerts", ".yml").flatMap { try RuleFile.parse($0.text, file: $0.name) }
    let tests = try texts("alerts/tests", ".yml").map { try RuleTestFile.parse($0.text, file: $0.name) }
    let coverage = RuleCoverage(groups, tests)
    #expect(coverage.alerts > 40)
    #expect(coverage.gaps == [])
  }

  @Test func `has a runbook with every section, whose queries parse and name metrics that exist`() throws {
    let metrics = Set(MetricCatalog.all.map(\.name))
    for (name, text) in try texts("runbooks", ".md") {
      #expect(RunbookLint.problems(text, alert: String(name.dropLast(3)), metrics: metrics) == [], "\(name)")
    }
  }
}

@Suite struct `Rule coverage` {
  @Test func `names alerts that no test sees firing or silent`() throws {
    let rules = try RuleFile.parse(
      group("alert: A\nexpr: a > 0", "alert: B\nexpr: b > 0", "record: r\nexpr: a"), file: "r.yml")
    let tests = try RuleTestFile.parse(
      """
      rule_files: [r.yml]
      tests:
      - input_series: [ { series: a, values: '0 1' } ]
        alert_rule_test:
        - { eval_time: 1m, alertname: A, exp_alerts: [ { exp_labels: {} } ] }
        - { eval_time: 1m, alertname: B, exp_alerts: [] }
      """, file: "t.yml")
    let coverage = RuleCoverage(rules, [tests])
    #expect(coverage.gaps == ["B: no test sees it firing", "A: no test sees it silent"])
    #expect(!coverage.isComplete && coverage.alerts == 2)
  }
}

@Suite struct `Runbook lint` {
  private let sound = """
    ---
    alert: Down
    ---

    # Down

    ## Meaning

    ```promql
    up{job="{{job}}"} == 0
    ```

    ## Impact

    ## First 60 seconds

    ```sh
    breakwater status
    ```

    ## Diagnosis

    ## Contain

    ## Verify

    ```promql
    up == 1
    ```

    ## Escalate
    """

  @Test func `takes a sound runbook`() {
    #expect(RunbookLint.problems(sound, alert: "Down", metrics: ["up"]) == [])
    #expect(RunbookLint.blocks(sound).map(\.language) == ["promql", "sh", "promql"])
    #expect(RunbookLint.blocks(sound).map(\.section) == ["Meaning", "First 60 seconds", "Verify"])
  }

  @Test func `names what is wrong, with its line`() {
    func problems(_ old: String, _ new: String) -> [String] {
      RunbookLint.problems(sound.replacing(old, with: new), alert: "Down", metrics: ["up"])
    }
    #expect(problems("## Impact\n", "") == ["1: the section Impact is missing"])
    #expect(problems("up == 1", "down == 1") == ["28: there is no metric down"])
    #expect(problems("up == 1", "up ==").first?.hasPrefix("28: ") == true)
    #expect(problems("alert: Down", "alert: Up") == ["1: the front matter does not say alert: Down"])
    #expect(problems("up == 1", "{job=\"x\"} == 1") == ["28: a selector does not name its metric"])
  }
}
