// public: samples are appended by reference once per series and tick.

public import PromQL
import Synchronization
package import Telemetry

/// Time series in memory: compressed chunks per series, found by label. The source of every query and alert rule.
///
/// One lock, held for what is short: an append of all series of a tick, the look-up of a selector's series. Queries copy
/// the references to chunks under it and decode them afterwards.
public final class MetricStore: SeriesSource, Sendable {
  package struct Settings: Sendable {
    package var seriesMax = MetricRegistry.seriesMax
    /// Samples older than this are dropped, a chunk at a time, and with its last sample the series.
    package var retentionMilliseconds: Int64 = 6 * 3600 * 1000

    package init() {}
  }

  /// Stands for a series; appending by it hashes nothing. It ends with the series, `retentionMilliseconds` after its
  /// last sample.
  public struct Reference: Hashable, Sendable {
    let place: Int
    let identity: UInt64
  }

  /// Why a sample was not stored; the `reason` label of `breakwater_tsdb_samples_rejected_total`.
  package enum Rejection: String, CaseIterable, Sendable {
    case outOfOrder = "out_of_order"
    case duplicate
    case seriesLimit = "series_limit"
    /// The series of the reference has expired.
    case expired
  }

  let settings: Settings
  private let state = Mutex(HeadState())
  private let samples: Counter
  private let rejected: [Rejection: Counter]
  private let seriesGauge: Gauge

  package init(_ settings: Settings = Settings(), metrics: MetricRegistry) {
    self.settings = settings
    samples = metrics.counter(MetricCatalog.tsdbSamples)
    let family = metrics.family(MetricCatalog.tsdbRejected)
    rejected = Dictionary(uniqueKeysWithValues: Rejection.allCases.map { ($0, family.counter($0.rawValue)) })
    seriesGauge = metrics.gauge(MetricCatalog.tsdbSeries)
    metrics.gauge(MetricCatalog.tsdbSeriesLimit).set(Double(settings.seriesMax))
  }

  /// The series with these labels, made on first use; nil when the store has as many as it may.
  package func reference(_ labels: Labels) -> Reference? {
    let (reference, count) = state.withLock { state in
      let place = state.place(of: labels, seriesMax: settings.seriesMax)
      let reference = place.flatMap { place in
        state.identity(at: place).map { Reference(place: place, identity: $0) }
      }
      return (reference, state.count)
    }
    seriesGauge.set(Double(count))
    if reference == nil { reject(.seriesLimit) }
    return reference
  }

  /// Appends one sample to each of several series, at one time. Samples not after the series' last one are counted and
  /// left out.
  package func append(_ batch: [(Reference, Double)], at time: Int64) {
    var refusals: [Rejection] = []
    state.withLock { state in
      for (reference, value) in batch {
        if let refusal = state.append(time, value, at: reference.place, reference.identity) {
          refusals.append(refusal)
        }
      }
    }
    samples.increment(by: batch.count - refusals.count)
    for refusal in refusals { reject(refusal) }
  }

  private func reject(_ reason: Rejection) { rejected[reason]?.increment() }

  /// Drops chunks that ended before the retention, and series whose last sample is older than it.
  package func dropExpired(at now: Int64) {
    let count = state.withLock { state in
      state.expire(before: now - settings.retentionMilliseconds)
      return state.count
    }
    seriesGauge.set(Double(count))
  }

  /// Drops what was stored after `time`, for a clock that was set back: otherwise nothing could be stored until it has
  /// caught up, and every alert would be blind for as long.
  package func truncate(after time: Int64) {
    state.withLock { $0.truncate(after: time) }
  }

  package var seriesCount: Int { state.withLock { $0.count } }

  /// Bytes of compressed samples, without what a series costs by itself.
  package var chunkBytes: Int {
    state.withLock { state in state.series.reduce(0) { $0 + ($1?.chunkBytes ?? 0) } }
  }

  // MARK: Queries

  public func select(
    _ selector: SeriesSelector, window: ClosedRange<Int64>, shouldStop: () -> Bool
  ) throws(SeriesSourceError) -> any SelectedSeries {
    HeadSelection(series: state.withLock { $0.matching(selector, shouldStop: shouldStop) })
  }

  /// Label sets of the series that match one of `selectors` and have samples around `window`, each once.
  package func series(_ selectors: [SeriesSelector], window: ClosedRange<Int64>) -> [Labels] {
    var seen: Set<UInt64> = []
    return matching(selectors, window).filter { seen.insert($0.identity).inserted }.map(\.labels)
  }

  /// Label names, sorted: of all series, or of those that match one of `selectors` and have samples around `window`.
  package func labelNames(_ selectors: [SeriesSelector] = [], window: ClosedRange<Int64>) -> [String] {
    guard !selectors.isEmpty else { return state.withLock { $0.postings.keys.sorted() } }
    return Set(matching(selectors, window).flatMap { $0.labels.pairs.map(\.name) }).sorted()
  }

  /// Values of one label, sorted; of the series `labelNames` is about.
  package func labelValues(
    _ name: String, _ selectors: [SeriesSelector] = [], window: ClosedRange<Int64>
  ) -> [String] {
    guard !selectors.isEmpty else { return state.withLock { $0.postings[name]?.keys.sorted() ?? [] } }
    return Set(matching(selectors, window).compactMap { $0.labels[name] }).sorted()
  }

  private func matching(_ selectors: [SeriesSelector], _ window: ClosedRange<Int64>) -> [HeadSeries] {
    state.withLock { state in selectors.flatMap { state.matching($0, shouldStop: { false }) } }
      .filter { $0.overlaps(window) }
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
    guard let last = series[index].last, last.timestamp >= window.lowerBound else { return nil }
    if last.timestamp <= window.upperBound { return last }
    var samples = SampleBuffer()
    series[index].load(window, into: &samples)
    return samples.last
  }
}
