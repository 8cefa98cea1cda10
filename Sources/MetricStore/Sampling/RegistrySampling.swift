import PromQL
package import Telemetry

/// Takes the process's own metrics into the store, once a tick. Confined to its caller.
package struct RegistrySampling {
  private var sampler: MetricSampler
  private let store: MetricStore
  /// References of the series seen so far, per family; nil where the store had no room.
  private var references: [[MetricStore.Reference?]] = []
  private var lastTime: Int64?

  package init(_ registry: MetricRegistry, into store: MetricStore) {
    sampler = MetricSampler(registry)
    self.store = store
  }

  /// One sample of every series, at `time` in Unix milliseconds.
  ///
  /// A counter that was born since the last sample was zero then, and is given that sample too: otherwise its first
  /// increment, often the only one, would be invisible to `increase()`. A time before the last one means that the clock
  /// was set back; what was stored after it is dropped.
  ///
  /// - Parameter only: families to sample, by name; nil samples all.
  package mutating func sample(at time: Int64, only: Set<String>? = nil) {
    if let lastTime, time < lastTime { store.truncate(after: time) }
    let isFirst = lastTime == nil
    var born: [(MetricStore.Reference, Double)] = []
    var batch: [(MetricStore.Reference, Double)] = []
    batch.reserveCapacity(references.reduce(0) { $0 + $1.count })
    sampler.sample(
      only: only,
      newSeries: { family, series in
        while references.count <= family { references.append([]) }
        let reference = store.reference(series)
        references[family].append(reference)
        if !isFirst, series.isCounting, let reference { born.append((reference, 0)) }
      },
      values: { family, values in
        guard family < references.count else { return }  // it has no children yet
        for (reference, value) in zip(references[family], values) {
          if let reference { batch.append((reference, value)) }
        }
      })
    if let lastTime, !born.isEmpty { store.append(born, at: min(lastTime, time - 1)) }
    store.append(batch, at: time)
    lastTime = time
  }
}

extension MetricStore {
  fileprivate func reference(_ series: SeriesDescription) -> Reference? {
    let pairs = [(name: "__name__", value: series.name)] + series.labels.map { (name: $0.name, value: $0.value) }
    return (try? Labels(pairs)).flatMap(reference)
  }
}
