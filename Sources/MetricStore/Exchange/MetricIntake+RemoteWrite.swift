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
    let result: Result<Outcome, Problem> = caches.withLock { caches in
      if caches[key] == nil {
        if caches.count >= 500 { caches.removeAll() }
        caches[key] = SeriesCache(seed: store.settings.random())
      }
      var cache = caches.removeValue(forKey: key) ?? SeriesCache(seed: 0)
      defer { caches[key] = cache }
      return message.withUnsafeBytes { bytes in
        var request = RemoteWriteRequest(self, tenant, bytes)
        return Result { () throws(Problem) in try request.store(&cache) }
      }
    }
    let outcome = try result.get()
    count(outcome, .remoteWrite)
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
      let stored = intake.store.store(batch.count) { (batch[$0].reference, batch[$0].sample) }
      if !isSecond, stored.refused.contains(where: { $0.1 == .expired }) { continue }
      for (_, reason) in stored.refused { outcome.refuse(reason) }
      outcome.stored = batch.count - stored.refused.count
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

  private mutating func readSeries(
    _ series: UnsafeRawBufferPointer, _ cache: inout SeriesCache, _ looksUpAgain: Bool
  ) throws(MetricIntake.Problem) {
    // Labels come first; their bytes are the key.
    var message = ProtobufReader(series)
    var labelsEnd = 0
    var reference: MetricStore.Reference?
    var isResolved = false
    var rejection = MetricStore.Rejection.seriesLimit
    while true {
      let start = message.position
      guard let (number, field) = message.next() else { break }
      if number == 1 {
        if isResolved { throw .malformed("a series has labels after its samples") }
        labelsEnd = message.position
        continue
      }
      if !isResolved {
        isResolved = true
        labelsEnd = start
        let key = UnsafeRawBufferPointer(rebasing: series[..<labelsEnd])
        let hash = cache.hash(key)
        if !looksUpAgain { reference = cache.find(key, hash) }
        if reference == nil {
          switch try resolve(key) {
          case .success(let found):
            reference = found
            cache.set(key, hash, found)
          case .failure(let refused): rejection = refused.reason
          }
        }
      }
      switch (number, field) {
      case (2, .bytes(let sample)):
        let read = try Self.sample(sample)
        if let reference, read.timestamp <= latest {
          batch.append((reference, read))
        } else {
          refuse(reference == nil ? rejection : .tooFarAhead)
        }
      case (3, .bytes(let exemplar)):
        if let reference, let read = try Self.exemplar(exemplar), read.timestamp <= latest {
          exemplars.append((reference, read))
        }
      case (4, .bytes): refuse(.invalidLabels)  // native histograms have no place here
      default: break
      }
    }
    if message.isMalformed { throw .malformed("a series is not protobuf") }
  }

  private mutating func refuse(_ reason: MetricStore.Rejection) {
    outcome.refuse(reason)
    // The store counts a series it has no room for itself.
    if reason != .seriesLimit { intake.store.reject(reason) }
  }

  private func resolve(
    _ key: UnsafeRawBufferPointer
  ) throws(MetricIntake.Problem) -> Result<MetricStore.Reference, MetricIntake.Rejected> {
    guard let labels = try Self.labels(key) else { return .failure(MetricIntake.Rejected(reason: .invalidLabels)) }
    switch MetricIntake.admitted(labels, tenant: tenant) {
    case .success(let admitted):
      return intake.reference(admitted).map { .success($0) }
        ?? .failure(MetricIntake.Rejected(reason: .seriesLimit))
    case .failure(let refused): return .failure(refused)
    }
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
