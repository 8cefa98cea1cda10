import PromQL
import Synchronization
import Telemetry

extension MetricIntake {
  /// Stores an OTLP `ExportMetricsServiceRequest`. Points that have no place here (deltas, exponential histograms) are
  /// refused; the others are stored.
  package func otlp(protobuf body: [UInt8], tenant: String?) throws(Problem) -> Outcome {
    guard body.count <= Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
    guard let metrics = body.withUnsafeBytes({ OTLPMetrics(protobuf: $0) }) else {
      throw .malformed("the message is not an ExportMetricsServiceRequest in protobuf")
    }
    return try store(metrics, .otlpProtobuf, tenant: tenant)
  }

  /// The same in JSON.
  package func otlp(json body: [UInt8], tenant: String?) throws(Problem) -> Outcome {
    guard body.count <= Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
    guard let metrics = OTLPMetrics(json: body) else {
      throw .malformed("the message is not an ExportMetricsServiceRequest in JSON")
    }
    return try store(metrics, .otlpJSON, tenant: tenant)
  }

  private func store(_ metrics: OTLPMetrics, _ format: Format, tenant: String?) throws(Problem) -> Outcome {
    guard store.isRestored else { throw .notReady }
    var translation = OTLPTranslation(self, tenant: tenant)
    for resource in metrics.resources { translation.add(resource) }
    var outcome = translation.outcome
    // In order of time, so that a series' zero comes before its value.
    var batch = translation.batch.sorted { $0.sample.timestamp < $1.sample.timestamp }
    let own = batch.count
    if outcome.folded > 0 { batch += takeFolded().map { ($0.reference, $0.sample, false) } }
    let stored = store.store(batch.count) { (batch[$0].reference, batch[$0].sample) }
    let refused = stored.refused.filter { $0.0 < own }
    for (index, reason) in refused where !batch[index].isImplied { outcome.refuse(reason) }
    outcome.stored = own - refused.count
    for (reference, exemplar) in translation.exemplars { store.append(exemplar, of: reference) }
    count(outcome, format)
    moved(translation.metrics)
    guard stored.isDurable else { throw .notDurable }
    return outcome
  }
}

/// Turns OTLP points into samples of Prometheus series.
private struct OTLPTranslation {
  let intake: MetricIntake
  let tenant: String?
  private let now: Int64
  var outcome = MetricIntake.Outcome()
  /// `isImplied`: a zero at the start of a counter, which the sender did not send itself.
  var batch: [(reference: MetricStore.Reference, sample: Sample, isImplied: Bool)] = []
  var exemplars: [(MetricStore.Reference, Exemplar)] = []
  /// Names of the metrics samples came for.
  private(set) var metrics: Set<String> = []

  /// How far back a counter's start is worth a sample: it matters to the windows of rules, and must not open old blocks.
  private static let startMillisecondsMax: Int64 = 3_600_000

  init(_ intake: MetricIntake, tenant: String?) {
    self.intake = intake
    self.tenant = tenant
    now = intake.now()
  }

