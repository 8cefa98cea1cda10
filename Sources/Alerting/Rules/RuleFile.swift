import ControlModel
import PromQL
import Yams

/// Reads Prometheus rule files (https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/).
/// Every problem names its line and column; unknown keys are problems, as in Prometheus.
package enum RuleFile {
  /// Largest rule file read.
  package static let bytesMax = 1024 * 1024
  package static let rulesMax = 5_000

  /// The groups of a file's text. Throws the first problem found.
  package static func parse(_ text: String, file: String) throws(RuleFileProblem) -> [RuleGroup] {
    guard text.utf8.count <= bytesMax else {
      throw RuleFileProblem(file: file, line: 1, column: 1, message: "the file is larger than \(bytesMax) bytes")
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw problem(from: error, file: file)
    } catch {
      throw RuleFileProblem(file: file, line: 1, column: 1, message: "\(error)")
    }
    guard let node else { return [] }
    let reader = YAMLReader(file: file)
    let top = try reader.mapping(node, allowed: ["groups"])
    guard let list = top["groups"] else { return [] }
    var groups: [RuleGroup] = []
    var names: Set<String> = []
    for item in try reader.sequence(list, "groups") {
      let group = try group(item, reader)
      guard names.insert(group.name).inserted else {
        throw reader.problem(item, "the group name \"\(group.name)\" is used twice in this file")
      }
      groups.append(group)
    }
    return groups
  }

  private static func problem(from error: YamlError, file: String) -> RuleFileProblem {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      RuleFileProblem(file: file, line: mark.line, column: mark.column, message: problem)
    default: RuleFileProblem(file: file, line: 1, column: 1, message: "the file is not valid YAML")
    }
  }

  private static func group(_ node: Node, _ reader: YAMLReader) throws(RuleFileProblem) -> RuleGroup {
    let fields = try reader.mapping(node, allowed: ["name", "interval", "rules", "limit", "query_offset", "labels"])
    guard let name = fields["name"] else { throw reader.problem(node, "a group needs a name") }
    let interval = try fields["interval"].map { (node) throws(RuleFileProblem) in try reader.duration(node) }
    var rules: [Rule] = []
    if let list = fields["rules"] {
      for item in try reader.sequence(list, "rules") {
        rules.append(try rule(item, reader))
        guard rules.count <= rulesMax else { throw reader.problem(item, "more than \(rulesMax) rules in one group") }
      }
    }
    return RuleGroup(
      name: try reader.string(name, "name"), intervalMilliseconds: interval, rules: rules, file: reader.file)
  }

  private static func rule(_ node: Node, _ reader: YAMLReader) throws(RuleFileProblem) -> Rule {
    let fields = try reader.mapping(
      node, allowed: ["alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"])
    guard let expr = fields["expr"] else { throw reader.problem(node, "a rule needs expr") }
    let text = try reader.string(expr, "expr").trimmingSpace()
    let expression: Expression
    do throws(ParseError) {
      expression = try Expression(text)
    } catch {
      let line = reader.line(expr) + error.line - 1
      throw RuleFileProblem(file: reader.file, line: line, column: error.column, message: "expr: \(error.message)")
    }
    let labels = try templates(fields["labels"], reader)
    let kind: Rule.Kind
    switch (fields["alert"], fields["record"]) {
    case (let alert?, nil):
      kind = .alerting(
        Rule.Alerting(
          name: try reader.string(alert, "alert"),
          holdMilliseconds: try fields["for"].map { (node) throws(RuleFileProblem) in try reader.duration(node) } ?? 0,
          keepFiringMilliseconds: try fields["keep_firing_for"].map { (node) throws(RuleFileProblem) in
            try reader.duration(node)
          } ?? 0,
          annotations: try templates(fields["annotations"], reader)))
    case (nil, let record?):
      for key in ["for", "keep_firing_for", "annotations"] {
        if let node = fields[key] { throw reader.problem(node, "a recording rule has no \(key)") }
      }
      kind = .recording(name: try reader.string(record, "record"))
    default: throw reader.problem(node, "a rule is either an alert or a record")
    }
    return Rule(
      kind: kind, expression: expression, text: text, labels: labels, file: reader.file, line: reader.line(node))
  }

  private static func templates(
    _ node: Node?, _ reader: YAMLReader
  ) throws(RuleFileProblem) -> [(name: String, template: Template)] {
    guard let node else { return [] }
    var templates: [(name: String, template: Template)] = []
    for (name, value) in try reader.pairs(node) {
      let text = try reader.string(value, name)
      do throws(TemplateProblem) {
        templates.append((name, try Template(text)))
      } catch {
        throw reader.problem(value, "template of \(name): \(error.message)")
      }
    }
    return templates.sorted { $0.name < $1.name }
  }
}

/// Reads YAML nodes with the position of what is wrong.
struct YAMLReader {
  let file: String

  func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

  func problem(_ node: Node, _ message: String) -> RuleFileProblem {
    RuleFileProblem(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, message: message)
  }

  func pairs(_ node: Node) throws(RuleFileProblem) -> [(String, Node)] {
    guard let mapping = node.mapping else { throw problem(node, "a mapping is wanted here") }
    var pairs: [(String, Node)] = []
    for (key, value) in mapping {
      guard let name = key.string else { throw problem(key, "a key is a string") }
      guard !pairs.contains(where: { $0.0 == name }) else { throw problem(key, "the key \"\(name)\" is given twice") }
      pairs.append((name, value))
    }
    return pairs
  }

  func mapping(_ node: Node, allowed: [String]) throws(RuleFileProblem) -> [String: Node] {
    var fields: [String: Node] = [:]
    for (name, value) in try pairs(node) {
      guard allowed.contains(name) else {
        throw problem(value, "unknown key \"\(name)\"; known are \(allowed.joined(separator: ", "))")
      }
      fields[name] = value
    }
    return fields
  }

  func sequence(_ node: Node, _ name: String) throws(RuleFileProblem) -> [Node] {
    if node.null != nil { return [] }
    guard let sequence = node.sequence else { throw problem(node, "\(name) is a list") }
    return Array(sequence)
  }

  func string(_ node: Node, _ name: String) throws(RuleFileProblem) -> String {
    guard let scalar = node.scalar else { throw problem(node, "\(name) is a string") }
    return scalar.string
  }

  /// A Prometheus duration such as `1h30m`, in milliseconds.
  func duration(_ node: Node) throws(RuleFileProblem) -> Int64 {
    let text = try string(node, "a duration")
    guard let milliseconds = DurationSetting.milliseconds(text) else {
      throw problem(node, "\"\(text)\" is not a duration; write e.g. 30s, 5m or 1h30m")
    }
    return milliseconds
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
