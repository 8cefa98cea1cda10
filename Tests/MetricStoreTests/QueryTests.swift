import BreakwaterTesting
import MetricStore
import PromQL
import Telemetry
import Testing

/// Queries over compressed chunks and over plain arrays give the same answers.
@Suite struct `A query over the store` {
  /// Every series in an array, every selector tried on each.
  private struct Arrays: SeriesSource {
    var series: [(labels: Labels, points: [Point])] = []

    func select(
      _ selector: SeriesSelector, window: ClosedRange<Int64>, shouldStop: () -> Bool
    ) -> any SelectedSeries {
      Selection(series: series.filter { selector.matches($0.labels) })
    }

    struct Selection: SelectedSeries {
      let series: [(labels: Labels, points: [Point])]

      var count: Int { series.count }
      func labels(at index: Int) -> Labels { series[index].labels }

      func load(_ index: Int, window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
        for point in series[index].points where window.contains(point.time) {
          samples.append(timestamp: point.time, value: Double(bitPattern: point.bits))
        }
      }
    }
  }

  private static let queries = [
    "m", "m{a=\"1\"}", "m{a=~\"1|2\",b!=\"x\"}", "{__name__=~\"m|n\"}", "m offset 5m", "m @ 900", "sum by (a) (m)",
    "rate(n[5m])", "increase(n[90s])", "irate(n[3m])", "delta(m[10m])", "changes(m[10m])", "resets(n[10m])",
    "max_over_time(m[7m])", "quantile_over_time(0.9, m[5m])", "avg_over_time(m[30m] offset 2m)", "deriv(m[5m])",
    "predict_linear(m[5m], 60)", "absent(m{a=\"none\"})", "absent_over_time(n[1m])", "topk(2, m)", "timestamp(m)",
    "last_over_time(m[1h])", "count_over_time(n[1h])", "m / on (a, b) n", "m and n", "m unless on (a) n{b=\"y\"}",
    "max_over_time(rate(n[2m])[10m:1m])", "stddev_over_time(m[20m])", "quantile(0.5, m)", "count_values(\"v\", m)",
    "present_over_time(m[4m])", "holt_winters(m[15m], 0.5, 0.5)",
  ]

  private func sources(_ random: inout SeededRandom) throws -> (MetricStore, Arrays) {
    let store = MetricStore(metrics: MetricRegistry())
    var arrays = Arrays()
    for name in ["m", "n"] {
      for (a, b) in [("1", "x"), ("2", "x"), ("1", "y"), ("3", "y")] {
        let labels = try Labels([("__name__", name), ("a", a), ("b", b)])
        let reference = try #require(store.reference(labels))
        var points: [Point] = []
        var time = Int64.random(in: 0...60_000, using: &random)
        var value = 0.0
        while time < 3_600_000 {
          let isGap = random.chance(2)
          points.append(Point(time, isGap ? SampleValue.staleMarker : random.chance(1) ? .nan : value))
          time += isGap ? Int64.random(in: 60_000...600_000, using: &random) : random.chance(80) ? 5000 : 7001
          if name == "n" {
            value = random.chance(3) ? 0 : value + Double(Int.random(in: 0...9, using: &random))
          } else {
            value = Double.random(in: -100...100, using: &random)
          }
        }
        for point in points { store.append([(reference, Double(bitPattern: point.bits))], at: point.time) }
        arrays.series.append((labels, points))
      }
    }
    return (store, arrays)
  }

  /// Series sorted by their labels, values by their bits.
  private func text(_ series: [SampledSeries]) -> [String] {
    series.map { one in
      "\(one.labels.text): "
        + one.samples.map { "\($0.timestamp)=\(String($0.value.bitPattern, radix: 16))" }
        .joined(separator: " ")
    }.sorted()
  }

  @Test(arguments: queries)
  func `answers as over plain arrays`(query: String) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var random = SeededRandom(seed)
      let (store, arrays) = try sources(&random)
      let engine = Engine()
      let expression = try Expression(query)
      let window: ClosedRange<Int64> = 600_000...3_900_000
      let a = try engine.range(expression, over: window, stepMilliseconds: 47_000, in: store)
      let b = try engine.range(expression, over: window, stepMilliseconds: 47_000, in: arrays)
      #expect(text(a) == text(b), "seed \(seed)")
      for time in [0, 123_456, 1_800_000, 4_000_000] as [Int64] {
        let a = try engine.instant(expression, at: time, in: store)
        let b = try engine.instant(expression, at: time, in: arrays)
        guard case .vector(let left) = a, case .vector(let right) = b else { continue }
        func lines(_ vector: [LabeledValue]) -> [String] {
          vector.map { "\($0.labels.text) \(String($0.value.bitPattern, radix: 16))" }.sorted()
        }
        #expect(lines(left) == lines(right), "seed \(seed) at \(time)")
      }
    }
  }
}
