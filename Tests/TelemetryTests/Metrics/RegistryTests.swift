import Telemetry
import Testing

/// What bounds the number of series.
@Suite struct `The metric registry` {
  private static let metric = MetricDefinition("m_total", .counter, "It.", labels: ["route": 2, "code": 3])

  private func series(_ registry: MetricRegistry, _ prefix: String) -> [String] {
    String(decoding: registry.exposition(), as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix(prefix) }
      .map(String.init)
  }

  @Test func `folds each label by its own cap and says which`() {
    let registry = MetricRegistry()
    let family = registry.family(Self.metric)
    for route in ["a", "b", "c", "d"] {
      for code in ["200", "404"] { family.counter(route, code).increment() }
    }
    #expect(
      series(registry, "m_total") == [
        "m_total{code=\"200\",route=\"_other\"} 2", "m_total{code=\"404\",route=\"_other\"} 2",
        "m_total{code=\"200\",route=\"a\"} 1", "m_total{code=\"404\",route=\"a\"} 1",
        "m_total{code=\"200\",route=\"b\"} 1", "m_total{code=\"404\",route=\"b\"} 1",
      ])
    #expect(
      series(registry, "breakwater_label_overflow") == [
        "breakwater_label_overflow_total{label=\"route\",metric=\"m_total\"} 4"
      ])
  }

  @Test func `folds a value that is too long`() {
    let registry = MetricRegistry()
    let family = registry.family(Self.metric)
    let limit = MetricDefinition.labelValueBytesMax
    family.counter(String(repeating: "é", count: limit / 2 + 1), "200").increment()
    family.counter(String(repeating: "x", count: limit), "200").increment()
    #expect(series(registry, "m_total").count == 2)
    #expect(series(registry, "m_total{code=\"200\",route=\"_other\"} 1").count == 1)
  }

  @Test func `keeps a value it knows when the cap is reached`() {
    let registry = MetricRegistry()
    let family = registry.family(Self.metric)
    for route in ["a", "b", "c", "a", "b"] { family.counter(route, "200").increment() }
    #expect(family.counter("a", "200").value == 2)
    #expect(family.counter("_other", "200").value == 1)
  }

  @Test func `has no more series than its budget, whatever the caps multiply to`() {
    let registry = MetricRegistry(seriesMax: 10)
    let wide = MetricDefinition("wide_total", .counter, "It.", labels: ["a": 100, "b": 100])
    for a in 0..<20 {
      for b in 0..<20 { registry.family(wide).counter("\(a)", "\(b)").increment() }
    }
    let found = series(registry, "wide_total")
    #expect(found.count <= 11)
    #expect(
      found.contains("wide_total{a=\"_other\",b=\"_other\"} 390")
        || found.contains("wide_total{a=\"_other\",b=\"_other\"} 391"), "\(found)")
    let total = found.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    #expect(total == 400, "nothing is lost by folding")
  }

  @Test func `gives a metric without labels its instrument even when the budget is spent`() {
    let registry = MetricRegistry(seriesMax: 0)
    registry.counter(MetricDefinition("bare_total", .counter, "It.")).increment()
    #expect(series(registry, "bare_total") == ["bare_total 1"])
  }

  @Test func `hands out one instrument per combination of values`() {
    let registry = MetricRegistry()
    #expect(registry.family(Self.metric).counter("a", "1") === registry.family(Self.metric).counter("a", "1"))
    #expect(registry.family(Self.metric).counter("a", "1") !== registry.family(Self.metric).counter("a", "2"))
    #expect(registry.family(Self.metric) === registry.family(Self.metric))
  }

  @Test func `clears what is no longer current in a state gauge`() {
    let registry = MetricRegistry()
    let family = registry.family(MetricDefinition("state", .gauge, "It.", labels: ["tenant": 9, "state": 9]))
    family.set([["a", "halted"]: 1, ["b", "halted"]: 1])
    family.set([["a", "disabled"]: 1])
    #expect(
      series(registry, "state") == [
        "state{state=\"disabled\",tenant=\"a\"} 1", "state{state=\"halted\",tenant=\"a\"} 0",
        "state{state=\"halted\",tenant=\"b\"} 0",
      ])
    family.setAll(7)
    #expect(series(registry, "state").allSatisfy { $0.hasSuffix(" 7") })
  }

  @Test func `loses no count when everyone counts at once`() async {
    let registry = MetricRegistry()
    let histogram = registry.histogram(MetricDefinition("h", .histogram(bounds: [10, 100]), "It."))
    let gauge = registry.gauge(MetricDefinition("g", .gauge, "It."))
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for round in 0..<1000 {
            registry.family(Self.metric).counter("\(task % 4)", "\(round % 5)").increment()
            histogram.observe(round)
            gauge.add(task % 2 == 0 ? 1 : -1)
          }
        }
      }
    }
    let total = series(registry, "m_total").compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(
      0, +)
    #expect(total == 8000)
    #expect(histogram.count == 8000)
    #expect(series(registry, "h_bucket{le=\"10\"}") == ["h_bucket{le=\"10\"} 88"])
    #expect(gauge.value == 0)
  }

  @Test func `counts durations in nanoseconds and shows seconds`() {
    let registry = MetricRegistry()
    let counter = registry.counter(MetricDefinition("busy_seconds_total", .counter, "It."))
    counter.increment(by: 1_500_000_000)
    #expect(counter.value == 1.5)
  }
}
