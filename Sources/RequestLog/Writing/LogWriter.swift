import ControlModel
import Dispatch
import Foundation
import Synchronization
package import Telemetry

/// Appends log lines to segment files and keeps the id index. Callers hand lines over and go on: what cannot be kept is
/// counted and dropped, because only visibility is lost.
package final class LogWriter: Sendable {
  package struct Settings: Sendable {
    /// A segment is closed at this size.
    package var segmentBytesMax = 16 * 1024 * 1024
    /// All segments together; the oldest are deleted first.
    package var totalBytesMax = 1024 * 1024 * 1024
    /// Lines handed over and not written yet; more is dropped.
    package var pendingBytesMax = 64 * 1024 * 1024

    package init() {}
  }

  private let settings: Settings
  private let queue = DispatchQueue(label: "breakwater.log")
  private let pendingBytes = Atomic<Int>(0)
  private let files: Mutex<SegmentFiles>
  private let dropped: MetricFamily
  private let records: MetricFamily
  private let copy: (@Sendable ([UInt8]) -> Void)?

  /// Opens the newest segment in `folder`, reading its index anew. `copy` also gets every byte written, e.g. for stdout;
  /// it is called on the writer's queue.
  package init(
    _ folder: String, settings: Settings = Settings(), metrics: MetricRegistry,
    copy: (@Sendable ([UInt8]) -> Void)? = nil
  ) throws {
    self.settings = settings
    self.copy = copy
    files = Mutex(
      try SegmentFiles(folder, segmentBytesMax: settings.segmentBytesMax, totalBytesMax: settings.totalBytesMax))
    dropped = metrics.family(MetricCatalog.logDropped)
    records = metrics.family(MetricCatalog.logRecords)
    for severity in LogEvent.Severity.allCases { _ = records.counter(severity.text.lowercased()) }
  }

  /// Takes a block of lines; never blocks.
  package func append(_ block: LogBlock) {
    let size = block.bytes.count
    guard pendingBytes.add(size, ordering: .relaxed).newValue <= settings.pendingBytesMax else {
      pendingBytes.subtract(size, ordering: .relaxed)
      dropped.counter("segments", "full").increment(by: block.lines)
      return
    }
    queue.async { [self] in
      if !files.withLock({ $0.append(block) }) { dropped.counter("segments", "write").increment(by: block.lines) }
      pendingBytes.subtract(size, ordering: .relaxed)
      copy?(block.bytes)
    }
  }

  /// Takes one event, findable by its request id, its trace id and the order it names.
  package func append(_ event: LogEvent) {
    records.counter(event.severity.text.lowercased()).increment()
    var block = LogBlock()
    let request = event.requestID.map { LogKey.of($0.text.utf8) } ?? 0
    let second = event.traceID ?? event.attributes.first { $0.0 == "order" }?.1.text
    block.append(event.encoded(), keys: (request, second.map { LogKey.of($0.utf8) } ?? 0))
    append(block)
  }

  /// Waits until everything handed over before the call is in the files.
  package func flush() async {
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }

  /// The lines whose id is `id`, oldest first, at most `limit`.
  package func lines(withID id: String, limit: Int) async -> [[UInt8]] {
    await read { $0.lines(key: LogKey.of(id.utf8), limit: limit) }
  }

  /// Lines from the newest to the oldest, until `visit` answers false. Reads at most `bytesMax`.
  package func scanBackwards(bytesMax: Int, _ visit: @escaping @Sendable ([UInt8]) -> Bool) async {
    await read { $0.scanBackwards(bytesMax: bytesMax, visit) }
  }

  /// The first moment still kept, as the name of the oldest segment tells.
  package var oldestKept: Int64? { files.withLock { $0.oldestKept } }

  private func read<Result: Sendable>(_ work: @escaping @Sendable (inout SegmentFiles) -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      queue.async { [self] in continuation.resume(returning: files.withLock { work(&$0) }) }
    }
  }
}

extension LogValue {
  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }
}
