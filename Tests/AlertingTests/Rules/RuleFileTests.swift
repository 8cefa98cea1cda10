import BreakwaterTesting
import Foundation
import Testing

@testable import Alerting

/// Prometheus' rule files, read as strictly as Prometheus reads them.
@Suite struct `A rule file` {
  private func problem(_ text: String) -> String? {
    do throws(RuleFileProblem) {
      _ = try RuleFile.parse(text, file: "r.yml")
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `yields its groups, rules, labels and where they stand`() throws {
    let groups = try RuleFile.parse(
      """
      # comment
      groups:
        - name: first
          interval: 1m30s
          limit: 7
          query_offset: 5s
          labels: { team: a, tier: gold }
          rules:
            - alert: Down
              expr: |
                up == 0
                and on () vector(1)
              for: 5m
              keep_firing_for: 2m
              labels: { severity: critical, team: b }
              annotations: { summary: "It is {{ $value }}" }
            - record: a:b
              expr: "sum(up)"
        - name: second
      """, file: "r.yml")
    #expect(groups.map(\.name) == ["first", "second"])
    let first = groups[0]
    #expect(first.intervalMilliseconds == 90_000 && first.limit == 7 && first.queryOffsetMilliseconds == 5000)
    #expect(first.rules.map(\.line) == [9, 17])
    #expect(first.rules[0].text == "up == 0\nand on () vector(1)")
    #expect(
      first.rules[0].labels.map { "\($0.name)=\($0.template.text)" } == ["severity=critical", "team=b", "tier=gold"])
    guard case .alerting(let alerting) = first.rules[0].kind else {
      Issue.record("an alert")
      return
    }
    #expect(alerting.holdMilliseconds == 300_000 && alerting.keepFiringMilliseconds == 120_000)
    #expect(groups[1].rules.isEmpty && groups[1].intervalMilliseconds == nil)
  }

  @Test(arguments: ["", "\n", "# nothing\n", "groups:\n", "groups: []\n", "---\n"])
  func `with nothing in it has no rules`(text: String) throws {
    #expect(try RuleFile.parse(text, file: "r.yml").isEmpty)
  }

  @Test(arguments: [
    ("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(\n", "r.yml:5:15: expr: "),
    ("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: |\n      up\n        == == 0\n", "r.yml:7:12: expr: "),
    ("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: 'up{a=\"it''s\"} $'\n", "r.yml:5:26: expr: "),
    ("groups:\n- name: g\n  rules:\n  - alert: A\n    expression: up\n", "r.yml:5:5: unknown key \"expression\""),
    ("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: ''\n", "r.yml:5:11: expr is empty"),
    ("groups:\n- name: g\n  rules:\n  - alert: A\n", "r.yml:4:5: a rule needs expr"),
    ("groups:\n- name: g\n  rules:\n  - expr: up\n", "r.yml:4:5: a rule is either"),
    ("groups:\n- name: g\n  rules:\n  - alert: A\n    record: a\n    expr: up\n", "r.yml:4:5: a rule is either"),
    ("groups:\n- name: g\n  rules:\n  - record: a-b\n    expr: up\n", "r.yml:4:13: \"a-b\" is not a metric name"),
    (
      "groups:\n- name: g\n  rules:\n  - record: a\n    expr: up\n    for: 5m\n",
      "r.yml:6:10: a recording rule has no for"
    ),
    ("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    for: 5 minutes\n", "r.yml:6:10: \"5 minutes\""),
    (
      "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    labels: { a-b: x }\n", "r.yml:6:20: \"a-b\" is not"
    ),
    (
      "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    labels: { __name__: x }\n",
      "r.yml:6:25: a rule cannot"
    ),
    (
      "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    annotations: { s: '{{ $valu }}' }\n",
      "r.yml:6:23: template of s: "
    ),
    ("groups:\n- name: g\n- name: g\n", "r.yml:3:3: the group name \"g\" is used twice"),
    ("groups:\n- interval: 5s\n", "r.yml:2:3: a group needs a name"),
    ("groups:\n- name: ''\n", "r.yml:2:9: a group's name is empty"),
    ("groups: { name: g }\n", "r.yml:1:9: groups is a list"),
    ("groups:\n- name: g\n  name: h\n", "r.yml:"),
    ("groups:\n\t- name: g\n", "r.yml:2:1: "),
    ("groups: [\n", "r.yml:2:1: "),
    ("rules: []\n", "r.yml:1:1: unknown key \"rules\""),
    ("[]", "r.yml:1:1: a mapping"),
  ])
  func `that is wrong says in which file, line and column, and what`(text: String, start: String) {
    let problem = problem(text)
    #expect(problem?.hasPrefix(start) == true, "\(problem ?? "it was taken")")
  }

  @Test(.enabled(if: Promtool.isInstalled, "promtool is not installed"))
  func `is taken or refused as promtool does`() throws {
    let folder = try TemporaryFolder()
    let rules = [
      "alert: A\nexpr: up", "alert: A\nexpr: up ==", "alert: A\nexpr: up\nfor: 1h30m", "alert: A\nexpr: up\nfor: 1.5h",
      "alert: A\nexpr: up\nfor: '0'", "alert: A\nexpr: up\nfor: -5m", "alert: A\nexpr: up\nkeep_firing_for: 1d",
      "record: a\nexpr: up\nannotations: { x: y }", "record: 1a\nexpr: up", "record: 'a:b'\nexpr: up",
      "alert: A\nexpr: up\nlabels: { 1a: b }", "alert: A\nexpr: up\nlabels: { 'a b': c }",
      "alert: A\nexpr: up\nlabels: { a: 5 }", "alert: A\nexpr: 5", "alert: A\nexpr: up\nlabels: { a: true }",
      "alert: A\nexpr: up\nlabels:", "alert: A\nexpr: up\nlabels: []", "alert: A\nexpr: up\nunknown: 1",
      "alert: A\nexpr: rate(up)", "alert: A\nexpr: up[5m]", "alert: A\nexpr: \"'text'\"",
      "alert: A\nexpr: up\nannotations: { a: '{{ $labels.x' }",
      "alert: A\nexpr: up\nannotations: { a: '{{ nofunc }}' }",
      "alert: A\nexpr: up\nannotations: { a: '{{ if }}' }", "alert: A\nexpr: up\nannotations: { a: '{{ end }}' }",
      "alert: A\nexpr: up\nlabels: { __name__: x }", "alert: ''\nexpr: up", "alert: A\nexpr: 'up'\nfor: 5",
      "alert: A\nexpr: up\nannotations: { a: '{{ range $i, $s := query \"up\" }}{{ $i }}{{ end }}' }",
    ]
    for (number, rule) in rules.enumerated() {
      let text = group(rule)
      let name = "rules-\(number).yml"
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
      let verdict = try Promtool.run("check", "rules", name, in: folder)
      let problem = problem(text)
      #expect((problem == nil) == verdict.isFine, "\(rule)\n\(problem ?? "taken")\n\(verdict.output)")
    }
  }

  @Test func `has bounds: bytes, rules, and nesting by aliases`() {
    #expect(
      problem(String(repeating: "#", count: RuleFile.bytesMax + 1))
        == "r.yml:1:1: the file is larger than 1048576 bytes")
    let many = (0...RuleFile.rulesMax).map { _ in "  - {record: a, expr: b}\n" }.joined()
    #expect(problem("groups:\n- name: g\n  rules:\n" + many)?.contains("more than 5000 rules") == true)
    var bomb = "a0: &a0 [x]\n"
    for level in 1...30 {
      bomb += "a\(level): &a\(level) [\((0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ","))]\n"
    }
    #expect(problem(bomb) != nil)
  }

  @Test(arguments: 0..<300 as Range<UInt64>)
  func `of any damage is refused or read, without a crash`(seed: UInt64) {
    var random = SeededRandom(seed)
    var bytes = Array(
      group(
        "alert: A\nexpr: |\n  up{a=~\"b.*\"} == 0\n  and rate(x[5m]) > 1e3\nfor: 5m\nannotations: { s: '{{ if gt $value 1.0 }}x{{ else }}{{ $labels.a }}{{ end }}' }",
        "record: a:b\nexpr: \"sum by (a) (x)\"\nlabels: { c: d }"
      ).utf8)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes[place] = Array("{}[]():'\"\\\n\t $|&*-#%é".utf8).randomElement(using: &random) ?? 0
      case 1: bytes.remove(at: place)
      default: bytes.insert(UInt8.random(in: 32..<127, using: &random), at: place)
      }
    }
    let problem = problem(String(decoding: bytes, as: UTF8.self))
    #expect(problem == nil || problem?.hasPrefix("r.yml:") == true, "seed \(seed)")
  }
}
