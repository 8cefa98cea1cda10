/// The parsed parts of a template.
indirect enum TemplateNode: Sendable {
  case text(String)
  case pipeline([TemplateCommand])
  case conditional([TemplateCommand], then: [TemplateNode], otherwise: [TemplateNode])

  static func render(_ nodes: [TemplateNode], _ context: TemplateContext) throws(TemplateProblem) -> String {
    var out = ""
    for node in nodes {
      switch node {
      case .text(let text): out += text
      case .pipeline(let commands): out += try evaluate(commands, context).text
      case .conditional(let commands, let then, let otherwise):
        out += try render(try evaluate(commands, context).isTrue ? then : otherwise, context)
      }
    }
    return out
  }

  /// Commands left to right; each result is the last argument of the next.
  private static func evaluate(
    _ commands: [TemplateCommand], _ context: TemplateContext
  ) throws(TemplateProblem) -> TemplateValue {
    var piped: TemplateValue?
    for command in commands { piped = try command.value(context, piped: piped) }
    return piped ?? .text("")
  }
}

/// One word with its arguments.
struct TemplateCommand: Sendable {
  var operands: [TemplateOperand]

  func value(_ context: TemplateContext, piped: TemplateValue?) throws(TemplateProblem) -> TemplateValue {
    guard let first = operands.first else { throw TemplateProblem("an empty command") }
    guard case .function(let function) = first else {
      guard operands.count == 1, piped == nil else { throw TemplateProblem("only a function takes arguments") }
      return try first.value(context)
    }
    var arguments: [TemplateValue] = []
    for operand in operands.dropFirst() { arguments.append(try operand.value(context)) }
    if let piped { arguments.append(piped) }
    return try function.call(arguments)
  }
}

indirect enum TemplateOperand: Sendable {
  case value
  case labels
  case label(String)
  case text(String)
  case number(Double)
  case flag(Bool)
  case function(TemplateFunction)
  case group([TemplateCommand])

  func value(_ context: TemplateContext) throws(TemplateProblem) -> TemplateValue {
    switch self {
    case .value: return .number(context.value)
    case .labels: return .labels(context.labels)
    case .label(let name): return .text(context.labels[name] ?? "")
    case .text(let text): return .text(text)
    case .number(let number): return .number(number)
    case .flag(let flag): return .flag(flag)
    case .function(let function): return try function.call([])
    case .group(let commands):
      var piped: TemplateValue?
      for command in commands { piped = try command.value(context, piped: piped) }
      return piped ?? .text("")
    }
  }
}
