import Testing

@testable import PromQL

/// What is a query, and what it means where that is easy to get wrong. Meaning is read off the canonical text with every
/// operation in parentheses.
struct ParserTests {
  @Test(arguments: [
    ("1 + 2 * 3", "(1 + (2 * 3))"),
    ("1 - 2 - 3", "((1 - 2) - 3)"),
    ("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"),
    ("2 ^ -x", "(2 ^ (-x))"),
    ("-x ^ 2", "(-(x ^ 2))"),
    ("-x * y", "((-x) * y)"),
    ("x ^ -y * z", "((x ^ (-y)) * z)"),
    ("a or b and c", "(a or (b and c))"),
    ("a unless b and c", "((a unless b) and c)"),
    ("a and b == c", "(a and (b == c))"),
    ("a < b + c", "(a < (b + c))"),
    ("a + b atan2 c", "(a + (b atan2 c))"),
    ("a == b != c", "((a == b) != c)"),
    ("--x", "(-(-x))"),
    ("- -1", "1"),
    ("+1", "1"),
    ("-1 + x", "(-1 + x)"),
  ])
  func `operators bind as in Prometheus`(query: String, meaning: String) throws {
    #expect(try Expression(query).root.grouped == meaning)
  }

  @Test(arguments: [
    ("x offset 5m + y", "(x offset 5m + y)"),
    ("-x offset 5m", "(-x offset 5m)"),
    ("x @ 10 + y", "(x @ 10.000 + y)"),
    ("x @ 10 offset 1m", "x @ 10.000 offset 1m"),
    ("x offset 1m @ 10", "x @ 10.000 offset 1m"),
    ("rate(x[5m] offset -1m)", "rate(x[5m] offset -1m)"),
    ("x[1h:5m] @ end()", "x[1h:5m] @ end()"),
    ("(x + y)[1h:]", "((x + y))[1h:]"),
    ("x @ -1.5", "x @ -1.500"),
    ("x @ start() offset 1w", "x @ start() offset 1w"),
  ])
  func `modifiers of time belong to the selector before them`(query: String, meaning: String) throws {
    #expect(try Expression(query).root.grouped == meaning)
  }

  @Test(arguments: [
    ("1", 1), ("0x1F", 31), ("017", 15), ("089", 89), ("1_000", 1000), ("1e3", 1000),
    (".5", 0.5), ("5.", 5), ("1E-2", 0.01), ("Inf", .infinity), ("-inf", -.infinity), ("+INF", .infinity),
    ("1h30m", 5400), ("1y2w3d4h5m6s7ms", 33_019_506.007), ("500ms", 0.5), ("0x1p4", 16), ("1_000.5", 1000.5),
  ])
  func `numbers are written as in Go, durations are seconds`(query: String, value: Double) throws {
    let engine = Engine()
    #expect(try engine.instant(Expression(query), at: 0, in: TestStore()) == .scalar(value))
  }

