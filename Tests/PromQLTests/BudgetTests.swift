import Synchronization
import Testing

@testable import PromQL

/// A query spends samples and time it was given, and nothing beyond: a dashboard cannot starve the alert rules.
struct BudgetTests {
  /// Fifty series with five hundred samples, a second apart.
  private static let store: TestStore = {
    var store = TestStore()
    for index in 0..<50 {
      guard let labels = try? Labels([("__name__", "x"), ("i", "\(index)")]) else { continue }
      store.add(labels, (0..<500).map { Sample(timestamp: Int64($0) * 1000, value: Double($0)) })
    }
    return store
  }()

  private func engine(samplesMax: Int) -> Engine {
    var options = Engine.Options()
    options.samplesMax = samplesMax
    return Engine(options)
  }

  @Test(arguments: [
    ("x", 50),
    ("vector(1)", 1),
    // Loaded, and one produced for each series.
    ("sum_over_time(x[100s])", 50 * 100 + 50),
    // Six steps of the subquery reach back five minutes before the first.
    ("sum_over_time((x + 0)[60s:10s])", 50 * 301 + 50 * 6 + 50),
  ])
  func `counts every sample loaded and produced`(query: String, samples: Int) throws {
    let expression = try Expression(query)
    let spent = try #require(
      Self.leastBudget(samples * 3) { budget in
        (try? engine(samplesMax: budget).instant(expression, at: 300_000, in: Self.store)) != nil
      })
    // Finding a series counts as one sample too.
    #expect((samples...samples + 60).contains(spent), "spent \(spent)")
    let error = #expect(throws: QueryError.self) {
      try engine(samplesMax: spent - 1).instant(expression, at: 300_000, in: Self.store)
    }
    #expect(error == .budgetExceeded(samplesMax: spent - 1))
    #expect(error?.description.contains("more than \(spent - 1) samples") == true)
  }

  /// The smallest number up to `most` that is enough.
  private static func leastBudget(_ most: Int, _ isEnough: (Int) -> Bool) -> Int? {
    guard isEnough(most) else { return nil }
    var (low, high) = (0, most)
    while low < high {
      let middle = (low + high) / 2
      if isEnough(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  @Test(arguments: [
    "vector(1)[100y:1ms]", "sum_over_time(vector(time())[100y:1ms])", "absent(nothing)[100y:1ms]",
    "max_over_time(year()[290y:1s])", "count_over_time(nothing[290y:1ms])", "max_over_time((x @ 1)[290y:1ms])",
    "sum_over_time(sum_over_time(vector(1)[1y:1ms])[1y:1ms])", "absent_over_time(vector(1)[200y:1ms])[200y:1ms]",
    "count_values('v', x[400s:1ms])", "quantile(0.5, vector(1))[200y:1ms]", "(x or x)[10y:1ms]",
    "sum(x * on () group_left () vector(1))[10y:1ms]", "scalar(x)[20y:1ms]",
  ])
  func `a query over an endless number of steps is refused before it allocates`(query: String) throws {
    guard let expression = try? Expression(query) else { return }
    let error = #expect(throws: QueryError.self) {
      try engine(samplesMax: 100_000).instant(expression, at: 300_000, in: Self.store)
    }
    #expect(error == .budgetExceeded(samplesMax: 100_000))
  }

  @Test func `label text that doubles with each function is refused`() throws {
    let grow =
      String(repeating: "label_replace(", count: 30) + "x"
      + String(repeating: ", 'i', '$1$1$1$1$1$1$1$1$1$1', 'i', '(.*)')", count: 30)
    let error = #expect(throws: QueryError.self) {
      try engine(samplesMax: 1_000_000).instant(Expression(grow), at: 300_000, in: Self.store)
    }
    #expect(
      error == .invalid("label \"i\" is longer than 65535 bytes") || error == .budgetExceeded(samplesMax: 1_000_000))
  }

  @Test func `a query that should stop does not start`() throws {
    let error = #expect(throws: QueryError.self) {
      try Engine().instant(Expression("1"), at: 0, in: Self.store, shouldStop: { true })
    }
    #expect(error == .stopped)
  }

  @Test(arguments: [
    "sum(rate(x[400s]))", "quantile_over_time(0.5, x[400s])", "stddev_over_time(x[400s])", "topk(3, x)",
    "count_values('v', x)", "x * on (i) x", "x unless on (i) x offset 1s", "label_replace(x, 'j', '$1', 'i', '(.*)')",
    "sum_over_time(avg_over_time(x[100s])[400s:1s])", "predict_linear(x[400s], 1)", "histogram_quantile(0.5, x)",
    "sum_over_time(vector(1 + 2 ^ time())[20s:10ms])",
  ])
  func `a running query asks at bounded intervals whether to stop`(query: String) throws {
    let expression = try Expression(query)
    let asked = Counter()
    _ = try Engine().range(
      expression, over: 0...499_000, stepMilliseconds: 1000, in: Self.store, shouldStop: { asked.add() < 0 })
    let questions = asked.count
    // It stops at any of the questions, the last one included.
    for limit in Set([2, questions / 2, questions]) where limit > 1 {
      let counter = Counter()
      let error = #expect(throws: QueryError.self) {
        try Engine().range(
          expression, over: 0...499_000, stepMilliseconds: 1000, in: Self.store,
          shouldStop: { counter.add() >= limit })
      }
      #expect(error == .stopped)
      #expect(counter.count == limit)
    }
  }

  @Test func `work without samples counts towards the next question`() throws {
    // One series, 500 samples, 1000 windows of up to 500: some 380,000 steps for 1500 samples.
    var store = TestStore()
    store.add(try Labels([("__name__", "x")]), (0..<500).map { Sample(timestamp: Int64($0) * 1000, value: 1) })
    let asked = Counter()
    _ = try Engine().range(
      Expression("sum_over_time(x[500s])"), over: 0...499_000, stepMilliseconds: 500, in: store,
      shouldStop: { asked.add() < 0 })
    #expect(asked.count >= 200_000 / QueryBudget.checkInterval)
  }

  @Test func `the source is told when to stop`() throws {
    struct Patient: SeriesSource {
      func select(
        _ selector: SeriesSelector, window: ClosedRange<Int64>, shouldStop: () -> Bool
      ) -> any SelectedSeries {
        while !shouldStop() {}
        return TestStore().select(selector, window: window, shouldStop: shouldStop)
      }
    }
    let asked = Counter()
    let error = #expect(throws: QueryError.self) {
      try Engine().instant(Expression("x"), at: 0, in: Patient(), shouldStop: { asked.add() > 100 })
    }
    #expect(error == .stopped)
  }
}

/// Counts calls from a closure.
private final class Counter: Sendable {
  private let value = Mutex(0)

  var count: Int { value.withLock { $0 } }

  /// Counts one more and returns how many there are.
  func add() -> Int {
    value.withLock {
      $0 += 1
      return $0
    }
  }
}
