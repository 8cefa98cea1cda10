extension Expression: CustomStringConvertible {
  /// The query in canonical form, as Prometheus 2.42 prints it: one line, single spaces, matchers sorted. Reading it
  /// yields an equal expression.
  package var description: String {
    var printer = Printer()
    printer.print(root)
    return printer.text
  }
}

extension SeriesSelector: CustomStringConvertible {
  /// `name{label="value",…}`.
  public var description: String {
    var printer = Printer()
    printer.print(self)
    return printer.text
  }
}

/// Writes nodes one after the other.
private struct Printer {
  var text = ""

  mutating func print(_ node: Node) {
    switch node {
    case .number(let number): text += GoFloat.shortest(number.value)
    case .string(let string): text += Quoted.text(string.value)
    case .selector(let selector):
      print(selector.series)
      print(selector.time)
    case .rangeSelector(let selector):
      print(selector.series)
      text += "[\(DurationPrinter.text(selector.range))]"
      print(selector.time)
    case .subquery(let subquery):
      print(subquery.node)
      text += "[\(DurationPrinter.text(subquery.range)):\(subquery.step.map(DurationPrinter.text) ?? "")]"
      print(subquery.time)
    case .call(let call):
      text += call.function.rawValue
      print(arguments: call.arguments)
    case .aggregation(let aggregation): print(aggregation)
    case .binary(let operation): print(operation)
    case .negation(let negation):
      text += negation.isPlus ? "+" : "-"
      print(negation.node)
    case .parenthesized(let group):
      text += "("
      print(group.node)
      text += ")"
    }
  }

  mutating func print(_ series: SeriesSelector) {
    if series.isNamed { text += series.matchers[0].value }
    var conditions = series.matchers.dropFirst(series.isNamed ? 1 : 0).map { matcher in
      "\(LabelName.printed(matcher.name))\(matcher.operation.rawValue)\(Quoted.text(matcher.value))"
    }
    conditions.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    if !conditions.isEmpty { text += "{\(conditions.joined(separator: ","))}" }
  }

  private mutating func print(_ time: TimeShift) {
    switch time.pin {
    case .at(let milliseconds): text += " @ \(Self.seconds(milliseconds))"
    case .start: text += " @ start()"
    case .end: text += " @ end()"
    case nil: break
    }
    if let offset = time.offset { text += " offset \(DurationPrinter.text(offset))" }
  }

  /// Seconds with exactly three decimals.
  private static func seconds(_ milliseconds: Int64) -> String {
    let fraction = String(milliseconds.magnitude % 1000)
    let zeros = String(repeating: "0", count: 3 - fraction.count)
    return "\(milliseconds < 0 ? "-" : "")\(milliseconds.magnitude / 1000).\(zeros)\(fraction)"
  }

  private mutating func print(arguments: [Node]) {
    text += "("
    for (index, argument) in arguments.enumerated() {
      if index > 0 { text += ", " }
      print(argument)
    }
    text += ")"
  }

  private mutating func print(_ aggregation: Aggregation) {
    text += aggregation.operation.rawValue
    let names = aggregation.grouping.names
    if !aggregation.grouping.keepsListed {
      text += " without (\(Self.list(names))) "
    } else if !names.isEmpty {
      text += " by (\(Self.list(names))) "
    }
    print(arguments: (aggregation.parameter.map { [$0] } ?? []) + [aggregation.node])
  }

  private mutating func print(_ operation: BinaryOperation) {
    if operation.operation == .power, case .number(let number) = operation.left, number.value == .infinity {
      text += "Inf"  // a sign would take the whole power
    } else {
      print(operation.left)
    }
    text += " \(operation.operation.rawValue)"
    if operation.returnsBool { text += " bool" }
    if let matching = operation.matching { print(matching) }
    text += " "
    print(operation.right)
  }

  private mutating func print(_ matching: VectorMatching) {
    let isGrouped = matching.cardinality == .manyToOne || matching.cardinality == .oneToMany
    if matching.labels.keepsListed || !matching.labels.names.isEmpty || isGrouped {
      text += " \(matching.labels.keepsListed ? "on" : "ignoring") (\(Self.list(matching.labels.names)))"
    }
    if isGrouped {
      text += " group_\(matching.cardinality == .manyToOne ? "left" : "right") (\(Self.list(matching.included)))"
    }
  }

  private static func list(_ names: LabelNames) -> String {
    names.texts.map(LabelName.printed).joined(separator: ", ")
  }
}

/// Writes ranges, steps and offsets.
private enum DurationPrinter {
  static func text(_ duration: QueryDuration) -> String {
    switch duration {
    case .fixed(let milliseconds): DurationText.print(milliseconds: milliseconds)
    case .seconds(let number): GoFloat.sampleValue(number.value)
    case .step: "step()"
    case .range: "range()"
    case .negated(let inner): "-\(text(inner))"
    case .parenthesized(let inner): "(\(text(inner)))"
    case .arithmetic(let operation, let a, let b): "\(text(a)) \(operation.rawValue) \(text(b))"
    case .minimum(let a, let b): "min_of(\(text(a)), \(text(b)))"
    case .maximum(let a, let b): "max_of(\(text(a)), \(text(b)))"
    }
  }
}
