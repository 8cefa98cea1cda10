extension Expression {
  /// The query's syntax tree as JSON, as Prometheus' `/api/v1/parse_query` tells it.
  package var syntaxTree: String { root.json }
}

extension Node {
  fileprivate var json: String {
    switch self {
    case .number(let number):
      return JSON.object([("type", JSON.text("numberLiteral")), ("val", JSON.text(GoFloat.sampleValue(number.value)))])
    case .string(let string):
      return JSON.object([("type", JSON.text("stringLiteral")), ("val", JSON.text(string.value))])
    case .selector(let selector):
      return JSON.object([("type", JSON.text("vectorSelector"))] + selector.series.members + selector.time.members)
    case .rangeSelector(let selector):
      return JSON.object(
        [("type", JSON.text("matrixSelector")), ("range", selector.range.json)] + selector.series.members
          + selector.time.members)
    case .subquery(let subquery):
      return JSON.object(
        [
          ("type", JSON.text("subquery")), ("expr", subquery.node.json), ("range", subquery.range.json),
          ("step", subquery.step?.json ?? "0"),
        ] + subquery.time.members)
    case .call(let call):
      let signature = call.function.signature
      let variadic = signature.argumentsMax.map { $0 - signature.argumentsMin } ?? -1
      return JSON.object([
        ("type", JSON.text("call")),
        (
          "func",
          JSON.object([
            ("name", JSON.text(call.function.rawValue)),
            ("argTypes", JSON.list(signature.arguments.map { JSON.text($0.shortName) })), ("variadic", "\(variadic)"),
            ("returnType", JSON.text(call.function.result.shortName)),
          ])
        ), ("args", JSON.list(call.arguments.map(\.json))),
      ])
    case .aggregation(let aggregation):
      return JSON.object([
        ("type", JSON.text("aggregation")), ("op", JSON.text(aggregation.operation.rawValue)),
        ("expr", aggregation.node.json), ("param", aggregation.parameter?.json ?? "null"),
        ("grouping", JSON.list(aggregation.grouping.names.texts.map(JSON.text))),
        ("without", "\(!aggregation.grouping.keepsListed)"),
      ])
    case .binary(let operation):
      return JSON.object([
        ("type", JSON.text("binaryExpr")), ("op", JSON.text(operation.operation.rawValue)),
        ("lhs", operation.left.json), ("rhs", operation.right.json), ("matching", operation.matching?.json ?? "null"),
        ("bool", "\(operation.returnsBool)"),
      ])
    case .negation(let negation):
      return JSON.object([
        ("type", JSON.text("unaryExpr")), ("op", JSON.text(negation.isPlus ? "+" : "-")), ("expr", negation.node.json),
      ])
    case .parenthesized(let group):
      return JSON.object([("type", JSON.text("parenExpr")), ("expr", group.node.json)])
    }
  }
}

extension ValueType {
  fileprivate var shortName: String {
    switch self {
    case .scalar: "scalar"
    case .string: "string"
    case .vector: "vector"
    case .range: "matrix"
    }
  }
}

extension SeriesSelector {
  fileprivate var members: [(String, String)] {
    let list = matchers.map { matcher in
      JSON.object([
        ("name", JSON.text(matcher.name)), ("value", JSON.text(matcher.value)),
        ("type", JSON.text(matcher.operation.rawValue)),
      ])
    }
    return [("name", JSON.text(metricName ?? "")), ("matchers", JSON.list(list))]
  }
}

extension TimeShift {
  fileprivate var members: [(String, String)] {
    var (time, edge) = ("null", "null")
    switch pin {
    case .at(let milliseconds): time = "\(milliseconds)"
    case .start: edge = JSON.text("start")
    case .end: edge = JSON.text("end")
    case nil: break
    }
    return [("offset", offset?.json ?? "0"), ("timestamp", time), ("startOrEnd", edge)]
  }
}

extension QueryDuration {
  /// Milliseconds; what depends on the query's step or range has none.
  fileprivate var json: String {
    guard isConstant, let milliseconds = try? milliseconds(step: 0, range: 0) else { return "null" }
    return "\(milliseconds)"
  }
}

extension VectorMatching {
  fileprivate var json: String {
    let card =
      switch cardinality {
      case .oneToOne: "one-to-one"
      case .manyToOne: "many-to-one"
      case .oneToMany: "one-to-many"
      case .manyToMany: "many-to-many"
      }
    return JSON.object([
      ("card", JSON.text(card)), ("labels", JSON.list(labels.names.texts.map(JSON.text))),
      ("on", "\(labels.keepsListed)"), ("include", JSON.list(included.texts.map(JSON.text))),
    ])
  }
}

/// Just enough JSON to write a tree.
private enum JSON {
  static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }

  static func list(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

  static func text(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
