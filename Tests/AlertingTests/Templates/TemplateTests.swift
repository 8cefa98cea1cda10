import BreakwaterTesting
import ControlModel
import Foundation
import MetricStore
import PromQL
import Testing

@testable import Alerting

/// Go templates with Prometheus' functions, as the words of alerts have them.
@Suite struct `A template` {
  private static let prefix = "<error expanding template: "

  private func context(_ row: Int, _ value: Double) -> TemplateContext {
    TemplateContext(
      labels: TemplateTable.labels.merging(["row": "\(row)"]) { $1 }, value: value,
      externalLabels: TemplateTable.externalLabels, externalURL: TemplateTable.externalURL)
  }

  /// A desk whose every rule has one of the templates as its annotation `text`; the alerts' texts by their names.
  private func texts(_ templates: [(template: String, value: Double)]) throws -> [String: String] {
    let scene = try Scene(rules(templates.map(\.template))) {
      $0.externalURL = TemplateTable.externalURL
      $0.externalLabels = TemplateTable.externalLabels
    }
    var batch = TemplateTable.others.map { (series("q", ["n": $0.key]), $0.value) }
    for (row, item) in templates.enumerated() { batch.append((series(row), item.value)) }
    for (series, value) in batch {
      let reference = try #require(scene.store.reference(try Labels(parsing: series)))
      scene.store.append([(reference, value)], at: scene.now.unixMilliseconds)
    }
    _ = scene.desk.tick(at: scene.now)
    return Dictionary(
      scene.desk.alerts.map { ($0.name, $0.annotation("text") ?? "") }, uniquingKeysWith: { first, _ in first })
  }

  private func rules(_ templates: [String]) -> String {
    "groups:\n- name: g\n  rules:\n"
      + templates.enumerated().map { row, template in
        "  - alert: T\(row)\n    expr: v{row=\"\(row)\"}\n    annotations: { text: \(quoted(template)) }\n"
      }.joined()
  }

  private func series(_ row: Int) -> String {
    series("v", TemplateTable.labels.merging(["row": "\(row)"]) { $1 })
  }

  private func series(_ name: String, _ labels: [String: String]) -> String {
    name + "{" + labels.sorted { $0.key < $1.key }.map { "\($0.key)=\(quoted($0.value))" }.joined(separator: ",") + "}"
  }

  private func expected(_ row: Int) -> String {
    TemplateTable.rows[row].text.replacing("%ROW%", with: "\(row)")
  }

  @Test func `says what Prometheus says`() throws {
    let texts = try texts(TemplateTable.rows.map { ($0.template, $0.value) })
    #expect(texts.count == TemplateTable.rows.count)
    for (row, item) in TemplateTable.rows.enumerated() {
      #expect(texts["T\(row)"] == expected(row), "\(item.template) with \(item.value)")
    }
  }

  @Test(.enabled(if: Promtool.isInstalled, "promtool is not installed"))
  func `is expected here to say what promtool says`() throws {
    let folder = try TemporaryFolder()
    var test =
      "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  external_url: \(TemplateTable.externalURL)\n"
    test += "  external_labels: { region: eu }\n  input_series:\n"
    for (n, value) in TemplateTable.others { test += "  - { series: 'q{n=\"\(n)\"}', values: '\(value)' }\n" }
    for (row, item) in TemplateTable.rows.enumerated() {
      test += "  - { series: \(quoted(series(row))), values: '\(GoFloat.sampleValue(item.value))' }\n"
    }
    test += "  alert_rule_test:\n"
    for row in TemplateTable.rows.indices {
      let labels = TemplateTable.labels.merging(["row": "\(row)"]) { $1 }
        .sorted { $0.key < $1.key }.map { "\($0.key): \(quoted($0.value))" }.joined(separator: ", ")
      test += "  - eval_time: 0m\n    alertname: T\(row)\n    exp_alerts:\n"
      test += "    - exp_labels: { \(labels) }\n      exp_annotations: { text: \(quoted(expected(row))) }\n"
    }
    try Data(rules(TemplateTable.rows.map(\.template)).utf8).write(to: URL(fileURLWithPath: folder.file("rules.yml")))
    try Data(test.utf8).write(to: URL(fileURLWithPath: folder.file("test.yml")))
    let verdict = try Promtool.run("test", "rules", "test.yml", in: folder)
    #expect(verdict.isFine, "\(verdict.output)")
    let file = try RuleTestFile.parse(test, file: "test.yml")
    let failures = file.run(try RuleFile.parse(rules(TemplateTable.rows.map(\.template)), file: "rules.yml"))
    #expect(failures.isEmpty, "\(failures)")
  }

  @Test func `that cannot be computed says so in its place, and the alert fires all the same`() throws {
    let texts = try texts(TemplateTable.failing.map { ($0, 2) })
    #expect(texts.count == TemplateTable.failing.count)
    for (row, template) in TemplateTable.failing.enumerated() {
      let text = texts["T\(row)"] ?? ""
      #expect(text.hasPrefix(Self.prefix) && text.hasSuffix(">"), "\(template): \(text)")
    }
  }

