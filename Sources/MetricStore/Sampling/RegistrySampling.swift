import PromQL
package import Telemetry

/// Takes the process's own metrics into the store, once a tick. Confined to its caller.
package struct RegistrySampling {
  private var sampler: MetricSampler
  private let store: MetricStore
  /// Series seen so far, per family; without a reference where the store had no room.
  private var series: [[(labels: Labels, reference: MetricStore.Reference?)]] = []
  private var lastTime: Int64?
  private let startedAt: Int64?

  /// - Parameter startedAt: when the process started, Unix milliseconds: its counters stood at zero then. An earlier
  ///   process's samples of the same series end before it.
  package init(_ registry: MetricRegistry, into store: MetricStore, startedAt: Int64? = nil) {
    sampler = MetricSampler(registry)
    self.store = store
    self.startedAt = startedAt
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
    let zeroTime = lastTime ?? startedAt
    var born: [(MetricStore.Reference, Double)] = []
    var batch: [(MetricStore.Reference, Double)] = []
    var places: [(family: Int, index: Int)] = []
    var cited: [(MetricStore.Reference, Exemplar)] = []
    batch.reserveCapacity(series.reduce(0) { $0 + $1.count })
    places.reserveCapacity(batch.capacity)
    sampler.sample(
      only: only,
      newSeries: { family, description in
        while series.count <= family { series.append([]) }
        guard let labels = description.labelSet else { preconditionFailure("metrics have proper label names") }
        let reference = store.reference(labels)
        series[family].append((labels, reference))
        if zeroTime != nil, description.isCounting, let reference { born.append((reference, 0)) }
      },
      values: { family, values in
        guard family < series.count else { return }  // it has no children yet
        for (index, value) in values.enumerated() where index < series[family].count {
          guard let reference = series[family][index].reference else { continue }
          batch.append((reference, value))
          places.append((family, index))
        }
      },
      exemplars: { family, index, exemplar in
        guard family < series.count, index < series[family].count, let reference = series[family][index].reference,
          let labels = try? Labels(exemplar.labels.map { ($0.name, $0.value) })
        else { return }
        cited.append((reference, Exemplar(labels: labels, value: exemplar.value, timestamp: exemplar.time)))
      })
    if let zeroTime, !born.isEmpty { store.append(born, at: min(zeroTime, time - 1)) }
    for position in store.append(batch, at: time) {
      let (family, index) = places[position]
      series[family][index].reference = store.reference(series[family][index].labels)
    }
    for (reference, exemplar) in cited { store.append(exemplar, of: reference) }
    lastTime = time
  }
}

extension SeriesDescription {
  fileprivate var labelSet: Labels? {
    try? Labels([(name: "__name__", value: name)] + labels.map { (name: $0.name, value: $0.value) })
  }
}
