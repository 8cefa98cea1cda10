// public: samples are appended by reference once per series and tick.

public import PromQL
import Synchronization
package import Telemetry
import Threads

/// Time series: compressed chunks in memory, a journal of what is only there, and immutable blocks of what is older. The
/// source of every query and alert rule.
///
/// Two locks. `journal` is held by whoever appends, while the samples are written to the file; `state` for what is short:
/// an append of all series of a tick, the look-up of a selector's series. Queries copy the references to chunks under it
/// and decode them afterwards. `journal` is taken first.
public final class MetricStore: SeriesSource, Sendable {
  package struct Settings: Sendable {
    package var seriesMax = MetricRegistry.seriesMax
    /// Series that only the process's own metrics and rules may take: a sender cannot crowd them out.
    package var seriesReserved = 10_000
    /// In memory: samples older than this are dropped, a chunk at a time, and with its last sample the series. With a
    /// folder: the same of blocks.
    package var retentionMilliseconds: Int64 = 6 * 3600 * 1000
    /// Where blocks and journal are kept; nil keeps everything in memory only.
    package var folder: String?
    package var journalSegmentBytesMax = 16 << 20
    /// People's queries follow Prometheus 2.42 instead of 3.
    package var followsPrometheus2 = false
    /// Names blocks.
    package var random: @Sendable () -> UInt64 = { 0 }

    package init() {}

    package var compatibility: Engine.Compatibility { followsPrometheus2 ? .v2_42 : .v3 }
  }

  /// Stands for a series; appending by it hashes nothing. It ends with the series, `retentionMilliseconds` after its
  /// last sample, or with a block once its samples are all in one.
  public struct Reference: Hashable, Sendable {
    let place: Int
    let identity: UInt64
  }

  /// Why a sample was not stored; the `reason` label of `breakwater_tsdb_samples_rejected_total`.
  package enum Rejection: String, CaseIterable, Sendable {
    case outOfOrder = "out_of_order"
    /// The same value at the same time as the last sample.
    case duplicate
    /// Another value at the same time as the last sample.
    case conflict
    case seriesLimit = "series_limit"
    /// The series of the reference has expired.
    case expired
    /// Older than what may still change.
    case tooOld = "too_old"
    /// Further ahead than clocks differ.
    case tooFarAhead = "too_far_ahead"
    case invalidLabels = "invalid_labels"
    /// A caller's series of another tenant.
    case foreignTenant = "foreign_tenant"
  }

  struct State {
    var head = HeadState()
    var blocks: [Block] = []
    var exemplars = ExemplarRing()
    var isRestored: Bool
  }

  package let settings: Settings
  let journal: Mutex<MetricJournal>
  let state: Mutex<State>
  let library: BlockLibrary?
  let instruments: StoreInstruments
  /// Receives what was stored, in order; see `MetricForwarding`.
  let taps = Mutex<[@Sendable ([(Reference, Sample)]) -> Void]>([])

  package init(_ settings: Settings = Settings(), metrics: MetricRegistry) {
    self.settings = settings
    instruments = StoreInstruments(metrics, settings: settings)
    journal = Mutex(MetricJournal(folder: nil))
    state = Mutex(State(isRestored: settings.folder == nil))
    library = settings.folder.map { BlockLibrary(folder: $0 + "/blocks", random: settings.random) }
  }

  // MARK: Appending

  /// The series with these labels, made on first use; nil when the store has as many as it may.
  package func reference(_ labels: Labels) -> Reference? {
    let reference = reference(labels, seriesMax: settings.seriesMax)
    if reference == nil { reject(.seriesLimit) }
    return reference
  }

  /// The same with another bound; a refusal is the caller's to count.
  func reference(_ labels: Labels, seriesMax: Int) -> Reference? {
    let (reference, count) = state.withLock { state in
      let place = state.head.place(of: labels, seriesMax: seriesMax)
      let reference = place.flatMap { place in
        state.head.identity(at: place).map { Reference(place: place, identity: $0) }
      }
      return (reference, state.head.count)
    }
    instruments.series.set(Double(count))
    return reference
  }

