import BreakwaterTesting
import MetricStore
import PromQL
import Telemetry
import Testing

/// The process's own metrics as series.
@Suite struct `Sampling the registry` {
  private static let counted = MetricDefinition("test_total", .counter, "Counted.", labels: ["kind": 3])
  private static let level = MetricDefinition("test_level", .gauge, "A level.", labels: ["where": 3])
  private static let took = MetricDefinition(
    "test_took_seconds", .histogram(bounds: [0.001, 0.5, 10]), "Time it took.")

  /// The series of a page: `name{labels}` and value.
  private func page(_ registry: MetricRegistry) -> [String: String] {
    var series: [String: String] = [:]
    for line in String(decoding: registry.exposition(), as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#")
    {
      guard let space = line.lastIndex(of: " ") else { continue }
      series[String(line[..<space])] = String(line[line.index(after: space)...])
    }
    return series
  }

  @Test func `stores exactly what the metrics page shows`() throws {
    let registry = MetricRegistry()
    let store = MetricStore(metrics: MetricRegistry())
    registry.family(Self.counted).counter("a").increment(by: 7)
    registry.family(Self.counted).counter("b").increment()
    registry.family(Self.level).gauge("here").set(-1.5)
    registry.family(Self.level).gauge("there").set(.infinity)
    registry.histogram(Self.took).observe(2_000_000)
    registry.histogram(Self.took).observe(70_000_000_000)
    var sampling = RegistrySampling(registry, into: store)
    sampling.sample(at: 1000)
    let stored = try store.points("{__name__!=\"\"}", 0...1000).mapValues { points in
      points.map { MetricRegistry.number(Double(bitPattern: $0.bits)) }
    }
    #expect(stored == page(registry).mapValues { [$0] })
    #expect(stored.count == 4 + 6)
  }

  @Test func `lets a counter born later begin at zero, so that its first increment is seen`() throws {
    let registry = MetricRegistry()
    let store = MetricStore(metrics: MetricRegistry())
    var sampling = RegistrySampling(registry, into: store)
    registry.family(Self.counted).counter("old").increment()
    registry.family(Self.level).gauge("here").set(1)
    sampling.sample(at: 1000)
    registry.family(Self.counted).counter("new").increment(by: 3)
    registry.family(Self.level).gauge("there").set(5)
    sampling.sample(at: 2000)
    let points = try store.points("{__name__=~\"test_.*\"}", 0...3000)
    #expect(points["test_total{kind=\"new\"}"] == [Point(1000, 0), Point(2000, 3)])
    #expect(points["test_total{kind=\"old\"}"] == [Point(1000, 1), Point(2000, 1)])
    #expect(points["test_level{where=\"there\"}"] == [Point(2000, 5)])
    let engine = Engine()
    let increase = try engine.instant(Expression("increase(test_total{kind=\"new\"}[1m])"), at: 2000, in: store)
    guard case .vector(let vector) = increase else { throw QueryError.invalid("a vector") }
    #expect(vector.map(\.value.isZero) == [false])
  }

  @Test func `folds values past a label's cap into _other, and counts that`() throws {
    let registry = MetricRegistry()
    let store = MetricStore(metrics: MetricRegistry())
    for number in 0..<10 { registry.family(Self.counted).counter("k\(number)").increment() }
    var sampling = RegistrySampling(registry, into: store)
    sampling.sample(at: 1000)
    let points = try store.points("test_total", 0...1000)
    #expect(points["test_total{kind=\"_other\"}"] == [Point(1000, 7)])
    #expect(points.count == 4)
    let overflow = try store.points("breakwater_label_overflow_total", 0...1000)
    #expect(
      overflow["breakwater_label_overflow_total{label=\"kind\",metric=\"test_total\"}"] == [Point(1000, 7)])
  }

  @Test func `takes new families and children in wherever they appear`() throws {
    let registry = MetricRegistry()
    let store = MetricStore(metrics: MetricRegistry())
    var sampling = RegistrySampling(registry, into: store)
    var random = SeededRandom(3)
    for tick in 1...40 {
      let definition = MetricDefinition("family_\(tick % 7)", .gauge, "A level.", labels: ["n": 50])
      registry.family(definition).gauge("\(Int.random(in: 0..<9, using: &random))").set(Double(tick))
      sampling.sample(at: Int64(tick) * 1000)
    }
    let newest = try store.points("{__name__=~\"family.*\"}", 40_000...40_000)
      .mapValues { $0.map { MetricRegistry.number(Double(bitPattern: $0.bits)) } }
    #expect(newest == page(registry).mapValues { [$0] })
  }

  @Test func `goes on after the clock was set back`() throws {
    let registry = MetricRegistry()
    let store = MetricStore(metrics: MetricRegistry())
    registry.family(Self.level).gauge("here").set(1)
    var sampling = RegistrySampling(registry, into: store)
    for second in 1...10 { sampling.sample(at: Int64(second) * 1000) }
    registry.family(Self.level).gauge("here").set(2)
    registry.family(Self.counted).counter("new").increment()
    sampling.sample(at: 5500)
    let points = try store.points("{__name__=~\"test_.*\"}", 0...20_000)
    #expect(
      points["test_level{where=\"here\"}"] == (1...5).map { Point(Int64($0) * 1000, 1) } + [Point(5500, 2)])
    #expect(points["test_total{kind=\"new\"}"] == [Point(5499, 0), Point(5500, 1)])
  }
}
