import ControlModel
import Dispatch
import Foundation
import Synchronization
package import Telemetry
import Threads

/// Appends log lines to segment files and keeps the id index. Callers hand lines over and go on: what cannot be kept is
/// counted and dropped, because only visibility is lost.
///
/// One thread writes, a queue reads: a long search delays neither a line nor the request that made it.
package final class LogWriter: Sendable {
  package struct Settings: Sendable {
    /// A segment is closed at this size.
    package var segmentBytesMax = 16 * 1024 * 1024
    /// Lines of all segments together; the oldest segments are deleted first.
    package var totalBytesMax = 1024 * 1024 * 1024
    /// Lines handed over and not written yet; more is dropped.
    package var pendingBytesMax = 64 * 1024 * 1024

    package init() {}
  }

  private let settings: Settings
  /// Whoever serves a request goes first, and what waits here is bounded.
  private let writing = WorkThreads("log", niceness: 5)
  private let reading = DispatchQueue(label: "breakwater.log.read", qos: .utility)
  private let pendingBytes = Atomic<Int>(0)
  private let files: Mutex<SegmentFiles>
  private let dropped: MetricFamily
  private let records: MetricFamily
  private let copy: (@Sendable ([UInt8]) -> Void)?

  /// Opens the newest segment in `folder`, reading its index anew.
  /// - Parameters:
  ///   - now: Unix milliseconds; names segment files.
  ///   - copy: also gets every byte handed over, e.g. for stdout; called on the writer's thread.
  package init(
    _ folder: String, settings: Settings = Settings(), metrics: MetricRegistry,
    now: @escaping @Sendable () -> Int64 = LogWriter.systemTime, copy: (@Sendable ([UInt8]) -> Void)? = nil
  ) throws {
    self.settings = settings
    self.copy = copy
    files = Mutex(
      try SegmentFiles(
        folder, segmentBytesMax: settings.segmentBytesMax, totalBytesMax: settings.totalBytesMax, now: now))
    dropped = metrics.family(MetricCatalog.logDropped)
    records = metrics.family(MetricCatalog.logRecords)
    for severity in LogEvent.Severity.allCases { _ = records.counter(severity.text.lowercased()) }
    for reason in ["full", "write"] { _ = dropped.counter("segments", reason) }
  }

  deinit { files.withLock { $0.close() } }

  /// The system's clock, in Unix milliseconds.
  package static let systemTime: @Sendable () -> Int64 = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  // MARK: Writing

  /// Takes a block of lines; never blocks.
  package func append(_ block: LogBlock) {
    let size = block.bytes.count
    guard pendingBytes.add(size, ordering: .relaxed).newValue <= settings.pendingBytesMax else {
      pendingBytes.subtract(size, ordering: .relaxed)
      dropped.counter("segments", "full").increment(by: block.lines)
      return
    }
    writing.run { [self] in
      if !files.withLock({ $0.append(block) }) { dropped.counter("segments", "write").increment(by: block.lines) }
      pendingBytes.subtract(size, ordering: .relaxed)
      copy?(block.bytes)
    }
  }

  /// Takes one event, findable by its request id, its trace id and the order it names.
  package func append(_ event: LogEvent) {
    records.counter(event.severity.text.lowercased()).increment()
    var block = LogBlock()
    let order = event.attributes.first { $0.0 == "order" }.flatMap { $0.1.text }
    let ids = [event.requestID?.text, event.traceID, order].compactMap(\.self)
    block.append(event.encoded(), keys: ids.map { LogKey.of($0.utf8) })
    append(block)
  }

  /// Waits until everything handed over before the call is in the files.
  package func flush() async {
    await withCheckedContinuation { continuation in writing.run { continuation.resume() } }
  }

  // MARK: Reading

  /// The lines whose id is `id`, oldest first, at most `limit`.
  func lines(withID id: String, limit: Int) async -> [[UInt8]] {
    let key = LogKey.of(id.utf8)
    return await read { [self] in
      let (reader, offsets) = files.withLock { ($0.reader, $0.activeOffsets(of: key)) }
      return reader.lines(key: key, activeOffsets: offsets, limit: limit)
    }
  }

  /// As `SegmentReader.scanBackwards`, on the reading queue.
  func scanBackwards(
    before position: LogPosition?, bytesMax: Int,
    _ visit: @escaping @Sendable (ArraySlice<UInt8>, LogPosition) -> Bool
  ) async -> LogPosition? {
    await read { [self] in
      files.withLock { $0.reader }.scanBackwards(before: position, bytesMax: bytesMax, visit)
    }
  }

  /// The first moment still kept, as the name of the oldest segment tells.
  package var oldestKept: Int64? { files.withLock { $0.oldestKept } }

  private func read<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in reading.async { continuation.resume(returning: work()) } }
  }
}

extension LogValue {
  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }
}
