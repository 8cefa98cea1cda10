import Testing

@testable import PromQL

/// Queries as deep and as long as allowed neither overflow the stack nor take long; deeper and longer ones are refused.
struct NestingTests {
  /// Queries of a given number of levels, one of each kind of recursion.
  private static let shapes: [(name: String, query: @Sendable (Int) -> String)] = [
    ("parentheses", { nested("(", "x", ")", $0 - 1) }),
    ("signs", { nested("-", "x", "", $0 - 1) }),
    ("functions", { nested("abs(", "x", ")", $0 - 1) }),
    ("aggregations", { nested("sum(", "x", ")", $0 - 1) }),
    ("parameters", { nested("quantile(scalar(", "x", "), x)", ($0 - 1) / 2) }),
    ("labels", { nested("label_replace(", "x", ", 'a', '$1', 'b', '(.*)')", $0 - 1) }),
    ("subqueries", { nested("sum_over_time(", "x", "[1m:30s])", ($0 - 1) / 2) }),
    ("operators to the left", { nested("", "x", " + on () group_left () x", $0 - 1) }),
    ("operators to the right", { nested("x ^ ", "x", "", $0 - 1) }),
    ("alternatives", { nested("", "x", " or x", $0 - 1) }),
    ("scalars", { "vector(" + nested("(1 + ", "time()", ")", ($0 - 2) / 2) + ")" }),
  ]

  private static func nested(_ before: String, _ middle: String, _ after: String, _ count: Int) -> String {
    String(repeating: before, count: count) + middle + String(repeating: after, count: count)
  }

  @Test(arguments: shapes.indices)
  func `the deepest query allowed is read, printed and evaluated on a small stack`(shape: Int) throws {
    let query = Self.shapes[shape].query(Parser.depthMax)
    let store = try TestStore(["x 0+1x10"], every: 60_000)
    try withSmallStack {
      let expression = try Expression(query)
      let again = try Expression(expression.description)
      #expect(again == expression)
      _ = expression.restricted(by: try Matcher("tenant", .notEqual, "x")).description
      let engine = Engine()
      #expect(throws: Never.self) { try engine.instant(expression, at: 300_000, in: store) }
      #expect(throws: Never.self) {
        try engine.range(expression, over: 0...300_000, stepMilliseconds: 60_000, in: store)
      }
    }
  }

  @Test(arguments: shapes.indices)
  func `one level more is refused, and so are ten thousand`(shape: Int) throws {
    for depth in [Parser.depthMax + 3, 10_000] {
      let query = String(Self.shapes[shape].query(depth).prefix(Parser.inputBytesMax))
      try withSmallStack {
        let error = #expect(throws: ParseError.self) { try Expression(query) }
        #expect(error?.message == "expression is nested deeper than 128 levels")
      }
    }
  }

  @Test func `a query of more than 128 KiB is refused`() {
    let error = #expect(throws: ParseError.self) {
      try Expression(String(repeating: " ", count: Parser.inputBytesMax) + "1")
    }
    #expect(error?.message == "query is longer than 131072 bytes")
  }

  @Test func `lists have a limited number of items`() {
    let names = (0...Parser.listMax).map { "a\($0)" }
    for query in [
      "sum by (\(names.joined(separator: ","))) (x)", "x + on (\(names.joined(separator: ","))) y",
      "x{\(names.map { "\($0)='1'" }.joined(separator: ","))}",
      "label_join(x, 'd', '-', \(names.map { "'\($0)'" }.joined(separator: ",")))",
    ] {
      let error = #expect(throws: ParseError.self) { try Expression(query) }
      #expect(error?.message == "list has more than 256 items")
    }
  }

  @Test func `regular expressions have a limited size together`() {
    let matchers = (0..<100).map { "a\($0)=~'(.{1000}){7}'" }.joined(separator: ",")
    let error = #expect(throws: ParseError.self) { try Expression("x{\(matchers)}") }
    #expect(error?.message == "regular expressions of the query are too large together")
    #expect(throws: Never.self) { try Expression("x{a=~'(.{1000}){7}',b=~'(.{1000}){7}'}") }
  }

  @Test func `computed durations have a limited number of terms`() throws {
    #expect(throws: Never.self) { try Expression("x[\(Self.nested("1s + ", "1s", "", 63))]") }
    for part in [Self.nested("1s + ", "1s", "", 64), Self.nested("(", "1s", ")", 64), Self.nested("-", "1s", "", 64)] {
      let error = #expect(throws: ParseError.self) { try Expression("x[\(part)]") }
      #expect(error?.message == "duration has more than 64 terms")
    }
  }

  @Test func `regular expressions nest as deep as allowed on a small stack`() throws {
    let depth = RegexParser.depthMax - 1
    let pattern = Self.nested("(?:a|", "b", ")*", depth)
    try withSmallStack {
      let matcher = try Matcher("a", .matches, pattern)
      #expect(matcher.matches("abba"))
      #expect(throws: RegexError.tooLarge) { try Matcher("a", .matches, Self.nested("(", "b", ")", 101)) }
      #expect(throws: RegexError.tooLarge) { try Matcher("a", .matches, String(repeating: "(", count: 100_000)) }
    }
  }
}
