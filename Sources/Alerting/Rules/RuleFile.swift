import PromQL
import Yams

/// Reads Prometheus rule files (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/).
/// Every problem names its line and column; unknown keys are problems, as in Prometheus.
package enum RuleFile {
  /// Largest rule file read.
  package static let bytesMax = 1024 * 1024
  /// Rules of one file. Aliases can make a small file long.
  package static let rulesMax = 5_000

  /// The groups of a file's text. Throws the first problem found.
  package static func parse(_ text: String, file: String) throws(RuleFileProblem) -> [RuleGroup] {
    let reader = YAMLReader(file: file, text: text)
    guard let root = try reader.root(bytesMax: bytesMax) else { return [] }
    let top = try reader.mapping(root, allowed: ["groups"])
    guard let list = top["groups"] else { return [] }
    var groups: [RuleGroup] = []
    var names: Set<String> = []
    for item in try reader.sequence(list, "groups") {
      let group = try group(item, reader)
      guard names.insert(group.name).inserted else {
        throw reader.problem(item, "the group name \"\(group.name)\" is used twice in this file")
      }
      groups.append(group)
      guard groups.reduce(0, { $0 + $1.rules.count }) <= rulesMax else {
        throw reader.problem(item, "more than \(rulesMax) rules in one file")
      }
    }
    return groups
  }

  /// Whether Prometheus takes `name` as the name of a label without quotes.
  package static func isLabelName(_ name: String) -> Bool { RuleName.isLabel(name) }

  private static func group(_ node: Node, _ reader: YAMLReader) throws(RuleFileProblem) -> RuleGroup {
    let fields = try reader.mapping(node, allowed: ["name", "interval", "rules", "limit", "query_offset", "labels"])
    guard let name = fields["name"] else { throw reader.problem(node, "a group needs a name") }
    let interval = try reader.duration(fields["interval"])
    let labels = try labelTexts(fields["labels"], reader)
    var rules: [Rule] = []
    if let list = fields["rules"] {
      for item in try reader.sequence(list, "rules") {
        rules.append(try rule(item, of: labels, reader))
        guard rules.count <= rulesMax else { throw reader.problem(item, "more than \(rulesMax) rules in one group") }
      }
    }
    return RuleGroup(
      name: try reader.name(name, "a group's name"), intervalMilliseconds: interval == 0 ? nil : interval,
      queryOffsetMilliseconds: try reader.duration(fields["query_offset"]) ?? 0,
      limit: try reader.count(fields["limit"], "limit") ?? 0, rules: rules, file: reader.file)
  }

  private typealias Text = (name: String, text: String, node: Node)

  private static func rule(
    _ node: Node, of groupLabels: [Text], _ reader: YAMLReader
  ) throws(RuleFileProblem) -> Rule {
    let fields = try reader.mapping(
      node, allowed: ["alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"])
    guard let expr = fields["expr"] else { throw reader.problem(node, "a rule needs expr") }
    let (expression, text) = try expression(expr, reader)
    let own = try labelTexts(fields["labels"], reader)
    let labels = groupLabels.filter { label in !own.contains { $0.name == label.name } } + own
    let kind: Rule.Kind
    switch (fields["alert"], fields["record"]) {
    case (let alert?, nil):
      kind = .alerting(
        Rule.Alerting(
          name: try reader.name(alert, "alert"), holdMilliseconds: try reader.duration(fields["for"]) ?? 0,
          keepFiringMilliseconds: try reader.duration(fields["keep_firing_for"]) ?? 0,
          annotations: try templates(try texts(fields["annotations"], reader), reader)))
    case (nil, let record?):
      for key in ["for", "keep_firing_for", "annotations"] {
        if let node = fields[key] { throw reader.problem(node, "a recording rule has no \(key)") }
      }
      let name = try reader.name(record, "record")
      guard RuleName.isMetric(name) else { throw reader.problem(record, "\"\(name)\" is not a metric name") }
      kind = .recording(name: name)
    default: throw reader.problem(node, "a rule is either an alert or a record")
    }
    return Rule(
      kind: kind, expression: expression, text: text, labels: try templates(labels, reader), file: reader.file,
      line: reader.line(node))
  }

  /// The expression of a scalar; problems are placed in the file, whatever YAML did to the lines.
  static func expression(_ node: Node, _ reader: YAMLReader) throws(RuleFileProblem) -> (Expression, String) {
    let text = try reader.string(node, "expr")
    guard text.contains(where: { !$0.isWhitespace }) else { throw reader.problem(node, "expr is empty") }
    do throws(ParseError) {
      return (try Expression(text), text.trimmingSpace())
    } catch {
      let (line, column) = reader.position(in: node, text, utf8Offset: error.offset)
      throw RuleFileProblem(file: reader.file, line: line, column: column, message: "expr: \(error.message)")
    }
  }

  private static func labelTexts(_ node: Node?, _ reader: YAMLReader) throws(RuleFileProblem) -> [Text] {
    let labels = try texts(node, reader)
    for label in labels where label.name == "__name__" {
      throw reader.problem(label.node, "a rule cannot set the label __name__")
    }
    return labels
  }

  private static func texts(_ node: Node?, _ reader: YAMLReader) throws(RuleFileProblem) -> [Text] {
    guard let node, node.null == nil else { return [] }
    var texts: [Text] = []
    for (name, value) in try reader.pairs(node) {
      guard RuleName.isLabel(name) else { throw reader.problem(value, "\"\(name)\" is not a label name") }
      texts.append((name, try reader.string(value, name), value))
    }
    return texts
  }

  private static func templates(
    _ texts: [Text], _ reader: YAMLReader
  ) throws(RuleFileProblem) -> [(name: String, template: Template)] {
    var templates: [(name: String, template: Template)] = []
    for (name, text, node) in texts {
      do throws(TemplateProblem) {
        templates.append((name, try Template(text)))
      } catch {
        throw reader.problem(node, "template of \(name): \(error.message)")
      }
    }
    return templates.sorted { $0.name < $1.name }
  }
}

/// What may name things in rule files: the names Prometheus takes without quotes.
enum RuleName {
  static func isLabel(_ name: String) -> Bool { isName(name, allowing: []) }
  static func isMetric(_ name: String) -> Bool { isName(name, allowing: [":"]) }

  private static func isName(_ name: String, allowing others: Set<Unicode.Scalar>) -> Bool {
    guard let first = name.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
    return name.unicodeScalars.allSatisfy { scalar in
      scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
        || others.contains(scalar)
    }
  }
}

extension String {
  fileprivate func trimmingSpace() -> String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