  @Test(arguments: [
    (#""a\n\t\\\"b""#, "a\n\t\\\"b"), (#"'it\'s'"#, "it's"), ("`raw \\n\n\"'`", "raw \\n\n\"'"),
    (#""\x41\101\u00e9""#, "AAé"),
    (#""\U0001F600""#, "😀"), (#""\xc3\xa9""#, "é"), (#""""#, ""), ("'\"'", "\""),
  ])
  func `strings are written as in Go`(query: String, value: String) throws {
    #expect(try Engine().instant(Expression(query), at: 0, in: TestStore()) == .string(value))
  }

  @Test(arguments: [
    "sum", "avg", "count", "by", "without", "and", "or", "unless", "offset", "start", "end", "quantile", "SUM", "By",
    "count_values", "foo:bar", ":foo", "_x", "fill", "limitk", "step",
  ])
  func `a keyword without its meaning names a metric`(name: String) throws {
    #expect(try SeriesSelector(parsing: name).metricName == name)
    #expect(try Expression("\(name) + \(name)").description == "\(name) + \(name)")
    #expect(try Expression("sum(\(name))").type == .vector)
  }

  @Test(arguments: ["on", "ignoring", "bool", "group_left", "group_right", "atan2"])
  func `some keywords never name a metric, but do in quotes and as labels`(name: String) throws {
    #expect(throws: ParseError.self) { try Expression(name) }
    #expect(try Expression("{\"\(name)\"}").description == "{__name__=\"\(name)\"}")
    #expect(try Expression("x{\(name)=\"1\"}").description == "x{\(name)=\"1\"}")
    #expect(try Expression("sum by (\(name)) (x)").description == "sum by (\(name)) (x)")
  }

  @Test func `comments and line breaks are space`() throws {
    let query = "sum( # all of them\n  x{ # here too\r\n a = 'b' } \t) # end"
    #expect(try Expression(query).description == "sum(x{a=\"b\"})")
  }

  @Test func `a metric name in quotes may be any text`() throws {
    let query = #"{"http.requests", "a label"="x", le!="1"}"#
    #expect(try Expression(query).description == #"{"a label"="x",__name__="http.requests",le!="1"}"#)
    #expect(try Expression(#"{"plain"}"#) == Expression("plain"))
    #expect(try Expression(#"{__name__="plain"}"#) == Expression("plain"))
  }

  @Test(arguments: [
    ("1", ValueType.scalar), ("x", .vector), ("x[5m]", .range), ("x[5m:]", .range), ("'s'", .string),
    ("1 + 1", .scalar),
    ("1 + x", .vector), ("1 == bool 1", .scalar), ("sum(x)", .vector), ("scalar(x)", .scalar), ("time()", .scalar),
    ("-1", .scalar), ("-x", .vector), ("((x))", .vector), ("vector(1)", .vector),
  ])
  func `every query has a type`(query: String, type: ValueType) throws {
    #expect(try Expression(query).type == type)
  }

  @Test func `knows all functions of Prometheus 2 point 42 and the stable ones since`() throws {
    let later: Set<Function> = [
      .firstOverTime, .doubleExponentialSmoothing, .histogramAvg, .histogramStddev, .histogramStdvar,
    ]
    #expect(Function.allCases.count { !later.contains($0) } == 70)
    #expect(Set(Function.allCases.map(\.rawValue)).count == Function.allCases.count)
  }

  @Test func `reads the expressions of the rules this product ships`() throws {
    let expressions = try Fixture.alertExpressions()
    #expect(expressions.count == 47)
    for expression in expressions {
      #expect(throws: Never.self, "\(expression)") { try Expression(expression) }
    }
  }

  @Test func `the order of matchers does not tell selectors apart`() throws {
    let first = try SeriesSelector(parsing: #"x{a="1",b=~"2"}"#)
    let second = try SeriesSelector(parsing: #"{b=~"2",__name__="x",a="1"}"#)
    #expect(first == second)
    #expect(Set([first, second]).count == 1)
    #expect(first != (try SeriesSelector(parsing: #"x{a="1",b="2"}"#)))
  }

  @Test func `a selector alone has no modifiers`() {
    #expect(throws: ParseError.self) { try SeriesSelector(parsing: "x offset 5m") }
    #expect(throws: ParseError.self) { try SeriesSelector(parsing: "x[5m]") }
    #expect(throws: ParseError.self) { try SeriesSelector(parsing: "sum(x)") }
  }
}

extension Node {
  /// The canonical text with parentheses around every operation.
  fileprivate var grouped: String {
    switch self {
    case .binary(let node): "(\(node.left.grouped) \(node.operation.rawValue) \(node.right.grouped))"
    case .negation(let node): "(\(node.isPlus ? "+" : "-")\(node.node.grouped))"
    case .parenthesized(let node): "(\(node.node.grouped))"
    case .subquery(var node):
      {
        let inner = node.node.grouped
        node = Subquery(node: .number(NumberLiteral(value: 0)), range: node.range, step: node.step, time: node.time)
        return inner + Expression(root: .subquery(node)).description.dropFirst()
      }()
    default: Expression(root: self).description
    }
  }
}
