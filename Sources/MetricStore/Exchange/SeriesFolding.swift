import PromQL
import Telemetry

/// Adds up the samples of received series that found no room, in one series for each metric: what arrives is still seen,
/// though not whose it is. Labels of that series are `_other`, but for the tenant's and the bounds of histograms.
///
/// A counter, by the ending of its name, grows by what its series grow; anything else is the sum of their last values.
struct SeriesFolding {
  private struct Fold {
    let labels: Labels
    let isCounter: Bool
    var total = 0.0
    /// Not handed out yet.
    var pending: Sample?
    /// Of the last sample handed out.
    var lastTime = Int64.min
  }

  private var folds: [Fold] = []
  private var places: [Labels: Int] = [:]
  private var sources: [Labels: (fold: Int, last: Double)] = [:]
  private var touched: [Int] = []
  private var ready: [(labels: Labels, sample: Sample)] = []

  /// Series told apart, some 10 MiB; what further ones send is refused.
  private static let sourcesMax = 50_000
  private static let keptLabels: Set = ["__name__", "tenant", "le", "quantile"]
  private static let counterEndings = ["_total", "_count", "_sum", "_bucket"]

  enum Addition { case first, further, noRoom }

  /// Whether the series had been seen before, or there is no room for this one either.
  /// - Parameter hasRoom: whether a series with these labels can be stored.
  mutating func add(_ sample: Sample, of labels: Labels, hasRoom: (Labels) -> Bool) -> Addition {
    let known = sources[labels]
    guard let place = known?.fold ?? place(for: labels, hasRoom) else { return .noRoom }
    let isEnd = SampleValue.isStaleMarker(sample.value)
    guard isEnd || sample.value.isFinite else { return .further }
    if folds[place].isCounter {
      // Where a series stood when it was first seen is not growth.
      if !isEnd, let last = known?.last {
        folds[place].total += sample.value < last ? sample.value : sample.value - last
      }
    } else {
      folds[place].total += (isEnd ? 0 : sample.value) - (known?.last ?? 0)
    }
    sources[labels] = isEnd ? nil : (place, sample.value)
    note(sample.timestamp, place)
    return known == nil && !isEnd ? .first : .further
  }

  /// The samples to store, each series' in order of time.
  mutating func take() -> [(labels: Labels, sample: Sample)] {
    for place in touched {
      if let pending = folds[place].pending { release(pending, place) }
      folds[place].pending = nil
    }
    touched.removeAll()
    defer { ready = [] }
    return ready
  }

  private mutating func place(for labels: Labels, _ hasRoom: (Labels) -> Bool) -> Int? {
    guard sources.count < Self.sourcesMax, let folded = Self.folded(labels) else { return nil }
    if let place = places[folded] { return place }
    guard hasRoom(folded) else { return nil }
    let name = folded.metricName ?? ""
    folds.append(Fold(labels: folded, isCounter: Self.counterEndings.contains { name.hasSuffix($0) }))
    places[folded] = folds.count - 1
    return folds.count - 1
  }

  private mutating func note(_ time: Int64, _ place: Int) {
    if let pending = folds[place].pending {
      if time > pending.timestamp { release(pending, place) }
    } else {
      touched.append(place)
    }
    folds[place].pending = Sample(
      timestamp: max(time, folds[place].pending?.timestamp ?? time), value: folds[place].total)
  }

  /// What comes for a time that has been stored already shows in the next sample.
  private mutating func release(_ sample: Sample, _ place: Int) {
    guard sample.timestamp > folds[place].lastTime else { return }
    folds[place].lastTime = sample.timestamp
    ready.append((folds[place].labels, sample))
  }

  private static func folded(_ labels: Labels) -> Labels? {
    try? Labels(
      labels.pairs.map { ($0.name, keptLabels.contains($0.name) ? $0.value : MetricDefinition.overflowValue) })
  }
}