  mutating func add(_ resource: OTLPMetrics.Resource) {
    let attributes = Dictionary(resource.attributes.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    var common: [(String, String)] = []
    if let service = attributes["service.name"] {
      common.append(("job", attributes["service.namespace"].map { "\($0)/\(service)" } ?? service))
    }
    if let instance = attributes["service.instance.id"] { common.append(("instance", instance)) }
    var newest: UInt64 = 0
    for metric in resource.metrics {
      for point in metric.points {
        newest = max(newest, point.time)
        add(point, of: metric, common)
      }
    }
    guard !common.isEmpty, newest > 0 else { return }
    let identity: Set = ["service.name", "service.namespace", "service.instance.id"]
    let rest = resource.attributes.filter { !identity.contains($0.name) }
    append("target_info", common + rest.map { (MetricNaming.label($0.name), $0.value) }, 1, at: newest, start: 0)
  }

  private mutating func add(_ point: OTLPMetrics.Point, of metric: OTLPMetrics.Metric, _ common: [(String, String)]) {
    let name = MetricNaming.metric(metric.name, unit: metric.unit, kind: metric.kind)
    guard !metric.isDelta, metric.kind != .exponential else {
      outcome.refused[metric.isDelta ? "delta" : "exponential_histogram", default: 0] += 1
      return
    }
    let labels = point.attributes.map { (MetricNaming.label($0.name), $0.value) } + common
    if tenant == nil {
      intake.metadata.note(name, MetadataBook.Entry(type: Self.type(metric.kind), help: metric.help, unit: ""))
    }
    switch metric.kind {
    case .gauge: append(name, labels, point.value, point, start: 0)
    case .sum(let isMonotonic):
      let reference = append(name, labels, point.value, point, start: isMonotonic ? point.start : 0)
      keep(point.exemplars, reference)
    case .histogram: addHistogram(point, name, labels)
    case .summary:
      append(name + "_count", labels, Double(point.count), point, start: point.start)
      append(name + "_sum", labels, point.sum ?? .nan, point, start: point.start)
      for (quantile, value) in point.quantiles {
        append(name, labels + [("quantile", GoFloat.sampleValue(quantile))], value, point, start: 0)
      }
    case .exponential: break
    }
  }

  private static func type(_ kind: OTLPMetrics.Metric.Kind) -> String {
    switch kind {
    case .gauge, .sum(isMonotonic: false): "gauge"
    case .sum: "counter"
    case .histogram, .exponential: "histogram"
    case .summary: "summary"
    }
  }

  private mutating func addHistogram(_ point: OTLPMetrics.Point, _ name: String, _ labels: [(String, String)]) {
    guard point.bucketCounts.isEmpty || point.bucketCounts.count == point.bounds.count + 1 else {
      outcome.refused["malformed", default: 0] += 1
      return
    }
    append(name + "_count", labels, Double(point.count), point, start: point.start)
    if let sum = point.sum { append(name + "_sum", labels, sum, point, start: point.start) }
    var cumulative: UInt64 = 0
    var lower = -Double.infinity
    for (index, bound) in (point.bounds + [.infinity]).enumerated() {
      if index < point.bucketCounts.count { cumulative &+= point.bucketCounts[index] }
      let count = bound == .infinity ? point.count : cumulative
      let edge = bound == .infinity ? "+Inf" : GoFloat.sampleValue(bound)
      let reference = append(name + "_bucket", labels + [("le", edge)], Double(count), point, start: point.start)
      keep(point.exemplars.filter { $0.value > lower && $0.value <= bound }, reference)
      lower = bound
    }
  }

  private mutating func keep(_ found: [OTLPMetrics.Exemplar], _ reference: MetricStore.Reference?) {
    guard let reference else { return }
    for exemplar in found.prefix(10) {
      var pairs = exemplar.attributes.map { (MetricNaming.label($0.name), $0.value) }
      if !exemplar.traceID.isEmpty { pairs.insert(("trace_id", exemplar.traceID), at: 0) }
      if !exemplar.spanID.isEmpty { pairs.insert(("span_id", exemplar.spanID), at: 0) }
      // As many as fit.
      while pairs.reduce(0, { $0 + $1.0.count + $1.1.count }) > Exemplar.labelCharactersMax { pairs.removeLast() }
      guard let labels = try? Labels(pairs) else { continue }
      exemplars.append(
        (reference, Exemplar(labels: labels, value: exemplar.value, timestamp: Self.milliseconds(exemplar.time))))
    }
  }

  @discardableResult
  private mutating func append(
    _ name: String, _ labels: [(String, String)], _ value: Double, _ point: OTLPMetrics.Point, start: UInt64
  ) -> MetricStore.Reference? {
    append(name, labels, point.isStale ? SampleValue.staleMarker : value, at: point.time, start: start)
  }

  @discardableResult
  private mutating func append(
    _ name: String, _ labels: [(String, String)], _ value: Double, at nanoseconds: UInt64, start: UInt64
  ) -> MetricStore.Reference? {
    let time = nanoseconds == 0 ? now : Self.milliseconds(nanoseconds)
    // Of two attributes that become one label the last counts.
    let pairs = Dictionary(labels + [("__name__", name)], uniquingKeysWith: { $1 })
    guard let set = try? Labels(pairs.map { ($0.key, $0.value) }) else {
      refuse(.invalidLabels)
      return nil
    }
    switch MetricIntake.admitted(set, tenant: tenant) {
    case .failure(let refused):
      refuse(refused.reason)
      return nil
    case .success(let admitted):
      guard time <= now + MetricIntake.aheadMillisecondsMax else {
        refuse(.tooFarAhead)
        return nil
      }
      guard let reference = intake.reference(admitted) else {
        if intake.fold(Sample(timestamp: time, value: value), of: admitted) {
          outcome.folded += 1
        } else {
          refuse(.seriesLimit)
        }
        return nil
      }
      metrics.insert(name)
      // Reported within the millisecond it began in, it still began before.
      let startTime = min(Self.milliseconds(start), time - 1)
      if start > 0, Self.milliseconds(start) <= time, startTime >= now - Self.startMillisecondsMax,
        intake.store.lastTime(of: reference).map({ $0 < startTime }) ?? true
      {
        batch.append((reference, Sample(timestamp: startTime, value: 0), true))
      }
      batch.append((reference, Sample(timestamp: time, value: value), false))
      return reference
    }
  }

  private mutating func refuse(_ reason: MetricStore.Rejection) {
    outcome.refuse(reason)
    intake.store.reject(reason)
  }

  private static func milliseconds(_ nanoseconds: UInt64) -> Int64 { Int64(nanoseconds / 1_000_000) }
}

extension MetricStore {
  /// Time of a series' newest sample in memory.
  func lastTime(of reference: Reference) -> Int64? {
    state.withLock { state in
      guard let series = state.head.series[reference.place], series.identity == reference.identity else { return nil }
      return series.last?.timestamp
    }
  }
}
