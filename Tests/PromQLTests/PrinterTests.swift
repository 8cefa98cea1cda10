import Testing

@testable import PromQL

/// The canonical text of a query: what rule pages and the formatting API show.
struct PrinterTests {
  @Test(arguments: [
    ("sum by() (task:errors:rate10s{job=\"s\"})", "sum(task:errors:rate10s{job=\"s\"})"),
    ("sum(x) by (code)", "sum by (code) (x)"),
    ("sum without() (x)", "sum without () (x)"),
    ("topk(5,x)", "topk(5, x)"),
    ("count_values('value',x)", "count_values(\"value\", x)"),
    ("a - on() c", "a - on () c"),
    ("a - on(b) group_left c", "a - on (b) group_left () c"),
    ("a - on(b)group_right(x,y)c", "a - on (b) group_right (x, y) c"),
    ("a - ignoring() c", "a - c"),
    ("a - ignoring() group_left c", "a - ignoring () group_left () c"),
    ("up>bool 0", "up > bool 0"),
    ("a{b!='c',a=~\"d\"}[1m]", "a{a=~\"d\",b!=\"c\"}[1m]"),
    ("a @ 10", "a @ 10.000"),
    ("a[1m] @ start() offset 90s", "a[1m] @ start() offset 1m30s"),
    ("a[3600:60] offset -1d", "a[1h:1m] offset -1d"),
    ("a[90m:]", "a[1h30m:]"),
    ("a offset (1h / 2)", "a offset 30m"),
    ("a[ 5m+step( ) ]", "a[300 + step()]"),
    ("1e100", "1e+100"),
    ("1000000", "1e+06"),
    ("0.00001 + 123456.5", "1e-05 + 123456.5"),
    ("2 ^ Inf", "2 ^ +Inf"),
    ("Inf ^ 2", "Inf ^ 2"),
    ("{__name__=\"a b\"}", "{__name__=\"a b\"}"),
    ("{__name__=\"a\", c=\"d\"}", "{__name__=\"a\",c=\"d\"}"),
    ("{c=\"d\"}[5m]", "{c=\"d\"}[5m]"),
    ("{\"a b\", c=\"d\"}", "{__name__=\"a b\",c=\"d\"}"),
    ("'\\t\"\\u200b'", "\"\\t\\\"\\u200b\""),
    ("sum by (\"a.b\", c) (x)", "sum by (\"a.b\", c) (x)"),
    ("+x", "+x"),
  ])
  func `prints one line in Prometheus' style`(query: String, canonical: String) throws {
    #expect(try Expression(query).description == canonical)
  }

  @Test func `printed queries of the conformance scripts and of our rules read back as the same query`() throws {
    let queries = try Fixture.conformanceQueries() + Fixture.alertExpressions()
    #expect(queries.count > 590)
    for query in queries { try expectRoundTrip(query) }
  }

  @Test func `printed random queries read back as the same query`() throws {
    let seed: UInt64 = 42
    var generator = QueryGenerator(seed: seed)
    var parsed = 0
    for _ in 0..<3000 {
      let query = generator.query()
      guard let expression = try? Expression(query) else { continue }
      parsed += 1
      try expectRoundTrip(query, note: "seed \(seed)")
      #expect(expression.description.contains("\n") == false)
    }
    #expect(parsed > 2900, "the generator should write valid queries, seed \(seed)")
  }

  private func expectRoundTrip(_ query: String, note: String = "") throws {
    let expression = try Expression(query)
    let printed = expression.description
    let again = try? Expression(printed)
    #expect(again == expression, "\(query) printed as \(printed) \(note)")
    #expect(again?.description == printed)
  }
}
