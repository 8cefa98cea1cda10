import PromQL
import Synchronization
import Telemetry

extension MetricIntake {
  /// Stores a remote_write 1.0 request: snappy-compressed protobuf
  /// (https://prometheus.io/docs/specs/prw/remote_write_spec/). What is wrong with single samples does not keep the
  /// others out.
  package func remoteWrite(_ body: UnsafeRawBufferPointer, tenant: String?) throws(Problem) -> Outcome {
    guard store.isRestored else { throw .notReady }
    var header = ByteReader(body)
    guard let length = header.uvarint() else { throw .malformed("the body is not snappy-compressed") }
    guard length <= UInt64(Self.bytesMax) else { throw .tooLarge(bytesMax: Self.bytesMax) }
    guard let message = Snappy.decompress(body, bytesMax: Self.bytesMax) else {
      throw .malformed("the body is not snappy-compressed")
    }
    let key = tenant ?? ""
    let result: Result<(Outcome, Set<String>), Problem> = caches.withLock { caches in
      if caches[key] == nil {
        if caches.count >= 500 { caches.removeAll() }
        caches[key] = SeriesCache(seed: store.settings.random())
      }
      var cache = caches.removeValue(forKey: key) ?? SeriesCache(seed: 0)
      defer { caches[key] = cache }
      return message.withUnsafeBytes { bytes in
        var request = RemoteWriteRequest(self, tenant, bytes)
        return Result { () throws(Problem) in (try request.store(&cache), request.metrics) }
      }
    }
    let (outcome, metrics) = try result.get()
    count(outcome, .remoteWrite)
    moved(metrics)
    return outcome
  }
}

/// One remote_write message on its way into the store.
private struct RemoteWriteRequest {
  let intake: MetricIntake
  let tenant: String?
  let bytes: UnsafeRawBufferPointer
  let latest: Int64
  var outcome = MetricIntake.Outcome()
  /// Samples to store, and which series of the message each is of.
  var batch: [(reference: MetricStore.Reference, sample: Sample)] = []
  var exemplars: [(MetricStore.Reference, Exemplar)] = []
  /// Names of the metrics samples came for.
  private(set) var metrics: Set<String> = []
  /// The last of them: series of one metric come together.
  private var lastMetric = -1

  init(_ intake: MetricIntake, _ tenant: String?, _ bytes: UnsafeRawBufferPointer) {
    self.intake = intake
    self.tenant = tenant
    self.bytes = bytes
    latest = intake.now() + MetricIntake.aheadMillisecondsMax
    batch.reserveCapacity(bytes.count / 64)
  }

  mutating func store(_ cache: inout SeriesCache) throws(MetricIntake.Problem) -> MetricIntake.Outcome {
    // A series that expired between two requests is looked up again, once.
    for isSecond in [false, true] {
      outcome = MetricIntake.Outcome()
      batch.removeAll(keepingCapacity: true)
      exemplars.removeAll()
      try read(&cache, looksUpAgain: isSecond)
      let count = batch.count
      if outcome.folded > 0 { batch += intake.takeFolded() }
      let stored = intake.store.store(batch.count) { (batch[$0].reference, batch[$0].sample) }
      let refused = stored.refused.filter { $0.0 < count }
      if !isSecond, refused.contains(where: { $0.1 == .expired }) { continue }
      for (_, reason) in refused { outcome.refuse(reason) }
      outcome.stored = count - refused.count
      for (reference, exemplar) in exemplars { intake.store.append(exemplar, of: reference) }
      guard stored.isDurable else { throw .notDurable }
      break
    }
    return outcome
  }

  private mutating func read(_ cache: inout SeriesCache, looksUpAgain: Bool) throws(MetricIntake.Problem) {
    var message = ProtobufReader(bytes)
    while let (number, field) = message.next() {
      switch (number, field) {
      case (1, .bytes(let series)): try readSeries(series, &cache, looksUpAgain)
      case (3, .bytes(let metadata)): readMetadata(metadata)
      default: break
      }
    }
    if message.isMalformed { throw .malformed("the message is not protobuf") }
  }

  /// What became of a series' labels.
  private enum Resolved {
    case found(MetricStore.Reference)
    /// There is no room for it.
    case crowdedOut(Labels)
    case refused(MetricStore.Rejection)
  }

  private mutating func readSeries(
    _ bytes: UnsafeRawBufferPointer, _ cache: inout SeriesCache, _ looksUpAgain: Bool
  ) throws(MetricIntake.Problem) {
    // Labels come first; their bytes are the key.
    var message = ProtobufReader(bytes)
    var series = Resolved.refused(.invalidLabels)
    var isResolved = false
    while true {
      let start = message.position
      guard let (number, field) = message.next() else { break }
      if number == 1 {
        if isResolved { throw .malformed("a series has labels after its samples") }
        continue
      }
      if !isResolved {
        isResolved = true
        series = try resolve(UnsafeRawBufferPointer(rebasing: bytes[..<start]), &cache, looksUpAgain)
      }
      switch (number, field) {
      case (2, .bytes(let sample)):
        take(try Self.sample(sample), of: series)
      case (3, .bytes(let exemplar)):
        if case .found(let reference) = series, let read = try Self.exemplar(exemplar), read.timestamp <= latest {
          exemplars.append((reference, read))
        }
      case (4, .bytes): refuse(.invalidLabels)  // native histograms have no place here
      default: break
      }
    }
    if message.isMalformed { throw .malformed("a series is not protobuf") }
  }

