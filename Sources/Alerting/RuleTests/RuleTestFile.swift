import PromQL
import Yams

/// A file of rule unit tests as `promtool test rules` takes it
/// (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/).
package struct RuleTestFile: Sendable {
  package let file: String
  /// As written: relative to the folder of the test file, possibly with wildcards. The caller finds and reads them.
  package let ruleFiles: [String]
  package let tests: [RuleTest]
  let evaluationIntervalMilliseconds: Int64
  /// Names of groups in the order in which they are evaluated; the others come in the order of the files.
  let groupOrder: [String]

  package static let bytesMax = 4 * 1024 * 1024

  package static func parse(_ text: String, file: String) throws(RuleFileProblem) -> RuleTestFile {
    let reader = YAMLReader(file: file, text: text)
    guard let root = try reader.root(bytesMax: bytesMax) else {
      throw RuleFileProblem(file: file, line: 1, column: 1, message: "the file is empty")
    }
    let fields = try reader.mapping(root, allowed: ["rule_files", "evaluation_interval", "group_eval_order", "tests"])
    let interval = try reader.duration(fields["evaluation_interval"]) ?? 0
    var tests: [RuleTest] = []
    for node in try list(fields["tests"], "tests", reader) {
      tests.append(try RuleTest(node, defaultInterval: interval == 0 ? 60_000 : interval, reader))
    }
    return RuleTestFile(
      file: file, ruleFiles: try strings(fields["rule_files"], "rule_files", reader), tests: tests,
      evaluationIntervalMilliseconds: interval == 0 ? 60_000 : interval,
      groupOrder: try strings(fields["group_eval_order"], "group_eval_order", reader))
  }

  fileprivate static func list(_ node: Node?, _ name: String, _ reader: YAMLReader) throws(RuleFileProblem) -> [Node] {
    guard let node else { return [] }
    return try reader.sequence(node, name)
  }

  private static func strings(_ node: Node?, _ name: String, _ reader: YAMLReader) throws(RuleFileProblem) -> [String] {
    var strings: [String] = []
    for item in try list(node, name, reader) { strings.append(try reader.string(item, name)) }
    return strings
  }
}

