/// The parsed parts of a template.
indirect enum TemplateNode: Sendable {
  case text(String)
  /// Prints the value, unless it declares or assigns a variable.
  case action(TemplatePipeline)
  case branch(TemplateBranch)
}

/// `if`, `with` or `range`.
struct TemplateBranch: Sendable {
  enum Kind: String, Sendable {
    case `if`, with, range
  }

  let kind: Kind
  let pipeline: TemplatePipeline
  let body: [TemplateNode]
  let otherwise: [TemplateNode]
}

/// Commands left to right, each result the last argument of the next; optionally into a variable.
struct TemplatePipeline: Sendable {
  /// `$x := …` has one name, `range $key, $value := …` two.
  var variables: [String] = []
  var isAssignment = false
  var commands: [[TemplateOperand]]
}

/// One word of a command.
indirect enum TemplateOperand: Sendable {
  case literal(TemplateValue)
  case dot([String])
  /// A variable with the fields taken from it; the name of `$` is empty.
  case variable(String, [String])
  case function(TemplateFunction)
  case group(TemplatePipeline, [String])
}
