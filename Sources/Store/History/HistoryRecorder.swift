package import ControlModel
import Dispatch
import Foundation
import Synchronization

/// Writes a replica's history to a file, off the path of whoever reports. What cannot be kept is counted in the history
/// itself, so that a check never claims more than it saw.
package final class HistoryRecorder: Sendable {
  private let path: String
  private let replica: String
  private let run: String
  private let monotonic: @Sendable () -> Int64
  private let queue = DispatchQueue(label: "breakwater.history", qos: .utility)
  private let state: Mutex<State>

  private struct State {
    var descriptor: Int32 = -1
    var bytes = 0
    var waiting = 0
    var dropped: Int64 = 0
  }

  /// Events waiting for the disk; more are dropped and counted.
  package static let waitingMax = 10_000
  /// Past this the file becomes `history.1.jsonl`, replacing an earlier one.
  package static let fileBytesMax = 64 << 20
  /// Longer than any line is.
  private static let lineBytesMax = 256 << 10
  package static let fileName = "history.jsonl"
  package static let earlierFileName = "history.1.jsonl"

  /// Appends to the folder's history. Throws `unwritable`.
  package init(
    _ folder: String, replica: ReplicaID, run: String, monotonic: @escaping @Sendable () -> Int64
  ) throws(StoreFailure) {
    path = folder + "/" + Self.fileName
    self.replica = replica.text
    self.run = run
    self.monotonic = monotonic
    state = Mutex(State())
    guard state.withLock({ Self.open(path, &$0) }) else {
      throw StoreFailure(.unwritable, "The history \(path) cannot be opened: \(DataDirectory.reason()).")
    }
  }

  deinit { state.withLock { _ = close($0.descriptor) } }

  /// Now, as the history says it.
  package var now: Int64 { monotonic() }

  /// Reports an event; `at` zero means now. Returns at once.
  package func record(_ event: HistoryEvent) {
    var event = event
    if event.at == 0 { event.at = monotonic() }
    event.replica = replica
    event.run = run
    let isTaken = state.withLock { state in
      guard state.waiting < Self.waitingMax else {
        state.dropped += 1
        return false
      }
      state.waiting += 1
      return true
    }
    guard isTaken else { return }
    queue.async { [event] in self.write(event) }
  }

  /// Waits until everything reported before is with the operating system.
  package func flush() async {
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }

  private func write(_ event: HistoryEvent) {
    var lines = Self.encode(event)
    let dropped = state.withLock { state in
      defer { state.dropped = 0 }
      state.waiting -= 1
      return state.dropped
    }
    if dropped > 0 { lines += gap(dropped) }
    state.withLock { state in
      if state.bytes > Self.fileBytesMax {
        close(state.descriptor)
        rename(path, (path as NSString).deletingLastPathComponent + "/" + Self.earlierFileName)
        _ = Self.open(path, &state)
      }
      let count = lines.withUnsafeBytes { Foundation.write(state.descriptor, $0.baseAddress, $0.count) }
      guard count != lines.count else {
        state.bytes += count
        return
      }
      // A full disk loses the line, and no more: what was written of it is taken back, so that the next one is whole.
      if count > 0 { ftruncate(state.descriptor, off_t(state.bytes)) }
      state.dropped += 1 + dropped
    }
  }

  private func gap(_ count: Int64) -> [UInt8] {
    var gap = HistoryEvent(.gap, at: monotonic(), replica: replica, run: run)
    gap.count = count
    return Self.encode(gap)
  }

  private static func encode(_ event: HistoryEvent) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(event) else { preconditionFailure("strings and integers always encode") }
    return Array(data) + [10]
  }

  private static func open(_ path: String, _ state: inout State) -> Bool {
    state.descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard state.descriptor >= 0 else { return false }
    state.bytes = max(0, Int(lseek(state.descriptor, 0, SEEK_END)))
    cutTornLine(path, &state)
    return true
  }

  /// A process that ended in the middle of a line left a part of it, to which nothing may be joined.
  private static func cutTornLine(_ path: String, _ state: inout State) {
    guard let file = FileHandle(forReadingAtPath: path) else { return }
    defer { try? file.close() }
    let start = max(0, state.bytes - lineBytesMax)
    guard (try? file.seek(toOffset: UInt64(start))) != nil, let tail = try? file.readToEnd(), tail.last != 10 else {
      return
    }
    state.bytes = start + (tail.lastIndex(of: 10).map { $0 - tail.startIndex + 1 } ?? 0)
    ftruncate(state.descriptor, off_t(state.bytes))
  }
}
