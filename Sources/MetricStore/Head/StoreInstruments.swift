import Telemetry

/// What the store tells about itself.
struct StoreInstruments: Sendable {
  let samples: Counter
  let rejected: [MetricStore.Rejection: Counter]
  let series: Gauge
  let exemplars: Counter
  let journalFailures: Counter
  let journalDamage: Counter
  let blocks: Gauge
  let blockFailures: Counter
  let compactions: MetricFamily
  let sync: Histogram

  init(_ metrics: MetricRegistry, settings: MetricStore.Settings) {
    samples = metrics.counter(MetricCatalog.tsdbSamples)
    let family = metrics.family(MetricCatalog.tsdbRejected)
    rejected = Dictionary(
      uniqueKeysWithValues: MetricStore.Rejection.allCases.map { ($0, family.counter($0.rawValue)) })
    series = metrics.gauge(MetricCatalog.tsdbSeries)
    exemplars = metrics.counter(MetricCatalog.tsdbExemplars)
    journalFailures = metrics.counter(MetricCatalog.tsdbJournalFailures)
    journalDamage = metrics.counter(MetricCatalog.tsdbJournalDamage)
    blocks = metrics.gauge(MetricCatalog.tsdbBlocks)
    blockFailures = metrics.counter(MetricCatalog.tsdbBlockFailures)
    compactions = metrics.family(MetricCatalog.tsdbBlocksWritten)
    sync = metrics.histogram(MetricCatalog.tsdbWALFsync)
    metrics.gauge(MetricCatalog.tsdbSeriesLimit).set(Double(settings.seriesMax))
  }
}
