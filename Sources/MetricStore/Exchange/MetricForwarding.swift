import PromQL
import Synchronization
package import Telemetry

/// Sends every stored sample on to one remote_write 1.0 receiver, in order, from a queue of its own: a receiver that is
/// slow or away costs its samples, never this process's.
package final class MetricForwarding: Sendable {
  /// What one attempt came to.
  package enum Answer: Sendable, Equatable {
    case taken
    /// Not now: no connection, 5xx or 429.
    case later
    /// Never: another 4xx.
    case refused
  }

  /// Samples waiting; with more, the oldest are dropped and counted. 12 MB.
  static let pendingMax = 500_000
  /// Samples of one request.
  static let batchMax = 2_000
  static let pauseMin = Duration.milliseconds(100)
  static let pauseMax = Duration.seconds(10)

  private let name: String
  private let store: MetricStore
  private let post: @Sendable (_ body: [UInt8]) async -> Answer
  private let sleep: @Sendable (Duration) async -> Void
  private let pending = Mutex<(samples: [(MetricStore.Reference, Sample)], first: Int)>(([], 0))
  private let waiting: Gauge
  private let samples: (sent: Counter, failed: Counter, dropped: Counter)
  private let requests: (ok: Counter, retried: Counter, failed: Counter)

  /// - Parameters:
  ///   - name: of the receiver, in metrics.
  ///   - post: one attempt, snappy-compressed; it bounds its own time.
  package init(
    _ name: String, _ store: MetricStore, metrics: MetricRegistry, sleep: @escaping @Sendable (Duration) async -> Void,
    post: @escaping @Sendable (_ body: [UInt8]) async -> Answer
  ) {
    self.name = name
    self.store = store
    self.post = post
    self.sleep = sleep
    waiting = metrics.family(MetricCatalog.remoteWritePending).gauge(name)
    let family = metrics.family(MetricCatalog.remoteWriteSamples)
    samples = (family.counter(name, "sent"), family.counter(name, "failed"), family.counter(name, "dropped"))
    let attempts = metrics.family(MetricCatalog.remoteWriteRequests)
    requests = (attempts.counter(name, "ok"), attempts.counter(name, "retried"), attempts.counter(name, "failed"))
    store.taps.withLock { taps in taps.append { [weak self] in self?.enqueue($0) } }
  }

  private func enqueue(_ batch: [(MetricStore.Reference, Sample)]) {
    let (count, dropped) = pending.withLock { pending in
      pending.samples += batch
      let dropped = max(0, pending.samples.count - pending.first - Self.pendingMax)
      pending.first += dropped
      if pending.first > Self.pendingMax { pending = (Array(pending.samples[pending.first...]), 0) }
      return (pending.samples.count - pending.first, dropped)
    }
    waiting.set(Double(count))
    samples.dropped.increment(by: dropped)
  }

  private func next() -> [(MetricStore.Reference, Sample)] {
    let (batch, count) = pending.withLock { pending in
      let end = min(pending.first + Self.batchMax, pending.samples.count)
      let batch = Array(pending.samples[pending.first..<end])
      pending.first = end
      if end == pending.samples.count { pending = ([], 0) }
      return (batch, pending.samples.count - pending.first)
    }
    waiting.set(Double(count))
    return batch
  }

  /// Sends until cancelled. A batch is tried again, at growing distances, until it is taken or refused.
  package func run() async {
    var labels: [MetricStore.Reference: [UInt8]] = [:]
    while !Task.isCancelled {
      let batch = next()
      if batch.isEmpty {
        await sleep(Self.pauseMin)
        continue
      }
      if labels.count > 100_000 { labels.removeAll() }
      let body = Snappy.compress(message(batch, &labels))
      var pause = Self.pauseMin
      sending: while !Task.isCancelled {
        switch await post(body) {
        case .taken:
          requests.ok.increment()
          samples.sent.increment(by: batch.count)
          break sending
        case .refused:
          requests.failed.increment()
          samples.failed.increment(by: batch.count)
          break sending
        case .later:
          requests.retried.increment()
          await sleep(pause)
          pause = min(pause * 2, Self.pauseMax)
        }
      }
    }
  }

  /// The samples of each series together, series in the order they first come.
  func message(
    _ batch: [(MetricStore.Reference, Sample)], _ known: inout [MetricStore.Reference: [UInt8]]
  ) -> [UInt8] {
    var order: [MetricStore.Reference] = []
    var series: [MetricStore.Reference: [UInt8]] = [:]
    for (reference, sample) in batch {
      if series[reference] == nil {
        guard let labels = known[reference] ?? encodedLabels(reference) else { continue }
        known[reference] = labels
        series[reference] = labels
        order.append(reference)
      }
      var encoded: [UInt8] = [0x09]  // value: field 1, 64 bits
      encoded.append(little64: sample.value.bitPattern)
      encoded.append(0x10)  // timestamp: field 2, varint
      encoded.append(uvarint: UInt64(bitPattern: sample.timestamp))
      series[reference]?.append(field: 2, bytes: encoded)
    }
    var message: [UInt8] = []
    for reference in order { message.append(field: 1, bytes: series[reference] ?? []) }
    return message
  }

  private func encodedLabels(_ reference: MetricStore.Reference) -> [UInt8]? {
    guard let labels = store.labels(of: reference) else { return nil }
    var encoded: [UInt8] = []
    labels.forEach { name, value in
      var pair: [UInt8] = []
      pair.append(field: 1, bytes: name)
      pair.append(field: 2, bytes: value)
      encoded.append(field: 1, bytes: pair)
    }
    return encoded
  }
}

extension MetricStore {
  /// Nil once the series has expired.
  func labels(of reference: Reference) -> Labels? {
    state.withLock { state in
      guard let series = state.head.series[reference.place], series.identity == reference.identity else { return nil }
      return series.labels
    }
  }
}
