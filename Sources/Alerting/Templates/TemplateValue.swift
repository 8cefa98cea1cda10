import PromQL

/// A value inside a template, of one of the Go types that Prometheus' templates know.
enum TemplateValue: Sendable, Equatable {
  case text(String)
  /// An integer constant, or the length of something. Never compares with `.number`, as in Go.
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case map([String: String])
  case sample(TemplateSample)
  case list([TemplateSample])
  /// What `.` and `$` are at the top: `.Labels`, `.Value`, `.ExternalLabels`, `.ExternalURL`.
  case root
  case null

  /// As Go's `fmt.Print` writes it.
  var text: String {
    switch self {
    case .text(let text): text
    case .integer(let number): String(number)
    case .number(let number): GoFloat.shortest(number)
    case .flag(let flag): String(flag)
    case .map(let map):
      "map[" + map.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: " ") + "]"
    case .sample(let sample): "{\(TemplateValue.map(sample.labels).text) \(GoFloat.shortest(sample.value))}"
    case .list(let list): "[" + list.map { TemplateValue.sample($0).text }.joined(separator: " ") + "]"
    case .root: "{}"
    case .null: "<no value>"
    }
  }

  var isTrue: Bool {
    switch self {
    case .text(let text): !text.isEmpty
    case .integer(let number): number != 0
    case .number(let number): number != 0
    case .flag(let flag): flag
    case .map(let map): !map.isEmpty
    case .list(let list): !list.isEmpty
    case .sample, .root: true
    case .null: false
    }
  }

  /// The name of its Go type, for messages.
  var typeName: String {
    switch self {
    case .text: "string"
    case .integer: "int"
    case .number: "float64"
    case .flag: "bool"
    case .map: "map[string]string"
    case .sample: "template.sample"
    case .list: "template.queryResult"
    case .root: "template.data"
    case .null: "<nil>"
    }
  }

  /// `.name` of it.
  func field(_ name: String, _ context: TemplateContext) throws(TemplateProblem) -> TemplateValue {
    switch (self, name) {
    case (.map(let map), _): return .text(map[name] ?? "")
    case (.root, "Labels"): return .map(context.labels)
    case (.root, "Value"): return .number(context.value)
    case (.root, "ExternalLabels"): return .map(context.externalLabels)
    case (.root, "ExternalURL"): return .text(context.externalURL)
    case (.sample(let sample), "Labels"): return .map(sample.labels)
    case (.sample(let sample), "Value"): return .number(sample.value)
    default: throw TemplateProblem("can't evaluate field \(name) in type \(typeName)")
    }
  }

  /// As Prometheus' functions take numbers: floats, integers, and texts of them.
  func number(for function: String) throws(TemplateProblem) -> Double {
    switch self {
    case .number(let number): return number
    case .integer(let number): return Double(number)
    case .text(let text):
      guard let number = GoFloat.parse(text) else {
        throw TemplateProblem("error calling \(function): \"\(text)\" is not a number")
      }
      return number
    default: throw TemplateProblem("error calling \(function): can't convert \(typeName) to float")
    }
  }
}
