import Dispatch
import Foundation
import Synchronization

/// A Unix socket in the data directory that only its owner may open. It has a thread of its own and needs neither event
/// loops nor keys nor a store: when everything else is down, a stop still gets in.
///
/// One command per connection: a line of JSON in; a line with the status and a line of JSON out.
final class LocalSocket: Sendable {
  typealias Answer = @Sendable (_ command: [UInt8], _ uid: UInt32) async -> (status: Int, body: [UInt8])

  static let name = "breakwater.sock"
  /// How long a caller may take to send its line.
  private static let patience = timeval(tv_sec: 2, tv_usec: 0)
  private static let backlog: Int32 = 16

  private let descriptor: Int32
  private let path: String
  private let bytesMax: Int
  private let answer: Answer
  private let isClosed = Atomic(false)

  /// Listens at `folder`/breakwater.sock, in place of what a dead process left there. Throws a sentence.
  init(in folder: String, bytesMax: Int, answer: @escaping Answer) throws(LocalSocketFailure) {
    path = folder + "/" + Self.name
    self.bytesMax = bytesMax
    self.answer = answer
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw LocalSocketFailure(path, "made") }
    unlink(path)
    // The mask, not a later chmod, keeps others out: there is no moment at which they could come in.
    let mask = umask(0o177)
    let isBound = UnixAddress.with(path) { bind(descriptor, $0, $1) == 0 }
    umask(mask)
    guard isBound, listen(descriptor, Self.backlog) == 0 else {
      Foundation.close(descriptor)
      throw LocalSocketFailure(path, "opened")
    }
    let thread = Thread { self.accept() }
    thread.name = "breakwater.local"
    thread.start()
  }

  /// Stops listening.
  func close() {
    guard !isClosed.exchange(true, ordering: .sequentiallyConsistent) else { return }
    shutdown(descriptor, Int32(SHUT_RDWR))
    unlink(path)
  }

  private func accept() {
    while !isClosed.load(ordering: .sequentiallyConsistent) {
      let client = Foundation.accept(descriptor, nil, nil)
      guard client >= 0 else {
        // Out of descriptors: wait for some to come back rather than spin.
        if errno != EINTR { usleep(10_000) }
        continue
      }
      serve(client)
    }
    Foundation.close(descriptor)
  }

  private func serve(_ client: Int32) {
    var patience = Self.patience
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    guard let uid = UnixAddress.peer(client), uid == geteuid() || uid == 0,
      let line = UnixAddress.line(client, bytesMax)
    else {
      Foundation.close(client)
      return
    }
    let answer = answer
    // Ends with the answer; a caller that hangs up changes nothing about the stop.
    Task {
      let (status, body) = await answer(line, uid)
      UnixAddress.write(Array("\(status)\n".utf8) + body + [UInt8(ascii: "\n")], to: client)
      Foundation.close(client)
    }
  }
}

struct LocalSocketFailure: Error, CustomStringConvertible {
  let description: String

  init(_ path: String, _ verb: String) {
    description = "The local socket \(path) cannot be \(verb): \(String(cString: strerror(errno)))."
  }
}

/// Calls a process on this machine through its local socket.
package enum LocalCaller {
  /// Sends one line to the socket at `path`, or in the folder `path`, and returns the status and the document it answers.
  /// Throws a sentence when nobody answers.
  package static func call(_ path: String, _ command: [UInt8]) throws -> (status: Int, body: [UInt8]) {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    let path = isThere && isFolder.boolValue ? path + "/" + LocalSocket.name : path
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw LocalSocketFailure(path, "made") }
    defer { close(descriptor) }
    var patience = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    guard UnixAddress.with(path, { connect(descriptor, $0, $1) == 0 }) else {
      throw LocalSocketFailure(path, "reached")
    }
    UnixAddress.write(
      command.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 } + [UInt8(ascii: "\n")], to: descriptor)
    guard let status = UnixAddress.line(descriptor, 16), let code = Int(String(decoding: status, as: UTF8.self)),
      let body = UnixAddress.line(descriptor, 4 * 1024 * 1024)
    else { throw LocalSocketFailure(path, "read") }
    return (code, body)
  }
}

/// What the socket calls need.
enum UnixAddress {
  /// Longest path a socket address holds; longer ones go through the folder's descriptor.
  private static let pathBytesMax = 107

  static func with(_ path: String, _ work: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
    guard path.utf8.count > pathBytesMax else { return call(path, work) }
    let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return false }
    defer { close(folder) }
    return call("/proc/self/fd/\(folder)/\((path as NSString).lastPathComponent)", work)
  }

  private static func call(_ path: String, _ work: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count <= pathBytesMax else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        work($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  /// The user on the other side, as the kernel says.
  static func peer(_ descriptor: Int32) -> UInt32? {
    // struct ucred: pid, uid, gid.
    var credentials: [UInt32] = [0, 0, 0]
    var length = socklen_t(12)
    guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0, length == 12 else { return nil }
    return credentials[1]
  }

  /// Bytes up to a line feed, without it; nil when none comes in time or within `bytesMax`.
  static func line(_ descriptor: Int32, _ bytesMax: Int) -> [UInt8]? {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count <= bytesMax {
      guard read(descriptor, &byte, 1) == 1 else { return nil }
      if byte == UInt8(ascii: "\n") { return line }
      line.append(byte)
    }
    return nil
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // Without a signal when the other side is gone.
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
