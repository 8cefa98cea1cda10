import Testing

@testable import Alerting

/// Files of rule tests: what they may hold, and how a failure is told.
@Suite struct `A rule test file` {
  private let rules =
    "groups:\n- name: g\n  rules:\n  - alert: Down\n    expr: up == 0\n    for: 2m\n  - record: r\n    expr: up * 2\n"

  private func failures(_ test: String, rules: String? = nil) throws -> [String] {
    try RuleTestFile.parse(test, file: "t.yml").run(try RuleFile.parse(rules ?? self.rules, file: "r.yml"))
      .map(\.description)
  }

  private func test(_ checks: String, values: String = "0x9") -> String {
    "tests:\n- name: it\n  input_series: [ { series: 'up{job=\"a\"}', values: '\(values)' } ]\n\(checks)"
  }

  @Test func `says which test failed, when, what was expected and what was there`() throws {
    let none = try failures(test("  alert_rule_test: [ { eval_time: 2m, alertname: Down, exp_alerts: [] } ]\n"))
    #expect(
      none == [
        "it, at 2m: Down: expected and not firing: none; firing and not expected: {alertname=\"Down\", job=\"a\"} with {}"
      ])
    let early = try failures(
      test("  alert_rule_test: [ { eval_time: 1m, alertname: Down, exp_alerts: [ { exp_labels: { job: a } } ] } ]\n"))
    #expect(
      early == [
        "it, at 1m: Down: expected and not firing: {alertname=\"Down\", job=\"a\"} with {}; firing and not expected: none"
      ])
    let value = try failures(
      test(
        "  promql_expr_test: [ { eval_time: 1m, expr: r, exp_samples: [ { labels: 'r{job=\"a\"}', value: 3 } ] } ]\n"))
    #expect(value.count == 1 && value[0].hasPrefix("it, at 1m: r: expected"))
  }

  @Test func `that asks for what is, passes; also for NaN, infinity and nothing`() throws {
    let checks = """
        promql_expr_test:
        - { eval_time: 0, expr: 'r / 0', exp_samples: [ { labels: '{job="a"}', value: .nan } ] }
        - { eval_time: 1m, expr: '1 / 0', exp_samples: [ { value: .inf } ] }
        - { eval_time: 1m, expr: 'none', exp_samples: [] }
        - { eval_time: 1m, expr: '2', exp_samples: [ { value: 2 } ] }

      """
    #expect(try failures(test(checks)) == [])
  }

  @Test func `tells a rule that fails while it is tested`() throws {
    let broken = "groups:\n- name: g\n  rules:\n  - alert: Two\n    expr: up + on () up\n"
    let text =
      "tests:\n- input_series:\n  - { series: 'up{a=\"1\"}', values: '1x5' }\n  - { series: 'up{a=\"2\"}', values: '1x5' }\n"
      + "  alert_rule_test: [ { eval_time: 1m, alertname: Two, exp_alerts: [] } ]\n"
    let failures = try failures(text, rules: broken)
    #expect(failures.count == 1 && failures[0].contains("the rule Two failed"), "\(failures)")
  }

  @Test func `cannot run for ever`() throws {
    let failures = try failures(test("  alert_rule_test: [ { eval_time: 90y, alertname: Down, exp_alerts: [] } ]\n"))
    #expect(failures.count == 1 && failures[0].contains("evaluations"), "\(failures)")
  }

  @Test(arguments: [
    ("", "t.yml:1:1: the file is empty"), ("test: []", "t.yml:1:1: unknown key \"test\""),
    ("tests:\n- alert_rule_test:\n  - eval_time: soon\n    alertname: A\n", "t.yml:3:16: \"soon\" is not a duration"),
    ("tests:\n- alert_rule_test: [ { eval_time: 1m } ]\n", "t.yml:2:22: an alert test names"),
    ("tests:\n- input_series: [ { series: 'a{', values: '1' } ]\n", "t.yml:2:29: "),
    ("tests:\n- input_series: [ { series: 'a', values: '1+' } ]\n", "t.yml:2:29: "),
    ("tests:\n- input_series: [ { series: 'a' } ]\n", "t.yml:2:19: an input series has"),
    ("tests:\n- promql_expr_test: [ { expr: 'sum(' } ]\n", "t.yml:2:"),
    (
      "tests:\n- promql_expr_test: [ { expr: a, exp_samples: [ { value: many } ] } ]\n",
      "t.yml:2:49: \"many\" is not a number"
    ),
    (
      "tests:\n- promql_expr_test: [ { expr: a, exp_samples: [ { labels: 'a{', value: 1 } ] } ]\n",
      "t.yml:2:49: labels: "
    ),
  ])
  func `that is wrong says in which line and column`(text: String, start: String) {
    let problem = #expect(throws: RuleFileProblem.self) { try RuleTestFile.parse(text, file: "t.yml") }
    #expect(problem?.description.hasPrefix(start) == true, "\(problem?.description ?? "")")
  }
}