  /// Series of a tick that are appended in one go, some ten microseconds; queries come in between.
  private static let batchPiece = 256

  /// Appends one sample to each of several series, at one time. Samples not after the series' last one are counted and
  /// left out. Returns the positions of references that have expired.
  @discardableResult
  package func append(_ batch: [(Reference, Double)], at time: Int64) -> [Int] {
    var expired: [Int] = []
    for first in stride(from: 0, to: batch.count, by: Self.batchPiece) {
      let stored = store(min(Self.batchPiece, batch.count - first)) { index in
        (batch[first + index].0, Sample(timestamp: time, value: batch[first + index].1))
      }
      for (index, rejection) in stored.refused where rejection == .expired { expired.append(first + index) }
      ThreadSchedule.giveWay()
    }
    return expired
  }

  struct Stored {
    var refused: [(Int, Rejection)] = []
    /// False if the journal could not be written: the samples are in memory and will not survive the process.
    var isDurable = true
  }

  /// Appends any samples in one go.
  func store(_ count: Int, _ sample: (Int) -> (Reference, Sample)) -> Stored {
    var stored = Stored()
    journal.withLock { journal in
      state.withLock { state in
        for index in 0..<count {
          let (reference, sample) = sample(index)
          let rejection = state.head.append(
            sample.timestamp, sample.value, at: reference.place, reference.identity, &journal)
          if let rejection { stored.refused.append((index, rejection)) }
        }
      }
      stored.isDurable = journal.commit()
    }
    if !stored.isDurable { instruments.journalFailures.increment() }
    instruments.samples.increment(by: count - stored.refused.count)
    for (_, reason) in stored.refused { reject(reason) }
    let taps = taps.withLock { $0 }
    if !taps.isEmpty {
      var kept: [(Reference, Sample)] = []
      kept.reserveCapacity(count)
      var next = 0
      for index in 0..<count {
        if next < stored.refused.count, stored.refused[next].0 == index {
          next += 1
        } else {
          kept.append(sample(index))
        }
      }
      for tap in taps { tap(kept) }
    }
    return stored
  }

  func reject(_ reason: Rejection) { instruments.rejected[reason]?.increment() }

  /// Keeps an exemplar of a series.
  package func append(_ exemplar: Exemplar, of reference: Reference) {
    journal.withLock { journal in
      state.withLock { state in
        var labels: Labels?
        state.head.withSeries(at: reference.place, reference.identity) { series in
          journal.add(exemplar, of: &series)
          labels = series.labels
        }
        if let labels { state.exemplars.append(exemplar, of: labels) }
      }
      _ = journal.commit()
    }
    instruments.exemplars.increment()
  }

  /// Drops what was stored after `time`, for a clock that was set back: otherwise nothing could be stored until it has
  /// caught up, and every alert would be blind for as long. Blocks that reach past it are set aside.
  package func truncate(after time: Int64) {
    let aside = journal.withLock { journal in
      state.withLock { state in
        state.head.truncate(after: time)
        let aside = state.blocks.filter { $0.meta.maxTime > time }
        state.blocks.removeAll { $0.meta.maxTime > time }
        if !aside.isEmpty { state.head.minTime = state.blocks.map(\.meta.maxTime).max() ?? .min }
        journal.addTruncation(after: time)
        _ = journal.commit()
        return aside
      }
    }
    for block in aside { try? Files.move(block.folder, to: block.folder + ".set-aside") }
  }

  package var seriesCount: Int { state.withLock { $0.head.count } }

  /// Whether what was stored before the start is back.
  package var isRestored: Bool { state.withLock { $0.isRestored } }

  /// Bytes of compressed samples in memory, without what a series costs by itself.
  package var chunkBytes: Int {
    state.withLock { state in state.head.series.reduce(0) { $0 + ($1?.chunkBytes ?? 0) } }
  }
}
