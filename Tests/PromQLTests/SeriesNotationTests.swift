import Testing

@testable import PromQL

/// Series written out in rule unit tests.
struct SeriesNotationTests {
  @Test(
    arguments: [
      ("1 2.5 -3", [1, 2.5, -3]), ("1x3", [1, 1, 1, 1]), ("1+2x3", [1, 3, 5, 7]), ("10-5x2", [10, 5, 0]),
      ("-1-1x1", [-1, -2]),
      ("_ 1 _x2 2", [nil, 1, nil, nil, 2]), ("1e3+1e2x1", [1000, 1100]), ("Inf -Inf", [.infinity, -.infinity]),
      ("", []), ("5x0", [5]),
    ] as [(String, [Double?])])
  func `values are spelled out, repeated or counted up`(text: String, values: [Double?]) throws {
    #expect(try SeriesNotation.values(text) == values)
  }

  @Test func `a series may be stale or not a number`() throws {
    let values = try SeriesNotation.values("stale NaN stalex1")
    #expect(values.map { $0.map(SampleValue.isStaleMarker) } == [true, false, true, true])
    #expect(values[1]?.isNaN == true)
  }

  @Test func `labels come before the first space outside braces`() throws {
    let series = try SeriesNotation(#"up{job = "a b}", path='\' x'}  1 2"#)
    #expect(series.labels["job"] == "a b}")
    #expect(series.labels["path"] == "' x")
    #expect(series.values == [1, 2])
    #expect(try SeriesNotation("{} 1").labels == Labels())
    #expect(try SeriesNotation("up").values == [])
  }

  @Test(arguments: [
    "1x", "1+x3", "x3", "1xx3", "1x-1", "{{schema:1}}", "a", "1x50000", "1x99999999999999999999", "_x50001",
  ])
  func `refuses anything else`(text: String) {
    #expect(throws: ParseError.self) { try SeriesNotation.values(text) }
  }
}
