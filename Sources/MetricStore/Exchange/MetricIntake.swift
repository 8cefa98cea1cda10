import PromQL
import Synchronization
package import Telemetry

/// Takes samples that others send: checks them, keeps them to the sender's tenant, finds their series, stores them. Every
/// sample left out is counted by reason.
package final class MetricIntake: Sendable {
  package enum Format: String, Sendable {
    case remoteWrite = "remote_write"
    case otlpProtobuf = "otlp_protobuf"
    case otlpJSON = "otlp_json"
  }

  /// Why a request as a whole was not taken.
  package enum Problem: Error, Equatable {
    /// Not the format it claims to be.
    case malformed(String)
    case tooLarge(bytesMax: Int)
    /// What was stored before the start is not back yet.
    case notReady
    /// The samples are in memory, the journal could not be written: send them again.
    case notDurable
  }

  package struct Outcome: Sendable, Equatable {
    package var stored = 0
    /// Of series that found no room, added up in `_other`.
    package var folded = 0
    /// By reason, most first.
    package var refused: [String: Int] = [:]

    package var refusedCount: Int { refused.values.reduce(0, +) }

    mutating func refuse(_ reason: MetricStore.Rejection) { refused[reason.rawValue, default: 0] += 1 }
  }

  /// Longest request after decompression.
  package static let bytesMax = 64 << 20
  /// A sample may be this much ahead of our clock.
  static let aheadMillisecondsMax: Int64 = 600_000
  static let labelsMax = 64
  /// Longest label name or value of a received series.
  static let labelBytesMax = 2_048
  /// Names only this process writes: alerts and controls hang on them.
  static let reservedPrefixes = ["breakwater_", "ALERTS"]

  let store: MetricStore
  let now: @Sendable () -> Int64
  let caches: Mutex<[String: SeriesCache]>
  private let folding = Mutex(SeriesFolding())
  /// Told which metrics samples came for, once per request.
  let moved: @Sendable (Set<String>) -> Void
  package let metadata = MetadataBook()
  private let received: MetricFamily
  private let rejected: MetricFamily
  private let folded: MetricFamily
  private let overflow: MetricFamily
  /// Stands in `breakwater_label_overflow_total` for all labels of a received series.
  private static let anyLabel = "*"

  /// - Parameters:
  ///   - now: Unix milliseconds.
  ///   - moved: told after each request which metrics samples came for.
  package init(
    _ store: MetricStore, metrics: MetricRegistry, now: @escaping @Sendable () -> Int64,
    moved: @escaping @Sendable (Set<String>) -> Void = { _ in }
  ) {
    self.store = store
    self.now = now
    self.moved = moved
    caches = Mutex([:])
    received = metrics.family(MetricCatalog.telemetryReceived)
    rejected = metrics.family(MetricCatalog.telemetryRejected)
    folded = metrics.family(MetricCatalog.telemetryFolded)
    overflow = metrics.family(MetricCatalog.labelOverflow)
  }

  func count(_ outcome: Outcome, _ format: Format) {
    received.counter(format.rawValue).increment(by: outcome.stored)
    if outcome.folded > 0 {
      folded.counter(format.rawValue, MetricStore.Rejection.seriesLimit.rawValue).increment(by: outcome.folded)
    }
    for (reason, count) in outcome.refused { rejected.counter(format.rawValue, reason).increment(by: count) }
  }

  package func count(_ problem: Problem, _ format: Format) {
    let reason =
      switch problem {
      case .malformed: "malformed"
      case .tooLarge: "too_large"
      case .notReady: "not_ready"
      case .notDurable: "not_durable"
      }
    rejected.counter(format.rawValue, reason).increment()
  }

  /// The labels a series is stored with, for a caller of `tenant`; nil is not bound to one.
  static func admitted(_ labels: Labels, tenant: String?) -> Result<Labels, Rejected> {
    var count = 0
    var isFit = true
    var name = ""
    labels.forEach { label, value in
      count += 1
      if label.count > labelBytesMax || value.count > labelBytesMax { isFit = false }
      if !isUTF8(label) || !isUTF8(value) { isFit = false }
    }
    name = labels.metricName ?? ""
    guard isFit, count <= labelsMax, !name.isEmpty else { return .failure(Rejected(reason: .invalidLabels)) }
    guard let tenant else { return .success(labels) }
    if let own = labels["tenant"], own != tenant { return .failure(Rejected(reason: .foreignTenant)) }
    if reservedPrefixes.contains(where: { name.hasPrefix($0) }) { return .failure(Rejected(reason: .invalidLabels)) }
    guard let bound = try? labels.setting("tenant", to: tenant) else {
      return .failure(Rejected(reason: .invalidLabels))
    }
    return .success(bound)
  }

  struct Rejected: Error { let reason: MetricStore.Rejection }

  private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
  }

  /// The series of received labels, made on first use; others' series leave room for our own.
  func reference(_ labels: Labels) -> MetricStore.Reference? {
    store.reference(labels, seriesMax: store.settings.seriesMax - store.settings.seriesReserved)
  }

  /// Adds a sample of a series that found no room to the metric's `_other`; false when that finds none either. A tenth of
  /// what is kept for our own series is for these.
  func fold(_ sample: Sample, of labels: Labels) -> Bool {
    let addition = folding.withLock { folding in
      folding.add(sample, of: labels) { foldedReference($0) != nil }
    }
    // As the registry counts its own, so that the same alert tells of it.
    if addition == .first { overflow.counter(labels.metricName ?? "", Self.anyLabel).increment() }
    return addition != .noRoom
  }

  /// What `fold` added up, to be stored.
  func takeFolded() -> [(reference: MetricStore.Reference, sample: Sample)] {
    folding.withLock { $0.take() }.compactMap { labels, sample in
      foldedReference(labels).map { ($0, sample) }
    }
  }

  private func foldedReference(_ labels: Labels) -> MetricStore.Reference? {
    let reserved = store.settings.seriesReserved
    return store.reference(labels, seriesMax: store.settings.seriesMax - reserved + reserved / 10)
  }
}

/// What senders said their metrics mean.
package final class MetadataBook: Sendable {
  package struct Entry: Sendable, Hashable {
    package let type: String
    package let help: String
    package let unit: String

    package init(type: String, help: String, unit: String) {
      self.type = type
      self.help = help
      self.unit = unit
    }
  }

  /// Metrics described; further ones are left out.
  private static let entriesMax = 10_000
  private static let textBytesMax = 1_024

  private let entries = Mutex<[String: Entry]>([:])

  func note(_ name: String, _ entry: Entry) {
    guard !name.isEmpty, name.utf8.count <= Self.textBytesMax, entry.help.utf8.count <= Self.textBytesMax else {
      return
    }
    entries.withLock { entries in
      if entries[name] != nil || entries.count < Self.entriesMax { entries[name] = entry }
    }
  }

  package var all: [String: Entry] { entries.withLock { $0 } }
}
