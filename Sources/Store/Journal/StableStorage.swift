import Foundation

/// One file's worth of bytes that survive a crash. A file in the product, memory with faults in tests; one contract suite
/// for both.
package protocol StableStorage: Sendable {
  /// Everything stored. Throws `unavailable`.
  func read() throws(StoreFailure) -> [UInt8]
  /// Replaces whatever is stored from `offset` on by `bytes`; on disk when it returns. Throws `unavailable`; what lies
  /// beyond `offset` is then not known. May take as long as the disk takes.
  func write(_ bytes: [UInt8], at offset: Int) throws(StoreFailure)
}

/// A file, synced by each write.
package final class FileStorage: StableStorage {
  private let descriptor: Int32
  private let path: String

  /// Opens or creates the file, and makes its name durable. Throws `unwritable`.
  package init(_ path: String) throws(StoreFailure) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StoreFailure(.unwritable, "The file \(path) cannot be opened: \(DataDirectory.reason()).")
    }
    // The bytes of a new file are worth nothing while a crash can still lose its name.
    let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
    guard folder >= 0, fsync(folder) == 0 else {
      throw StoreFailure(.unwritable, "The folder of \(path) cannot be synced: \(DataDirectory.reason()).")
    }
    close(folder)
  }

  deinit { close(descriptor) }

  package func read() throws(StoreFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = pread(descriptor, &chunk, chunk.count, off_t(bytes.count))
      guard count >= 0 else { throw failure("read") }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  package func write(_ bytes: [UInt8], at offset: Int) throws(StoreFailure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("read") }
    if Int(status.st_size) != offset {
      guard ftruncate(descriptor, off_t(offset)) == 0 else { throw failure("cut") }
    }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset + rest.startIndex)) }
      guard count > 0 else { throw failure("written") }
      rest = rest.dropFirst(count)
    }
    guard fdatasync(descriptor) == 0 else { throw failure("synced") }
  }

  private func failure(_ verb: String) -> StoreFailure {
    StoreFailure(.unavailable, "The file \(path) cannot be \(verb): \(DataDirectory.reason()).")
  }
}
