import PromQL
package import Telemetry

/// Takes the process's own metrics into the store, once a tick. Confined to its caller.
package struct RegistrySampling {
  private var sampler: MetricSampler
  private let store: MetricStore
  /// References of the series seen so far, per family.
  private var references: [[MetricStore.Reference?]] = []

  package init(_ registry: MetricRegistry, into store: MetricStore) {
    sampler = MetricSampler(registry)
    self.store = store
  }

  /// One sample of every series, at `time` in Unix milliseconds.
  package mutating func sample(at time: Int64) {
    var batch: [(MetricStore.Reference, Double)] = []
    var references = references
    let store = store
    sampler.sample(
      newSeries: { family, series in
        while references.count <= family { references.append([]) }
        let pairs = [("__name__", series.name)] + series.labels.map { ($0.name, $0.value) }
        let labels = try? Labels(pairs.map { (name: $0.0, value: $0.1) })
        references[family].append(labels.flatMap(store.reference))
      },
      values: { family, values in
        guard family < references.count else { return }
        for (reference, value) in zip(references[family], values) {
          if let reference { batch.append((reference, value)) }
        }
      })
    self.references = references
    store.append(batch, at: time)
  }
}
