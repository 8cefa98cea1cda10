import BreakwaterTesting
import PromQL
import Telemetry
import Testing

@testable import MetricStore

/// The time series in memory.
@Suite struct `The metric store` {
  private let registry = MetricRegistry()

  private func store(seriesMax: Int = 100, retention: Int64 = 3_600_000) -> MetricStore {
    var settings = MetricStore.Settings()
    settings.seriesMax = seriesMax
    settings.retentionMilliseconds = retention
    return MetricStore(settings, metrics: registry)
  }

  private func rejected(_ reason: String) -> Double {
    registry.family(MetricCatalog.tsdbRejected).counter(reason).value
  }

  @Test(arguments: [0...10_000, 1000...1000, 1001...1999, 119_000...121_000, 250_000...900_000, -5...(-1)])
  func `answers a window with what lies in it, across chunks`(window: ClosedRange<Int64>) throws {
    let store = store()
    let reference = try #require(try store.reference(to: "a"))
    let points = (0..<300).map { Point(Int64($0) * 1000, Double($0)) }
    for point in points { store.append([(reference, Double(bitPattern: point.bits))], at: point.time) }
    #expect(try store.points("a", window)["a"] == points.filter { window.contains($0.time) })
  }

  @Test func `answers the newest sample of a window, the stale marker included`() throws {
    let store = store()
    let reference = try #require(try store.reference(to: "a"))
    for second in 0..<200 { store.append([(reference, Double(second))], at: Int64(second) * 1000) }
    store.append([(reference, SampleValue.staleMarker)], at: 200_000)
    let selected = try store.select(SeriesSelector(parsing: "a"), window: 0...1_000_000, shouldStop: { false })
    func latest(_ window: ClosedRange<Int64>) throws -> Point? {
      try selected.latest(0, window: window).map { Point($0.timestamp, $0.value) }
    }
    #expect(try latest(0...1_000_000) == Point(200_000, SampleValue.staleMarker))
    #expect(try latest(0...130_500) == Point(130_000, 130))
    #expect(try latest(0...0) == Point(0, 0))
    #expect(try latest(200_001...300_000) == nil)
    #expect(try latest(10_500...10_900) == nil)
  }

  @Test func `counts what comes too late or twice by its reason and keeps what it had`() throws {
    let store = store()
    let reference = try #require(try store.reference(to: "a"))
    store.append([(reference, 1)], at: 1000)
    store.append([(reference, 2)], at: 1000)
    store.append([(reference, 3)], at: 999)
    store.append([(reference, 4)], at: 2000)
    #expect(try store.points("a", 0...5000)["a"] == [Point(1000, 1), Point(2000, 4)])
    #expect(rejected("conflict") == 1)
    #expect(rejected("out_of_order") == 1)
    #expect(registry.counter(MetricCatalog.tsdbSamples).value == 2)
  }

  @Test func `takes no more series than it may, and counts each refusal`() throws {
    let store = store(seriesMax: 2)
    #expect(try store.reference(to: "a") != nil)
    #expect(try store.reference(to: "b") != nil)
    #expect(try store.reference(to: "c") == nil)
    #expect(try store.reference(to: "a") == store.reference(to: "a"))
    #expect(rejected("series_limit") == 1)
    #expect(registry.gauge(MetricCatalog.tsdbSeries).value == 2)
    #expect(registry.gauge(MetricCatalog.tsdbSeriesLimit).value == 2)
  }

  @Test func `forgets what is older than its retention, a chunk at a time, and series that ended`() throws {
    let store = store(retention: 200_000)
    let ended = try #require(try store.reference(to: "ended"))
    let alive = try #require(try store.reference(to: "alive"))
    store.append([(ended, 1)], at: 0)
    for second in 0..<1000 { store.append([(alive, 1)], at: Int64(second) * 1000) }
    let bytes = store.chunkBytes
    store.dropExpired(at: 999_000)
    #expect(try store.points("ended", 0...1_000_000).isEmpty)
    let kept = try #require(try store.points("alive", 0...1_000_000)["alive"])
    #expect(kept.last?.time == 999_000)
    #expect(kept.count >= 200 && kept.count <= 200 + 2 * XORChunk.samplesMax, "\(kept.count)")
    #expect(store.chunkBytes < bytes)
    #expect(store.seriesCount == 1)
    #expect(registry.gauge(MetricCatalog.tsdbSeries).value == 1)
  }

