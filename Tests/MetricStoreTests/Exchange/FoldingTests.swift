import PromQL
import Synchronization
import Telemetry
import Testing

@testable import MetricStore

/// Received series that find no room, and who is told what came in.
@Suite struct `Received samples` {
  private let registry = MetricRegistry()
  private let store: MetricStore
  private let intake: MetricIntake

  /// Room for two received series; two more for what is folded.
  init() {
    var settings = MetricStore.Settings()
    settings.seriesMax = 22
    settings.seriesReserved = 20
    store = MetricStore(settings, metrics: registry)
    intake = MetricIntake(store, metrics: registry, now: { 1_000_000 })
  }

  private func request(_ series: [(labels: String, time: Int64, value: Double)]) throws -> [UInt8] {
    var message: [UInt8] = []
    for (labels, time, value) in series {
      var encoded: [UInt8] = []
      for (name, text) in try Labels(parsing: labels).pairs {
        var pair: [UInt8] = []
        pair.append(field: 1, bytes: Array(name.utf8))
        pair.append(field: 2, bytes: Array(text.utf8))
        encoded.append(field: 1, bytes: pair)
      }
      var sample: [UInt8] = [0x09]
      sample.append(little64: value.bitPattern)
      sample.append(0x10)
      sample.append(uvarint: UInt64(time))
      encoded.append(field: 2, bytes: sample)
      message.append(field: 1, bytes: encoded)
    }
    return Snappy.compress(message)
  }

  private func write(
    _ series: [(labels: String, time: Int64, value: Double)], tenant: String? = nil, to intake: MetricIntake? = nil
  ) throws -> MetricIntake.Outcome {
    let body = try request(series)
    return try body.withUnsafeBytes { try (intake ?? self.intake).remoteWrite($0, tenant: tenant) }
  }

  private func write(_ name: String, at time: Int64, _ values: [Double]) throws -> MetricIntake.Outcome {
    try write(values.enumerated().map { ("\(name){shard=\"\($0.offset)\"}", time, $0.element) })
  }

  private var folded: Double {
    registry.family(MetricCatalog.telemetryFolded).counter("remote_write", "series_limit").value
  }

  @Test func `of counters over the cap add up in _other, from when they were first seen`() throws {
    #expect(try write("a_total", at: 1000, [1, 2, 300, 4000]) == MetricIntake.Outcome(stored: 2, folded: 2))
    #expect(try write("a_total", at: 2000, [1, 2, 310, 4001]).refused.isEmpty)
    #expect(try write("a_total", at: 3000, [1, 2, 5, 4001]).refused.isEmpty)
    let points = try store.points("a_total", 0...10_000)
    #expect(points["a_total{shard=\"0\"}"] == [Point(1000, 1), Point(2000, 1), Point(3000, 1)])
    #expect(points["a_total{shard=\"_other\"}"] == [Point(1000, 0), Point(2000, 11), Point(3000, 16)])
    #expect(points.count == 3)
    #expect(folded == 6)
    #expect(registry.family(MetricCatalog.labelOverflow).counter("a_total", "*").value == 2, "series, not samples")
    #expect(registry.family(MetricCatalog.tsdbRejected).counter("series_limit").value == 0)
  }

  @Test func `of gauges over the cap show the sum of their last values, also when they come apart or end`() throws {
    _ = try write("a", at: 1000, [0, 0, 5, 7])
    _ = try write([("a{shard=\"2\"}", 2000, 6)])
    _ = try write([("a{shard=\"3\"}", 2000, 9)])
    _ = try write([("a{shard=\"3\"}", 3000, SampleValue.staleMarker)])
    #expect(
      try store.points("a{shard=\"_other\"}", 0...10_000)["a{shard=\"_other\"}"]
        == [Point(1000, 12), Point(2000, 13), Point(3000, 6)])
  }

  @Test func `over the cap stay with their tenant, and keep the bounds of histograms`() throws {
    _ = try write("a", at: 1000, [0, 0])
    _ = try write([("b_bucket{le=\"1\",path=\"/x\"}", 1000, 3)], tenant: "t1")
    _ = try write([("b_bucket{le=\"1\",path=\"/y\"}", 1000, 4)], tenant: "t2")
    let points = try store.points("b_bucket", 0...10_000)
    #expect(
      Set(points.keys) == [
        "b_bucket{le=\"1\",path=\"_other\",tenant=\"t1\"}", "b_bucket{le=\"1\",path=\"_other\",tenant=\"t2\"}",
      ])
  }

  @Test func `are refused by reason when there is no room for another _other`() throws {
    _ = try write("a", at: 1000, [0, 0, 1])
    _ = try write([("b{x=\"1\"}", 1000, 3)])
    #expect(try write([("c{x=\"1\"}", 1000, 3)]).refused == ["series_limit": 1])
    #expect(registry.family(MetricCatalog.tsdbRejected).counter("series_limit").value == 1)
  }

  @Test func `over the cap that come by OTLP add up too`() throws {
    _ = try write("a", at: 1000, [0, 0])
    func body(_ value: Int, at seconds: Int) -> [UInt8] {
      Array(
        """
        {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"jobs","gauge":{"dataPoints":[
        {"asInt":"\(value)","timeUnixNano":"\(seconds)000000000","attributes":[{"key":"q","value":{"stringValue":"x"}}]}
        ]}}]}]}]}
        """.utf8)
    }
    #expect(try intake.otlp(json: body(4, at: 1), tenant: nil).folded == 1)
    #expect(try intake.otlp(json: body(5, at: 2), tenant: nil).folded == 1)
    #expect(try store.points("jobs", 0...10_000) == ["jobs{q=\"_other\"}": [Point(1000, 4), Point(2000, 5)]])
  }

  @Test func `say which metrics they are of, so that rules look at once`() throws {
    let seen = Names()
    let intake = MetricIntake(store, metrics: registry, now: { 1_000_000 }, moved: seen.take)
    _ = try write([("a{x=\"1\"}", 1000, 1), ("b", 1000, 1), ("c", 1000, 1)], to: intake)
    _ = try write([("b", 2000, 1)], to: intake)
    _ = try intake.otlp(
      json: Array(
        #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"asInt":"1","timeUnixNano":"3000000000","attributes":[{"key":"x","value":{"stringValue":"1"}}]}]}}]}]}]}"#
          .utf8), tenant: nil)
    #expect(seen.all == [["a", "b", "c"], ["b"], ["a"]])
  }
}

private final class Names: Sendable {
  private let names = Mutex<[Set<String>]>([])

  @Sendable func take(_ moved: Set<String>) { names.withLock { $0.append(moved) } }
  var all: [Set<String>] { names.withLock { $0 } }
}