  @Test(.enabled(if: Promtool.isInstalled, "promtool is not installed"))
  func `that cannot be computed here cannot be in Prometheus either`() throws {
    let folder = try TemporaryFolder()
    var test = "rule_files: [rules.yml]\ntests:\n- interval: 1m\n  input_series:\n  - { series: 'q', values: '1' }\n"
    for row in TemplateTable.failing.indices { test += "  - { series: \(quoted(series(row))), values: '2' }\n" }
    test += "  alert_rule_test:\n"
    for row in TemplateTable.failing.indices { test += "  - { eval_time: 0m, alertname: T\(row), exp_alerts: [] }\n" }
    try Data(rules(TemplateTable.failing).utf8).write(to: URL(fileURLWithPath: folder.file("rules.yml")))
    try Data(test.utf8).write(to: URL(fileURLWithPath: folder.file("test.yml")))
    let output = try Promtool.run("test", "rules", "test.yml", in: folder).output
    let found = output.components(separatedBy: "alertname: ").dropFirst()
    #expect(found.count == TemplateTable.failing.count, "\(output)")
    for alert in found { #expect(alert.contains(Self.prefix), "\(alert)") }
  }

  @Test(arguments: TemplateTable.broken + TemplateTable.refusedEarly)
  func `that is none is refused when it is read`(text: String) {
    #expect(throws: TemplateProblem.self) { try Template(text) }
  }

  @Test(.enabled(if: Promtool.isInstalled, "promtool is not installed"))
  func `that is none here is none in Prometheus either`() throws {
    let folder = try TemporaryFolder()
    try Data(rules(TemplateTable.broken).utf8).write(to: URL(fileURLWithPath: folder.file("rules.yml")))
    let output = try Promtool.run("check", "rules", "rules.yml", in: folder).output
    for (row, template) in TemplateTable.broken.enumerated() {
      #expect(output.contains("\"T\(row)\"") || output.contains("__alert_T\(row):"), "\(template)")
    }
  }

  @Test(arguments: ["{{ define \"x\" }}a{{ end }}", "{{ template \"x\" }}", "{{ block \"x\" . }}{{ end }}"])
  func `of another's is refused, and says that it is not supported`(text: String) throws {
    let problem = #expect(throws: TemplateProblem.self) { try Template(text) }
    #expect(problem?.message.contains("is not supported") == true)
  }

  @Test func `knows where its readers find the product`() throws {
    #expect(try Template("{{ externalURL }}").rendered(context(0, 1)) == TemplateTable.externalURL)
  }

  @Test func `has bounds: its length, what it expands to, how deep it is`() throws {
    #expect(throws: TemplateProblem.self) { try Template(String(repeating: "x", count: Template.bytesMax + 1)) }
    let deep = String(repeating: "{{ if true }}", count: 100) + String(repeating: "{{ end }}", count: 100)
    #expect(throws: TemplateProblem.self) { try Template(deep) }
    let parentheses = "{{ " + String(repeating: "(", count: 5000) + "1" + String(repeating: ")", count: 5000) + " }}"
    #expect(throws: TemplateProblem.self) { try Template(parentheses) }
    let long = try Template(String(repeating: "{{ printf \"%1000d\" 1 }}", count: 100))
    #expect(long.rendered(context(0, 1)).hasPrefix(Self.prefix))
    let wide = try Template("{{ printf \"%999999999d|%.999999999f\" 1 1.5 }}").rendered(context(0, 1))
    #expect(wide.utf8.count < 2000)
  }

  @Test(arguments: 0..<500 as Range<UInt64>)
  func `of any pieces is refused or rendered, without a crash`(seed: UInt64) {
    var random = SeededRandom(seed)
    let pieces = [
      "{{", "}}", "{{ ", " }}", "{{- ", " -}}", "$labels", ".tenant", "$value", "|", "humanize", "printf", "\"%d %s\"",
      "(", ")",
      "if ", "range ", "with ", "else", "end", "$x", ":=", "=", "1", "1.5", "-", "\"a\"", "`b`", "query", "\"q\"",
      "first", ".", "$",
      "and", "eq", "index", "len", "not", "/*", "*/", "é", ",", "nil", "true", "%", "\\", "'", "\n",
      "humanizeTimestamp", "-1e300",
    ]
    for _ in 0..<20 {
      let text = (0..<Int.random(in: 1...14, using: &random)).compactMap { _ in pieces.randomElement(using: &random) }
        .joined(separator: random.chance(50) ? " " : "")
      for wrapped in [text, "{{ " + text + " }}"] {
        guard let template = try? Template(wrapped) else { continue }
        _ = template.rendered(context(0, Double(bitPattern: random.next())))
      }
    }
  }
}
