/// One expansion of a template (text/template/exec.go).
struct TemplateRendering {
  private let context: TemplateContext
  private(set) var out = ""
  /// Innermost last; a name may be declared again further in.
  private var variables: [(name: String, value: TemplateValue)]

  init(_ context: TemplateContext) {
    self.context = context
    variables = [
      ("", .root), ("labels", .map(context.labels)), ("externalLabels", .map(context.externalLabels)),
      ("externalURL", .text(context.externalURL)), ("value", .number(context.value)),
    ]
  }

  mutating func render(_ nodes: [TemplateNode], dot: TemplateValue) throws(TemplateProblem) {
    for node in nodes {
      switch node {
      case .text(let text): try write(text)
      case .action(let pipeline):
        let value = try self.value(pipeline, dot)
        if pipeline.variables.isEmpty { try write(value.text) } else { bind(pipeline, [value]) }
      case .branch(let branch): try render(branch, dot)
      }
    }
  }

  private mutating func write(_ text: String) throws(TemplateProblem) {
    out += text
    guard out.utf8.count <= Template.bytesMax else {
      throw TemplateProblem("the text is longer than \(Template.bytesMax) bytes")
    }
  }

  private mutating func render(_ branch: TemplateBranch, _ dot: TemplateValue) throws(TemplateProblem) {
    let outer = variables.count
    defer { variables.removeLast(variables.count - outer) }
    let value = try self.value(branch.pipeline, dot)
    guard branch.kind == .range else {
      bind(branch.pipeline, [value])
      let inner = branch.kind == .with ? value : dot
      return value.isTrue ? try render(branch.body, dot: inner) : try render(branch.otherwise, dot: dot)
    }
    let elements = try Self.elements(value)
    if elements.isEmpty { return try render(branch.otherwise, dot: dot) }
    for element in elements {
      bind(branch.pipeline, branch.pipeline.variables.count == 2 ? [element.key, element.value] : [element.value])
      try render(branch.body, dot: element.value)
      variables.removeLast(variables.count - outer)
    }
  }

  private static func elements(
    _ value: TemplateValue
  ) throws(TemplateProblem) -> [(key: TemplateValue, value: TemplateValue)] {
    switch value {
    case .map(let map): map.sorted { $0.key < $1.key }.map { (.text($0.key), .text($0.value)) }
    case .list(let list): list.enumerated().map { (.integer($0), .sample($1)) }
    case .null: []
    default: throw TemplateProblem("range can't iterate over \(value.text)")
    }
  }

  private mutating func bind(_ pipeline: TemplatePipeline, _ values: [TemplateValue]) {
    for (name, value) in zip(pipeline.variables, values) {
      if pipeline.isAssignment, let index = variables.lastIndex(where: { $0.name == name }) {
        variables[index].value = value
      } else {
        variables.append((name, value))
      }
    }
  }

  // MARK: Values

  private func value(_ pipeline: TemplatePipeline, _ dot: TemplateValue) throws(TemplateProblem) -> TemplateValue {
    var piped: TemplateValue?
    for command in pipeline.commands {
      if case .function(let function) = command[0] {
        piped = try result(of: function, command.dropFirst(), piped, dot)
      } else {
        piped = try value(command[0], dot)
      }
    }
    return piped ?? .null
  }

  private func result(
    of function: TemplateFunction, _ operands: ArraySlice<TemplateOperand>, _ piped: TemplateValue?,
    _ dot: TemplateValue
  ) throws(TemplateProblem) -> TemplateValue {
    var arguments: [TemplateValue] = []
    for operand in operands {
      let argument = try value(operand, dot)
      // `and` and `or` leave the rest unread once they know, as Go's do.
      if function.isDecided(by: argument) { return argument }
      arguments.append(argument)
    }
    if let piped { arguments.append(piped) }
    return try function.call(arguments, context)
  }

  private func value(_ operand: TemplateOperand, _ dot: TemplateValue) throws(TemplateProblem) -> TemplateValue {
    switch operand {
    case .literal(let value): return value
    case .dot(let fields): return try follow(fields, from: dot)
    case .variable(let name, let fields):
      return try follow(fields, from: variables.last { $0.name == name }?.value ?? .null)
    case .function(let function): return try function.call([], context)
    case .group(let pipeline, let fields): return try follow(fields, from: try value(pipeline, dot))
    }
  }

  private func follow(_ fields: [String], from start: TemplateValue) throws(TemplateProblem) -> TemplateValue {
    var value = start
    for field in fields { value = try value.field(field, context) }
    return value
  }
}
