import ControlModel
import Yams

/// Reads settings out of a YAML tree, environment first, and remembers every problem instead of stopping at the first.
final class SettingsReader {
  let file: String
  private let environment: [String: String]
  private(set) var problems: [ConfigurationProblem] = []
  private(set) var sources: [SettingSource] = []

  init(file: String, environment: [String: String]) {
    self.file = file
    self.environment = environment
  }

  func problem(_ node: Node?, _ key: String, _ message: String) {
    problems.append(ConfigurationProblem(file: file, line: node?.mark?.line, key: key, message: message))
  }

  func problem(variable: String, _ message: String) {
    problems.append(ConfigurationProblem(file: "environment", line: nil, key: variable, message: message))
  }

  /// `server.listen` is overridden by `BREAKWATER_SERVER_LISTEN`, `dataDir` by `BREAKWATER_DATA_DIR`.
  static func variable(for key: String) -> String {
    var name = "BREAKWATER_"
    for character in key {
      if character == "." {
        name += "_"
      } else {
        if character.isUppercase { name += "_" }
        name += character.uppercased()
      }
    }
    return name
  }

  /// Notes a setting that is a list, for what a start prints and a reload compares.
  func note(_ key: String, _ values: [String], _ node: Node) {
    let place = node.mark.map { "\(file):\($0.line)" } ?? file
    let shown = values.map { SettingSecret.shown($0, key) }.joined(separator: ", ")
    sources.append(SettingSource(key: key, value: shown, source: place))
  }

  /// The text of a scalar setting: from the environment, else from the file; nil when neither has it.
  func text(_ key: String, _ node: Node?) -> (text: String, node: Node?, variable: String?)? {
    let variable = Self.variable(for: key)
    if let text = environment[variable] {
      sources.append(SettingSource(key: key, value: SettingSecret.shown(text, key), source: variable))
      return (text, nil, variable)
    }
    guard let node else { return nil }
    guard let scalar = node.scalar else {
      problem(node, key, "is a single value here")
      return nil
    }
    let place = node.mark.map { "\(file):\($0.line)" } ?? file
    sources.append(SettingSource(key: key, value: SettingSecret.shown(scalar.string, key), source: place))
    return (scalar.string, node, nil)
  }
}

/// One mapping of the file. Keys nobody asked for are reported by `finish()`.
final class SettingsSection {
  let reader: SettingsReader
  let path: String
  let node: Node?
  private var values: [String: Node] = [:]
  private var known: Set<String> = []

  init(_ reader: SettingsReader, path: String, node: Node?) {
    self.reader = reader
    self.path = path
    self.node = node
    guard let node, node.null == nil else { return }
    guard let mapping = node.mapping else {
      reader.problem(node, path, "is a mapping of settings")
      return
    }
    for (key, value) in mapping {
      let name = key.string ?? ""
      if values[name] != nil { reader.problem(key, full(name), "is given twice") }
      values[name] = value
    }
  }

  func full(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// The spelling of `key` that the file uses: its own, the same with underscores, or `other`.
  func spelled(_ key: String, or other: String? = nil) -> String {
    if values[key] != nil { return key }
    let snake = key.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
    return [snake, other].compactMap { $0 }.first { values[$0] != nil } ?? key
  }

  /// Names of the keys present, for mappings whose keys are names.
  var names: [String] { values.keys.sorted() }

  func value(_ key: String) -> Node? {
    known.insert(key)
    return values[key]
  }

  func section(_ key: String) -> SettingsSection {
    SettingsSection(reader, path: full(key), node: value(key))
  }

  func sections(_ key: String) -> [SettingsSection] {
    guard let node = value(key), node.null == nil else { return [] }
    guard let sequence = node.sequence else {
      reader.problem(node, full(key), "is a list")
      return []
    }
    return sequence.enumerated().map { SettingsSection(reader, path: "\(full(key))[\($0.offset)]", node: $0.element) }
  }

  /// Reads one scalar with `parse`; `allowed` says what is wanted when that fails.
  func read<Value>(_ key: String, default fallback: Value, allowed: String, _ parse: (String) -> Value?) -> Value {
    guard let found = reader.text(full(key), value(key)) else { return fallback }
    guard let value = parse(found.text) else {
      let message = "\"\(SettingSecret.shown(found.text, full(key)))\" is not allowed; write \(allowed)"
      if let variable = found.variable {
        reader.problem(variable: variable, message)
      } else {
        reader.problem(found.node, full(key), message)
      }
      return fallback
    }
    return value
  }

  func optional<Value>(_ key: String, allowed: String, _ parse: (String) -> Value?) -> Value? {
    read(key, default: Value?.none, allowed: allowed) { text in parse(text).map { Optional($0) } }
  }

  func string(_ key: String, default fallback: String) -> String {
    read(key, default: fallback, allowed: "some text") { $0.isEmpty ? nil : $0 }
  }

  func integer(_ key: String, default fallback: Int, in range: ClosedRange<Int>) -> Int {
    read(key, default: fallback, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)") {
      Int($0).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func number(_ key: String, default fallback: Double, in range: ClosedRange<Double>) -> Double {
    read(key, default: fallback, allowed: "a number from \(range.lowerBound) to \(range.upperBound)") {
      Double($0).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func flag(_ key: String, default fallback: Bool) -> Bool {
    read(key, default: fallback, allowed: "true or false") {
      switch $0.lowercased() {
      case "true": true
      case "false": false
      default: nil
      }
    }
  }

  func duration(_ key: String, default fallback: Duration, in range: ClosedRange<Duration>) -> Duration {
    let allowed =
      "a duration from \(DurationSetting.text(milliseconds: Int64(range.lowerBound / .milliseconds(1)))) to "
      + DurationSetting.text(milliseconds: Int64(range.upperBound / .milliseconds(1)))
    return read(key, default: fallback, allowed: allowed) {
      DurationSetting.milliseconds($0).map { .milliseconds($0) }.flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func choice<Value>(_ key: String, default fallback: Value, _ choices: [(String, Value)]) -> Value {
    read(key, default: fallback, allowed: "one of " + choices.map(\.0).joined(separator: ", ")) { text in
      choices.first { $0.0 == text }?.1
    }
  }

  func strings(_ key: String, default fallback: [String]) -> [String] {
    guard let node = value(key), node.null == nil else {
      // A list in the environment is separated by commas.
      guard let found = reader.text(full(key), nil) else { return fallback }
      return found.text.split(separator: ",").map { $0.drop { $0 == " " } }.map(String.init)
    }
    guard let sequence = node.sequence else {
      reader.problem(node, full(key), "is a list")
      return fallback
    }
    let values = sequence.compactMap { element in
      if element.scalar == nil { reader.problem(element, full(key), "holds single values") }
      return element.scalar?.string
    }
    reader.note(full(key), values, node)
    return values
  }

  /// Reports keys nobody asked for, with the nearest that exist.
  func finish() {
    for (name, node) in values where !known.contains(name) {
      let nearest = known.map { ($0, EditDistance.between($0, name)) }.min { ($0.1, $0.0) < ($1.1, $1.0) }
      let hint = nearest.flatMap { $0.1 <= 3 ? "; did you mean \($0.0)?" : nil } ?? ""
      reader.problem(
        node, full(name), "is not a setting\(hint) Known here: \(known.sorted().joined(separator: ", ")).")
    }
  }
}