  @inline(__always)
  private mutating func take(_ sample: Sample, of series: Resolved) {
    switch series {
    case .refused(let reason): refuse(reason)
    case _ where sample.timestamp > latest: refuse(.tooFarAhead)
    case .found(let reference): batch.append((reference, sample))
    case .crowdedOut(let labels):
      if intake.fold(sample, of: labels) { outcome.folded += 1 } else { refuse(.seriesLimit) }
    }
  }

  private mutating func refuse(_ reason: MetricStore.Rejection) {
    outcome.refuse(reason)
    intake.store.reject(reason)
  }

  @inline(__always)
  private mutating func resolve(
    _ key: UnsafeRawBufferPointer, _ cache: inout SeriesCache, _ looksUpAgain: Bool
  ) throws(MetricIntake.Problem) -> Resolved {
    let hash = cache.hash(key)
    if !looksUpAgain, let known = cache.find(key, hash) {
      note(known, cache)
      return .found(known.reference)
    }
    return try resolveNew(key, hash, &cache)
  }

  private mutating func resolveNew(
    _ key: UnsafeRawBufferPointer, _ hash: UInt64, _ cache: inout SeriesCache
  ) throws(MetricIntake.Problem) -> Resolved {
    guard let labels = try Self.labels(key) else { return .refused(.invalidLabels) }
    switch MetricIntake.admitted(labels, tenant: tenant) {
    case .success(let admitted):
      guard let reference = intake.reference(admitted) else {
        metrics.insert(admitted.metricName ?? "")
        return .crowdedOut(admitted)
      }
      lastMetric = -1  // the cache may have started over, and numbers anew
      note(cache.set(key, hash, reference, of: admitted.metricName ?? ""), cache)
      return .found(reference)
    case .failure(let refused): return .refused(refused.reason)
    }
  }

  @inline(__always)
  private mutating func note(_ known: SeriesCache.Known, _ cache: SeriesCache) {
    guard known.metric != lastMetric else { return }
    lastMetric = known.metric
    metrics.insert(cache.metrics[known.metric])
  }

  /// Label fields (number 1) of a message; nil for a set that cannot be.
  private static func labels(_ bytes: UnsafeRawBufferPointer) throws(MetricIntake.Problem) -> Labels? {
    var message = ProtobufReader(bytes)
    var builder = LabelsBuilder()
    while let (number, field) = message.next() {
      guard number == 1, case .bytes(let label) = field else { continue }
      var pair = ProtobufReader(label)
      let none = UnsafeRawBufferPointer(start: nil, count: 0)
      var (name, value) = (none, none)
      while let (number, field) = pair.next() {
        if number == 1, case .bytes(let bytes) = field { name = bytes }
        if number == 2, case .bytes(let bytes) = field { value = bytes }
      }
      if pair.isMalformed { throw .malformed("a label is not protobuf") }
      builder.append(name: name, value: value)
    }
    if message.isMalformed { throw .malformed("labels are not protobuf") }
    return try? builder.build()
  }

  @inline(__always)
  private static func sample(_ bytes: UnsafeRawBufferPointer) throws(MetricIntake.Problem) -> Sample {
    var message = ProtobufReader(bytes)
    var sample = Sample(timestamp: 0, value: 0)
    while let (number, field) = message.next() {
      if number == 1, case .fixed64(let bits) = field { sample.value = Double(bitPattern: bits) }
      if number == 2, case .varint(let time) = field { sample.timestamp = Int64(bitPattern: time) }
    }
    if message.isMalformed { throw .malformed("a sample is not protobuf") }
    return sample
  }

  private static func exemplar(_ bytes: UnsafeRawBufferPointer) throws(MetricIntake.Problem) -> Exemplar? {
    var message = ProtobufReader(bytes)
    var value = 0.0
    var time: Int64 = 0
    while let (number, field) = message.next() {
      if number == 2, case .fixed64(let bits) = field { value = Double(bitPattern: bits) }
      if number == 3, case .varint(let raw) = field { time = Int64(bitPattern: raw) }
    }
    guard let labels = try labels(bytes) else { return nil }
    var characters = 0
    labels.forEach { characters += $0.count + $1.count }
    guard characters <= Exemplar.labelCharactersMax else { return nil }
    return Exemplar(labels: labels, value: value, timestamp: time)
  }

  private static let types = [
    "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset",
  ]

  private func readMetadata(_ bytes: UnsafeRawBufferPointer) {
    // A tenant describes nothing that others read.
    guard tenant == nil else { return }
    var message = ProtobufReader(bytes)
    var (type, name, help, unit) = (0, "", "", "")
    while let (number, field) = message.next() {
      switch (number, field) {
      case (1, .varint(let value)): type = Int(truncatingIfNeeded: value)
      case (2, .bytes(let text)): name = String(decoding: text, as: UTF8.self)
      case (4, .bytes(let text)): help = String(decoding: text, as: UTF8.self)
      case (5, .bytes(let text)): unit = String(decoding: text, as: UTF8.self)
      default: break
      }
    }
    let typeName = Self.types.indices.contains(type) ? Self.types[type] : "unknown"
    intake.metadata.note(name, MetadataBook.Entry(type: typeName, help: help, unit: unit))
  }
}