  @Test func `gives the room of a series that ended to a new one, and stores nothing under the old reference`() throws {
    let store = store(seriesMax: 1, retention: 1000)
    let old = try #require(try store.reference(to: "old"))
    store.append([(old, 1)], at: 0)
    store.dropExpired(at: 5000)
    let new = try #require(try store.reference(to: "new"))
    store.append([(new, 2), (old, 3)], at: 6000)
    #expect(try store.points("{__name__=~\".+\"}", 0...9000) == ["new": [Point(6000, 2)]])
    #expect(rejected("expired") == 1)
  }

  @Test func `says which references of a long batch have expired`() throws {
    let store = store(seriesMax: 1000, retention: 1000)
    let ended = try #require(try store.reference(to: "ended"))
    store.append([(ended, 1)], at: 0)
    store.dropExpired(at: 5000)
    var batch = try (0..<600).map { (try #require(try store.reference(to: "s{n=\"\($0)\"}")), Double($0)) }
    for place in [3, 400, 599] { batch[place].0 = ended }
    #expect(store.append(batch, at: 6000) == [3, 400, 599])
    #expect(try store.points("s{n=\"401\"}", 0...9000).values.first == [Point(6000, 401)])
  }

  @Test func `bounds its memory by series and retention whatever is appended`() throws {
    let store = store(seriesMax: 50, retention: 600_000)
    var largest = 0
    for second in 0..<4000 {
      let series = (0..<3).compactMap { try? store.reference(to: "s{n=\"\(second / 100 + $0)\"}") }
      store.append(series.map { ($0, Double(second)) }, at: Int64(second) * 1000)
      if second % 60 == 0 { store.dropExpired(at: Int64(second) * 1000) }
      largest = max(largest, store.chunkBytes)
    }
    #expect(store.seriesCount <= 50)
    #expect(largest < 50 * 8 * XORChunk.samplesMax * 4)
  }

  @Test func `finds series by every kind of matcher`() throws {
    let store = store()
    for text in ["a{x=\"1\"}", "a{x=\"2\"}", "a{y=\"1\"}", "b{x=\"1\"}"] {
      store.append([(try #require(try store.reference(to: text)), 1)], at: 0)
    }
    func found(_ selector: String) throws -> [String] { try store.points(selector, 0...10).keys.sorted() }
    #expect(try found("a") == ["a{x=\"1\"}", "a{x=\"2\"}", "a{y=\"1\"}"])
    #expect(try found("{x=\"1\"}") == ["a{x=\"1\"}", "b{x=\"1\"}"])
    #expect(try found("{__name__=~\"a|b\",x!=\"\"}") == ["a{x=\"1\"}", "a{x=\"2\"}", "b{x=\"1\"}"])
    #expect(try found("a{x=\"\"}") == ["a{y=\"1\"}"])
    #expect(try found("a{x!~\"1|\"}") == ["a{x=\"2\"}"])
    #expect(try found("{x=~\"1|1|2\",y=\"\"}") == ["a{x=\"1\"}", "a{x=\"2\"}", "b{x=\"1\"}"])
    #expect(try found("c").isEmpty)
  }

  @Test func `lists label names and values, of all series or of those that match and lived in the window`() throws {
    let store = store()
    for (text, time) in [("a{x=\"1\",z=\"9\"}", 1000), ("a{x=\"2\"}", 5000), ("b{y=\"3\"}", 5000)] as [(String, Int64)]
    {
      store.append([(try #require(try store.reference(to: text)), 1)], at: time)
    }
    let all: ClosedRange<Int64> = 0...10_000
    let a = try [SeriesSelector(parsing: "a")]
    #expect(try store.labelNames(window: all) == ["__name__", "x", "y", "z"])
    #expect(try store.labelNames(a, window: all) == ["__name__", "x", "z"])
    #expect(try store.labelNames(a, window: 2000...10_000) == ["__name__", "x"])
    #expect(try store.labelValues("x", window: all) == ["1", "2"])
    #expect(try store.labelValues("x", a, window: 0...4000) == ["1"])
    #expect(try store.labelValues("__name__", window: all) == ["a", "b"])
    #expect(try store.labelValues("nope", window: all).isEmpty)
    let twice = try [SeriesSelector(parsing: "a"), SeriesSelector(parsing: "{x=\"2\"}")]
    #expect(try store.series(twice, window: all).map(\.text).sorted() == ["a{x=\"1\",z=\"9\"}", "a{x=\"2\"}"])
  }

  @Test func `sees a series that appears after its selector was first asked for`() throws {
    let store = store()
    #expect(try store.points("late", 0...10).isEmpty)
    store.append([(try #require(try store.reference(to: "late")), 1)], at: 5)
    #expect(try store.points("late", 0...10).count == 1)
  }
}
