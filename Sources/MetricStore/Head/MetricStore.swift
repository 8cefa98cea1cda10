// public: samples are appended by reference once per series and tick.

public import PromQL
import Synchronization
package import Telemetry

/// Time series in memory: compressed chunks per series, found by label. The source of every query and alert rule.
public final class MetricStore: SeriesSource, Sendable {
  package struct Settings: Sendable {
    package var seriesMax = 50_000
    /// Samples older than this are dropped, a chunk at a time.
    package var retentionMilliseconds: Int64 = 6 * 3600 * 1000

    package init() {}
  }

  /// Stands for a series; appending by it hashes nothing.
  public struct Reference: Hashable, Sendable {
    let index: Int
  }

  /// Why a sample was not stored; the `reason` label of `breakwater_tsdb_samples_rejected_total`.
  package enum Rejection: String, CaseIterable, Sendable {
    case outOfOrder = "out_of_order"
    case duplicate
    case seriesLimit = "series_limit"
  }

  let settings: Settings
  let state: Mutex<HeadState>
  private let samples: Counter
  private let rejected: MetricFamily
  private let seriesGauge: Gauge

  package init(_ settings: Settings = Settings(), metrics: MetricRegistry) {
    self.settings = settings
    state = Mutex(HeadState())
    samples = metrics.counter(MetricCatalog.tsdbSamples)
    rejected = metrics.family(MetricCatalog.tsdbRejected)
    seriesGauge = metrics.gauge(MetricCatalog.tsdbSeries)
    metrics.gauge(MetricCatalog.tsdbSeriesLimit).set(Double(settings.seriesMax))
    for reason in Rejection.allCases { _ = rejected.counter(reason.rawValue) }
  }

  /// The series with these labels, made on first use; nil when the store has as many as it may.
  package func reference(_ labels: Labels) -> Reference? {
    let (index, count) = state.withLock { state in
      (state.index(of: labels, seriesMax: settings.seriesMax), state.series.count)
    }
    seriesGauge.set(Double(count))
    guard let index else {
      rejected.counter(Rejection.seriesLimit.rawValue).increment()
      return nil
    }
    return Reference(index: index)
  }

  /// Appends one sample to each of several series, at one time. Samples not after the series' last one are counted and left out.
  package func append(_ batch: [(Reference, Double)], at time: Int64) {
    let (stored, outOfOrder, duplicates) = state.withLock { state in
      var result = (0, 0, 0)
      for (reference, value) in batch {
        switch state.series[reference.index].append(time, value) {
        case nil: result.0 += 1
        case .outOfOrder?: result.1 += 1
        default: result.2 += 1
        }
      }
      return result
    }
    samples.increment(by: stored)
    if outOfOrder > 0 { rejected.counter(Rejection.outOfOrder.rawValue).increment(by: outOfOrder) }
    if duplicates > 0 { rejected.counter(Rejection.duplicate.rawValue).increment(by: duplicates) }
  }

  /// Drops chunks that ended before the retention.
  package func dropExpired(at now: Int64) {
    state.withLock { state in
      for index in state.series.indices { state.series[index].drop(before: now - settings.retentionMilliseconds) }
    }
  }

  package var seriesCount: Int { state.withLock { $0.series.count } }

  // MARK: Queries

  public func select(
    _ selector: SeriesSelector, window: ClosedRange<Int64>, shouldStop: () -> Bool
  ) throws(SeriesSourceError) -> any SelectedSeries {
    state.withLock { state in
      HeadSelection(series: state.matching(selector, shouldStop: shouldStop).map { state.series[$0] })
    }
  }

  /// Label names of all series, sorted.
  package func labelNames() -> [String] {
    state.withLock { $0.postings.keys.sorted() }
  }

  /// Values of one label, sorted.
  package func labelValues(_ name: String) -> [String] {
    state.withLock { $0.postings[name]?.keys.sorted() ?? [] }
  }

  /// Label sets of the matching series that have a sample in `window`.
  package func series(_ selector: SeriesSelector, window: ClosedRange<Int64>) -> [Labels] {
    state.withLock { state in
      state.matching(selector, shouldStop: { false }).map { state.series[$0] }.filter { $0.overlaps(window) }.map(\.labels)
    }
  }
}

/// Series of one selection, as they were when it was made.
private struct HeadSelection: SelectedSeries {
  let series: [HeadSeries]

  var count: Int { series.count }
  func labels(at index: Int) -> Labels { series[index].labels }

  func load(
    _ index: Int, window: ClosedRange<Int64>, into samples: inout SampleBuffer
  ) throws(SeriesSourceError) {
    series[index].load(window, into: &samples)
  }

  func latest(_ index: Int, window: ClosedRange<Int64>) throws(SeriesSourceError) -> Sample? {
    let last = series[index].last
    if let last, window.contains(last.timestamp) { return last }
    guard let last, last.timestamp > window.upperBound else { return nil }
    var samples = SampleBuffer()
    series[index].load(window, into: &samples)
    return samples.last
  }
}
