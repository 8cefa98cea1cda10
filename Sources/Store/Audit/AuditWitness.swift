import Foundation

/// A file on another disk or host that keeps every checkpoint it was given, one after another. Whoever cuts the newest
/// entries off the log, with its checkpoints, still has this to explain.
package final class AuditWitness: Sendable {
  private let descriptor: Int32
  private let path: String

  /// Longest witness file read; at a checkpoint every ten seconds that is over two years.
  package static let bytesMax = 1 << 31

  /// Opens or creates the file. Throws `unwritable`.
  package init(_ path: String) throws(StoreFailure) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StoreFailure(
        .unwritable,
        "The witness file \(path) cannot be opened: \(DataDirectory.reason()). Fix it, or leave audit.witness out.")
    }
    // A crash may have cut the last line short; what follows must begin on a line of its own.
    if let text = try? String(contentsOfFile: path, encoding: .utf8), let last = text.last, last != "\n" {
      _ = write(descriptor, "\n", 1)
    }
  }

  deinit { close(descriptor) }

  /// Adds a note; on disk when it returns. Throws `unavailable`.
  package func append(_ checkpoint: AuditCheckpoint) throws(StoreFailure) {
    let bytes = Array(checkpoint.note.utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count, fdatasync(descriptor) == 0 else {
      throw StoreFailure(.unavailable, "The witness file \(path) cannot be written: \(DataDirectory.reason()).")
    }
  }

  /// What it was given, oldest first.
  package func read() throws(StoreFailure) -> [AuditCheckpoint] { try Self.read(path) }

  /// Throws `unavailable` when the file cannot be read and `corrupt` when it holds anything but checkpoints.
  package static func read(_ path: String) throws(StoreFailure) -> [AuditCheckpoint] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw StoreFailure(.unavailable, "The witness file \(path) cannot be read: \(DataDirectory.reason()).")
    }
    guard let notes = AuditCheckpoint.sequence(text) else {
      throw StoreFailure(.corrupt, "The witness file \(path) holds something that is not a checkpoint.")
    }
    return notes
  }
}
