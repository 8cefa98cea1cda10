import PromQL
import Synchronization
import Telemetry

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Restoring, cutting blocks, letting go. Slow work on files: never on a thread that others wait for.
extension MetricStore {
  package struct Restoration: Sendable {
    package var blocks = 0
    package var samples = 0
    package var series = 0
    /// What could not be read, one sentence each.
    package var problems: [String] = []
  }

  /// Longest span kept in memory while blocks cannot be written.
  private static let memoryMillisecondsMax = 6 * HeadSeries.blockMilliseconds

  /// Brings back what was stored before the start. Call once, before anything is appended; until then nothing of an
  /// earlier process is seen.
  package func restore() -> Restoration {
    var outcome = Restoration()
    guard let folder = settings.folder, let library else { return outcome }
    do throws(MetricFileError) {
      try Files.makeFolder(folder)
      try Files.makeFolder(library.folder)
      try Files.makeFolder(folder + "/journal")
    } catch {
      outcome.problems.append("metrics are kept in memory only: \(error)")
      state.withLock { $0.isRestored = true }
      instruments.journalFailures.increment()
      return outcome
    }
    let (blocks, problems) = library.open()
    outcome.blocks = blocks.count
    outcome.problems = problems.map(\.description)
    state.withLock { state in
      state.blocks = blocks
      state.head.minTime = blocks.map(\.meta.maxTime).max() ?? .min
    }
    var replay = HeadReplay()
    let damaged = JournalReplay(folder: folder + "/journal").run { segment, payload in
      state.withLock { state in
        replay.apply(payload, of: segment, to: &state.head, &state.exemplars, seriesMax: settings.seriesMax)
      }
    }
    instruments.journalDamage.increment(by: damaged.count)
    for segment in damaged {
      outcome.problems.append(
        "\(MetricJournal.name(segment)) ends in a record that is cut off or damaged; what came before it was restored")
    }
    let names = Files.names(in: folder + "/journal").compactMap { UInt32($0.split(separator: ".")[0]) }
    let known = names.map { number in
      (number: number, time: replay.lastTimes.first { $0.number == number }?.time ?? .min)
    }
    journal.withLock {
      $0 = MetricJournal(
        folder: folder + "/journal", after: known, segmentBytesMax: settings.journalSegmentBytesMax)
    }
    outcome.samples = replay.samples
    outcome.series = state.withLock { state in
      state.isRestored = true
      return state.head.count
    }
    instruments.series.set(Double(outcome.series))
    instruments.blocks.set(Double(blocks.count))
    return outcome
  }

  /// Cuts blocks that are due, merges small ones, drops what is older than the retention. Once a minute or so.
  /// Returns what failed, one sentence each; the samples stay where they were, and the next call tries again.
  package func maintain(at now: Int64) -> [String] {
    guard let library, isRestored else {
      dropExpired(at: now)
      return []
    }
    var problems: [String] = []
    do throws(MetricFileError) {
      while let span = spanToCut() { try cut(span, at: now) }
      let merging = BlockLibrary.toMerge(state.withLock { $0.blocks })
      if !merging.isEmpty { try merge(merging, at: now) }
    } catch {
      instruments.blockFailures.increment()
      problems.append(error.description)
    }
    for block in state.withLock({ $0.blocks }) where block.meta.maxTime <= now - settings.retentionMilliseconds {
      state.withLock { $0.blocks.removeAll { $0 === block } }
      library.delete(block)
    }
    let count = state.withLock { state in
      if let newest = state.head.span?.upperBound { state.head.expire(before: newest - Self.memoryMillisecondsMax) }
      return (series: state.head.count, blocks: state.blocks.count)
    }
    instruments.series.set(Double(count.series))
    instruments.blocks.set(Double(count.blocks))
    return problems
  }