/// One test: series, and what is to be seen of them at certain times.
package struct RuleTest: Sendable {
  package let name: String
  let intervalMilliseconds: Int64
  let series: [SeriesNotation]
  let alertChecks: [AlertCheck]
  let queryChecks: [QueryCheck]
  let externalLabels: [String: String]
  let externalURL: String

  /// The alerts of one name that fire at a time, all of them.
  struct AlertCheck: Sendable {
    let atMilliseconds: Int64
    let alertName: String
    let expected: [Expectation]
  }

  struct Expectation: Sendable, Hashable {
    let labels: [String: String]
    let annotations: [String: String]
  }

  /// What a query yields at a time.
  struct QueryCheck: Sendable {
    let atMilliseconds: Int64
    let expression: Expression
    let text: String
    let expected: [(labels: Labels, value: Double)]
  }

  init(_ node: Node, defaultInterval: Int64, _ reader: YAMLReader) throws(RuleFileProblem) {
    let fields = try reader.mapping(
      node,
      allowed: [
        "name", "interval", "input_series", "alert_rule_test", "promql_expr_test", "external_labels", "external_url",
      ])
    name = try fields["name"].map { (node) throws(RuleFileProblem) in try reader.string(node, "name") } ?? ""
    let interval = try reader.duration(fields["interval"]) ?? 0
    intervalMilliseconds = interval == 0 ? defaultInterval : interval
    var series: [SeriesNotation] = []
    for item in try RuleTestFile.list(fields["input_series"], "input_series", reader) {
      series.append(try Self.series(item, reader))
    }
    self.series = series
    var alertChecks: [AlertCheck] = []
    for item in try RuleTestFile.list(fields["alert_rule_test"], "alert_rule_test", reader) {
      alertChecks.append(try Self.alertCheck(item, reader))
    }
    self.alertChecks = alertChecks
    var queryChecks: [QueryCheck] = []
    for item in try RuleTestFile.list(fields["promql_expr_test"], "promql_expr_test", reader) {
      queryChecks.append(try Self.queryCheck(item, reader))
    }
    self.queryChecks = queryChecks
    externalLabels = try Self.texts(fields["external_labels"], reader)
    externalURL =
      try fields["external_url"].map { (node) throws(RuleFileProblem) in try reader.string(node, "url") } ?? ""
  }

  private static func series(_ node: Node, _ reader: YAMLReader) throws(RuleFileProblem) -> SeriesNotation {
    let fields = try reader.mapping(node, allowed: ["series", "values"])
    guard let series = fields["series"], let values = fields["values"] else {
      throw reader.problem(node, "an input series has series and values")
    }
    let text = "\(try reader.string(series, "series")) \(try reader.string(values, "values"))"
    do throws(ParseError) {
      return try SeriesNotation(text)
    } catch {
      throw reader.problem(series, error.message)
    }
  }

  private static func alertCheck(_ node: Node, _ reader: YAMLReader) throws(RuleFileProblem) -> AlertCheck {
    let fields = try reader.mapping(node, allowed: ["eval_time", "alertname", "exp_alerts"])
    guard let name = fields["alertname"] else { throw reader.problem(node, "an alert test names its alertname") }
    var expected: [Expectation] = []
    for item in try RuleTestFile.list(fields["exp_alerts"], "exp_alerts", reader) {
      let alert = try reader.mapping(item, allowed: ["exp_labels", "exp_annotations"])
      let labels = try texts(alert["exp_labels"], reader)
      expected.append(
        Expectation(
          labels: labels.merging(["alertname": try reader.string(name, "alertname")]) { $1 },
          annotations: try texts(alert["exp_annotations"], reader)))
    }
    return AlertCheck(
      atMilliseconds: try reader.duration(fields["eval_time"]) ?? 0,
      alertName: try reader.string(name, "alertname"), expected: expected)
  }

  private static func queryCheck(_ node: Node, _ reader: YAMLReader) throws(RuleFileProblem) -> QueryCheck {
    let fields = try reader.mapping(node, allowed: ["expr", "eval_time", "exp_samples"])
    guard let expr = fields["expr"] else { throw reader.problem(node, "an expression test has an expr") }
    let (expression, text) = try RuleFile.expression(expr, reader)
    var expected: [(labels: Labels, value: Double)] = []
    for item in try RuleTestFile.list(fields["exp_samples"], "exp_samples", reader) {
      expected.append(try sample(item, reader))
    }
    return QueryCheck(
      atMilliseconds: try reader.duration(fields["eval_time"]) ?? 0, expression: expression, text: text,
      expected: expected)
  }

  private static func sample(
    _ node: Node, _ reader: YAMLReader
  ) throws(RuleFileProblem) -> (labels: Labels, value: Double) {
    let fields = try reader.mapping(node, allowed: ["labels", "value"])
    let text = try fields["labels"].map { (node) throws(RuleFileProblem) in try reader.string(node, "labels") } ?? ""
    let number = try fields["value"].map { (node) throws(RuleFileProblem) in try reader.string(node, "value") } ?? "0"
    // YAML spells infinity and NaN with a point.
    guard let value = GoFloat.parse(number.replacing(".inf", with: "inf").replacing(".nan", with: "nan")) else {
      throw reader.problem(node, "\"\(number)\" is not a number")
    }
    do throws(ParseError) {
      return (text.isEmpty ? Labels() : try Labels(parsing: text), value)
    } catch {
      throw reader.problem(node, "labels: \(error.message)")
    }
  }

  private static func texts(_ node: Node?, _ reader: YAMLReader) throws(RuleFileProblem) -> [String: String] {
    guard let node else { return [:] }
    var texts: [String: String] = [:]
    for (name, value) in try reader.pairs(node) { texts[name] = try reader.string(value, name) }
    return texts
  }
}
