import Testing

@testable import PromQL

/// What the engine asks of a source and gives back, beyond what the scripts say about values.
struct EngineTests {
  private let engine = Engine()

  private func instant(_ query: String, at time: Int64 = 300_000, in store: some SeriesSource) throws -> QueryResult {
    try engine.instant(Expression(query), at: time, in: store)
  }

  private func vector(_ query: String, at time: Int64 = 300_000, in store: some SeriesSource) throws -> [String] {
    guard case .vector(let samples) = try instant(query, at: time, in: store) else { return ["no vector"] }
    return samples.map { "\($0.labels) \(GoFloat.sampleValue($0.value))" }
  }

  @Test func `an instant query yields a scalar, a string, a vector or a matrix`() throws {
    let store = try TestStore(["x{a='1'} 0+1x10"], every: 60_000)
    #expect(try instant("1 + 1", in: store) == .scalar(2))
    #expect(try instant("'text'", in: store) == .string("text"))
    #expect(try vector("x", in: store) == [#"x{a="1"} 5"#])
    let samples = [Sample(timestamp: 240_000, value: 4), Sample(timestamp: 300_000, value: 5)]
    let labels = try Labels([("__name__", "x"), ("a", "1")])
    #expect(try instant("x[2m]", in: store) == .matrix([SampledSeries(labels: labels, samples: samples)]))
    let doubled = samples.map { Sample(timestamp: $0.timestamp, value: $0.value * 2) }
    #expect(
      try instant("(x * 2)[2m:1m]", in: store)
        == .matrix([SampledSeries(labels: labels.withoutName, samples: doubled)]))
  }

  @Test func `a range query yields series sorted by labels, with gaps where there is no sample`() throws {
    let store = try TestStore(["x{a='2'} 1 1 1", "x{a='1'} 1 stale 1", "y 7"], every: 60_000)
    let series = try engine.range(Expression("x"), over: 0...120_000, stepMilliseconds: 60_000, in: store)
    #expect(series.map { $0.labels["a"] } == ["1", "2"])
    #expect(series.map { $0.samples.map(\.timestamp) } == [[0, 120_000], [0, 60_000, 120_000]])
    let scalar = try engine.range(Expression("time()"), over: 0...90_000, stepMilliseconds: 60_000, in: store)
    #expect(scalar.map { $0.samples.map(\.value) } == [[0, 60]])
  }

  @Test func `a range query takes neither ranges nor strings, nor a step of nothing, nor too many steps`() throws {
    let store = TestStore()
    for query in ["x[5m]", "'text'", "x[5m:]"] {
      #expect(throws: QueryError.self) {
        try engine.range(Expression(query), over: 0...1, stepMilliseconds: 1, in: store)
      }
    }
    for step in [0, -1] as [Int64] {
      #expect(throws: QueryError.self) {
        try engine.range(Expression("x"), over: 0...1, stepMilliseconds: step, in: store)
      }
    }
    #expect(throws: Never.self) {
      try engine.range(Expression("x"), over: 0...10_999, stepMilliseconds: 1, in: store)
    }
    let error = #expect(throws: QueryError.self) {
      try engine.range(Expression("x"), over: 0...11_000, stepMilliseconds: 1, in: store)
    }
    #expect(error?.description == "range query has 11001 steps, the limit is 11000; use a larger step")
  }

  @Test func `times no clock shows are refused rather than computed with`() throws {
    for time in [Int64.max, Int64.min, StepGrid.timeMax + 1] {
      #expect(throws: QueryError.self) { try engine.instant(Expression("x"), at: time, in: TestStore()) }
    }
    for query in ["x[292y] offset 292y", "x @ 1e13 offset -292y", "x[292y:1s] @ -1e13", "timestamp(x) @ 1e30"] {
      #expect(throws: Never.self) { _ = try? engine.instant(Expression(query), at: StepGrid.timeMax, in: TestStore()) }
    }
  }

  @Test func `each selector is selected once per query, with the window all steps need`() throws {
    let source = RecordingSource()
    _ = try engine.range(
      Expression("rate(x[5m] offset 1m) + y + sum_over_time(z[10m:1m])"), over: 600_000...1_200_000,
      stepMilliseconds: 15_000, in: source)
    #expect(
      source.selections == [
        "x 240001...1140000", "y 300001...1200000", "z -239999...1200000",
      ])
    let pinned = RecordingSource()
    _ = try engine.range(
      Expression("x @ 100 + max_over_time(y[1m] @ end()) + z @ start() offset -5s"), over: 600_000...1_200_000,
      stepMilliseconds: 15_000, in: pinned)
    #expect(
      pinned.selections == ["x -199999...100000", "y 1140001...1200000", "z 305001...605000"])
  }

  @Test func `an instant selector at one time asks for the latest sample only`() throws {
    let source = RecordingSource()
    _ = try engine.instant(Expression("x + on () y"), at: 300_000, in: source)
    #expect(source.reads == ["latest x", "latest y"])
    let ranged = RecordingSource()
    _ = try engine.instant(Expression("rate(x[5m])"), at: 300_000, in: ranged)
    #expect(ranged.reads == ["load x"])
  }

  @Test func `a failing source fails the query`() throws {
    struct Broken: SeriesSource {
      func select(
        _ selector: SeriesSelector, window: ClosedRange<Int64>, shouldStop: () -> Bool
      ) throws(SeriesSourceError) -> any SelectedSeries {
        throw SeriesSourceError("block 7 cannot be read")
      }
    }
    let error = #expect(throws: QueryError.self) { try engine.instant(Expression("sum(x)"), at: 0, in: Broken()) }
    #expect(error?.description == "reading series failed: block 7 cannot be read")
  }

  @Test func `a series ends at its stale marker and not when its lookback is over`() throws {
    let store = try TestStore(["x 1 stale", "y 1"], every: 60_000)
    #expect(try vector("x", at: 119_000, in: store) == [])
    #expect(try vector("y", at: 119_000, in: store) == ["y 1"])
    #expect(try vector("count_over_time(x[5m])", at: 119_000, in: store) == ["{} 1"])
    #expect(try vector("absent(x)", at: 119_000, in: store) == ["{} 1"])
  }

  @Test func `vectors keep the order of the source, sort and topk order by value`() throws {
    let store = try TestStore(["x{a='c'} 3", "x{a='a'} NaN", "x{a='b'} 5", "x{a='d'} 3"], every: 60_000)
    #expect(try vector("x > 3", at: 0, in: store) == [#"x{a="b"} 5"#])
    func letters(_ query: String) throws -> String {
      try vector(query, at: 0, in: store).map { String($0.drop { $0 != "\"" }.dropFirst().prefix(1)) }.joined()
    }
    #expect(try letters("x") == "cabd")
    #expect(try letters("sort(x)") == "cdba")
    #expect(try letters("sort_desc(x)") == "bcda")
    #expect(try letters("topk(3, x)") == "bcd")
    #expect(try letters("bottomk(2, x)") == "cd")
    #expect(try letters("topk(10, x)") == "bcda")
    #expect(try letters("topk(0, x)") == "")
  }

  @Test(arguments: [
    ("topk(NaN, x)", "Parameter value is NaN"),
    ("topk(1e20, x)", "Scalar value 1e+20 overflows int64"),
    (
      "x + on () y",
      "found duplicate series for the match group {} on the right hand-side of the operation: "
        + "[y{a=\"1\"}, y{a=\"2\"}];many-to-many matching not allowed: matching labels must be unique on one side"
    ),
    (
      "y + on () group_right () x",
      "found duplicate series for the match group {} on the left hand-side of the operation: "
        + "[y{a=\"1\"}, y{a=\"2\"}];many-to-many matching not allowed: matching labels must be unique on one side"
    ),
    ("x + on () z", "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"),
    ("x + on () group_left (a, b) z", "multiple matches for labels: grouping labels must ensure unique matches"),
    ("label_replace(x, 'a', '', '', '')", "vector cannot contain metrics with the same labelset"),
    ("-{__name__=~'x|y',a='1'}", "vector cannot contain metrics with the same labelset"),
    ("rate({__name__=~'x|y',a='1'}[5m])", "vector cannot contain metrics with the same labelset"),
    ("label_replace(x, '', '1', '', '')", "invalid destination label name in label_replace(): "),
    ("label_join(x, 'a', '', '')", "invalid source label name in label_join(): "),
    ("count_values('', x)", "invalid label name \"\""),
    ("holt_winters(x[5m], 0, 0.5)", "invalid smoothing factor. Expected: 0 < factor < 1, got: 0"),
    ("double_exponential_smoothing(x[5m], 0.5, 2)", "invalid trend factor. Expected: 0 < factor < 1, got: 2"),
    ("sum_over_time(x[step()])", "duration must be greater than 0"),
    ("x offset (1e12 * 1y + step())", "duration is out of range"),
  ])
  func `says why a query has no result`(query: String, message: String) throws {
    let store = try TestStore(
      ["x{a='1',b='1'} 1 2", "x{a='2',b='1'} 1 2", "y{a='1'} 1 2", "y{a='2'} 1 2", "y{a='1',b='1'} 1 2", "z 1"],
      every: 60_000)
    let error = #expect(throws: QueryError.self) {
      try engine.instant(Expression(query), at: 60_000, in: store)
    }
    #expect(error?.description == message)
  }

  @Test func `a label name longer than any label is nowhere to be found`() throws {
    let store = try TestStore(["x{a='1'} 1"], every: 60_000)
    let long = String(repeating: "n", count: Labels.textBytesMax + 1)
    #expect(try vector("sum by (a, '\(long)') (x)", at: 0, in: store) == [#"{a="1"} 1"#])
    #expect(try vector("sum without ('\(long)') (x)", at: 0, in: store) == [#"{a="1"} 1"#])
    #expect(try vector("x + ignoring ('\(long)') x", at: 0, in: store) == [#"{a="1"} 2"#])
    for query in ["count_values('\(long)', x)", "label_replace(x, '\(long)', 'v', '', '')"] {
      #expect(throws: QueryError.self) { try vector(query, at: 0, in: store) }
    }
    #expect(throws: ParseError.self) { try Expression("x{'\(long)'='1'}") }
  }

  @Test func `native histogram functions find nothing among floats`() throws {
    let store = try TestStore(["x 1"], every: 60_000)
    for query in ["histogram_count(x)", "histogram_sum(x)", "histogram_avg(x)", "histogram_fraction(0, 1, x)"] {
      #expect(try vector(query, at: 0, in: store) == [])
    }
  }

  @Test func `dates of impossible times are not numbers`() throws {
    #expect(try vector("year(vector(NaN))", in: TestStore()) == ["{} NaN"])
    #expect(try vector("month(vector(Inf))", in: TestStore()) == ["{} NaN"])
    #expect(try vector("year(vector(-1))", in: TestStore()) == ["{} 1969"])
    #expect(try vector("day_of_year(vector(951782400))", in: TestStore()) == ["{} 60"])
    #expect(try vector("days_in_month(vector(951782400))", in: TestStore()) == ["{} 29"])
    #expect(try vector("day_of_year(vector(978220800))", in: TestStore()) == ["{} 366"])
  }

  @Test func `a restricted query cannot read other series, and cannot take the restriction off`() throws {
    let store = try TestStore(["x{tenant='a'} 1", "x{tenant='b'} 2", "y{tenant='b'} 3"], every: 60_000)
    let matcher = try Matcher("tenant", .equal, "a")
    for (query, result) in [
      ("x", [#"x{tenant="a"} 1"#]), ("y", []), ("sum(x)", ["{} 1"]), ("x or y", [#"x{tenant="a"} 1"#]),
      ("x{tenant='b'}", []), ("{tenant=~'a|b'}", [#"x{tenant="a"} 1"#]),
      ("max_over_time(x[5m:1m])", [#"{tenant="a"} 1"#]),
      ("last_over_time(x[5m])", [#"x{tenant="a"} 1"#]), ("-(x)", [#"{tenant="a"} -1"#]),
      ("topk(scalar(count(x)) + 1, x)", [#"x{tenant="a"} 1"#]), ("count_values('v', x)", [#"{v="1"} 1"#]),
    ] {
      let restricted = try Expression(query).restricted(by: matcher)
      guard case .vector(let samples) = try engine.instant(restricted, at: 0, in: store) else { continue }
      #expect(samples.map { "\($0.labels) \(GoFloat.sampleValue($0.value))" } == result, "\(query)")
      #expect(restricted.restricted(by: matcher) == restricted)
    }
    let conformance = try Fixture.conformanceQueries()
    for query in conformance {
      let restricted = try Expression(query).restricted(by: matcher)
      #expect(try Expression(restricted.description) == restricted)
      let selectors = restricted.selectors
      #expect(selectors.allSatisfy { $0.matchers.contains(matcher) })
    }
  }

  @Test func `changing the samples of a window in any order of steps gives what rescanning gives`() throws {
    // The sliding windows against one query per step.
    let seed: UInt64 = 11
    var random = SeededRandom(seed: seed)
    var store = TestStore()
    for series in 0..<5 {
      var value = 0.0
      var samples: [Sample] = []
      for index in 0..<200 where random.chance(85) {
        value = random.chance(5) ? 0 : value + Double(Int.random(in: 0...9, using: &random))
        let isStale = random.chance(3)
        let time = Int64(index) * 10_000 + Int64.random(in: 0..<5000, using: &random)
        samples.append(Sample(timestamp: time, value: isStale ? SampleValue.staleMarker : value))
      }
      store.add(try Labels([("__name__", "x"), ("s", "\(series)")]), samples)
    }
    let functions = Function.allCases.filter { $0.signature.arguments == [.range] && $0 != .absentOverTime }
    for query in functions.map({ "\($0.rawValue)(x[95s])" }) + [
      "x", "sum(x)", "max_over_time(x[3m:20s])", "x offset 7s",
    ] {
      let expression = try Expression(query)
      let series = try engine.range(expression, over: 0...2_100_000, stepMilliseconds: 7000, in: store)
      for step in stride(from: Int64(0), through: 2_100_000, by: 7000 * 17) {
        guard case .vector(let samples) = try engine.instant(expression, at: step, in: store) else { continue }
        for labels in Set(series.map(\.labels)).union(samples.map(\.labels)) {
          let ranged = series.first { $0.labels == labels }?.samples.first { $0.timestamp == step }?.value
          let single = samples.first { $0.labels == labels }?.value
          #expect((ranged == nil) == (single == nil), "\(query) at \(step), seed \(seed)")
          if let ranged, let single {
            #expect((ranged - single).magnitude <= 1e-12 * max(1, single.magnitude), "\(query) at \(step)")
          }
        }
      }
    }
  }
}

extension Expression {
  fileprivate var selectors: [SeriesSelector] {
    var found: [SeriesSelector] = []
    _ = root.mapSelectors { selector in
      found.append(selector)
      return selector
    }
    return found
  }
}