  /// Makes the journal last through a loss of power. Every few seconds.
  /// - Parameter monotonic: nanoseconds.
  package func sync(_ monotonic: () -> Int64) {
    guard let descriptor = journal.withLock({ $0.descriptorToSync() }) else { return }
    defer { close(descriptor) }
    let start = monotonic()
    if fsync(descriptor) != 0 { instruments.journalFailures.increment() }
    instruments.sync.observe(Int(monotonic() - start))
  }

  /// Drops chunks that ended before the retention, and series whose last sample is older than it, from memory.
  package func dropExpired(at now: Int64) {
    let count = state.withLock { state in
      state.head.expire(before: now - settings.retentionMilliseconds)
      return state.head.count
    }
    instruments.series.set(Double(count))
  }

  /// Writes everything there is as blocks into a new folder, which Prometheus' tools read. Returns the folder.
  package func snapshot(named name: String, at now: Int64) throws(MetricFileError) -> String {
    guard let folder = settings.folder else { throw MetricFileError(damaged: "the metric store", "it has no folder") }
    try Files.makeFolder(folder + "/snapshots")
    let target = folder + "/snapshots/" + name
    try Files.makeFolder(target)
    let (blocks, span) = state.withLock { ($0.blocks, $0.head.span) }
    for block in blocks {
      let copy = target + "/" + block.meta.ulid
      try Files.makeFolder(copy)
      try Files.makeFolder(copy + "/chunks")
      for file in Files.names(in: block.folder + "/chunks") {
        try Files.link(block.folder + "/chunks/" + file, at: copy + "/chunks/" + file)
      }
      for file in ["index", "tombstones", "meta.json"] {
        try Files.link(block.folder + "/" + file, at: copy + "/" + file)
      }
    }
    if let span {
      let times = span.lowerBound..<(span.upperBound + 1)
      _ = try BlockLibrary(folder: target, random: settings.random).cut(chunks(in: times), span: times, at: now)
    }
    return target
  }

  // MARK: Blocks

  private func chunks(in times: Range<Int64>) -> [(labels: Labels, chunks: [ClosedChunk])] {
    state.withLock { state in state.head.series.compactMap { $0.map { ($0.labels, $0.chunks(in: times)) } } }
  }

  /// The oldest two hours in memory, once the samples reach an hour past them: until then they may still change.
  private func spanToCut() -> Range<Int64>? {
    guard let times = state.withLock({ $0.head.span }) else { return nil }
    let start = HeadSeries.block(of: times.lowerBound) * HeadSeries.blockMilliseconds
    let end = start + HeadSeries.blockMilliseconds
    return times.upperBound >= end + HeadSeries.blockMilliseconds / 2 ? start..<end : nil
  }

  private func cut(_ span: Range<Int64>, at now: Int64) throws(MetricFileError) {
    // From here on nothing can be added to the span.
    state.withLock { $0.head.minTime = max($0.head.minTime, span.upperBound) }
    guard let block = try library?.cut(chunks(in: span), span: span, at: now) else {
      return state.withLock { $0.head.expire(before: span.upperBound) }
    }
    journal.withLock { journal in
      state.withLock { state in
        state.blocks.append(block)
        state.blocks.sort { $0.meta.minTime < $1.meta.minTime }
        state.head.expire(before: span.upperBound)
      }
      // A segment that is written to for ever could never go.
      journal.endSegment()
      journal.drop(before: span.upperBound)
    }
    instruments.compactions.counter("cut").increment()
  }

  private func merge(_ blocks: [Block], at now: Int64) throws(MetricFileError) {
    guard let library else { return }
    let merged = try library.merge(blocks, at: now)
    state.withLock { state in
      state.blocks.removeAll { block in blocks.contains { $0 === block } }
      state.blocks.append(merged)
      state.blocks.sort { $0.meta.minTime < $1.meta.minTime }
    }
    for block in blocks { library.delete(block) }
    instruments.compactions.counter("merge").increment()
  }
}
