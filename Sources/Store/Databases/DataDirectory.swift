import Foundation
import Synchronization

/// The one directory a process keeps its state in, locked against a second process until released.
package final class DataDirectory: Sendable {
  package let path: String
  private let lock: Mutex<Int32>

  /// Creates the directory if needed and takes its lock.
  ///
  /// Throws `locked` while another process has it, `unwritable` when it cannot be created or written.
  package init(_ path: String) throws(StoreFailure) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw StoreFailure(
        .unwritable, "The data directory \(path) cannot be created: \(Self.reason()). Choose another with dataDir.")
    }
    let file = path + "/lock"
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StoreFailure(
        .unwritable,
        "The data directory \(path) is not writable: \(Self.reason()). Fix its owner or choose another with dataDir.")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let owner =
        (try? String(contentsOfFile: file, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
      close(descriptor)
      let who = owner.isEmpty ? "another process" : "process \(owner)"
      throw StoreFailure(
        .locked, "The data directory \(path) is in use by \(who). Stop it, or choose another with dataDir.")
    }
    ftruncate(descriptor, 0)
    let text = "\(getpid())\n"
    _ = text.withCString { write(descriptor, $0, strlen($0)) }  // only a hint for the message above
    self.path = path
    lock = Mutex(descriptor)
  }

  deinit { release() }

  /// Lets another process have the directory. The owner has written its last by now.
  package func release() {
    lock.withLock { descriptor in
      if descriptor >= 0 { close(descriptor) }
      descriptor = -1
    }
  }

  package func file(_ name: String) -> String { path + "/" + name }

  /// Bytes of all files below the directory, by the first of `prefixes` their names begin with.
  package func bytes(of prefixes: [String]) -> [(prefix: String, bytes: Int)] {
    var sums = prefixes.map { (prefix: $0, bytes: 0) }
    guard let names = FileManager.default.enumerator(atPath: path) else { return sums }
    for case let name as String in names {
      guard let index = prefixes.firstIndex(where: name.hasPrefix) else { continue }
      var status = stat()
      if stat(file(name), &status) == 0, status.st_mode & S_IFMT == S_IFREG { sums[index].bytes += Int(status.st_size) }
    }
    return sums
  }

  /// Free and total bytes of the volume.
  package func volume() -> (free: Double, size: Double) {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return (0, 0) }
    let block = Double(status.f_frsize)
    return (Double(status.f_bavail) * block, Double(status.f_blocks) * block)
  }

  static func reason() -> String { String(cString: strerror(errno)) }
}
