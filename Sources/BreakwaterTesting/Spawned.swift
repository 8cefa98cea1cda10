import Dispatch
import Foundation
import Synchronization

/// A program beside the tests. Its streams are files, so that nothing blocks on a pipe; it has none of this process' other
/// files and none of its blocked signals.
///
/// Not Foundation's `Process`: with more than a thousand files open here it reads past the end of a page of `/proc/self/fd`,
/// and the whole run dies with it.
package final class Spawned: Sendable {
  package let pid: Int32
  private let status = Mutex<Int32?>(nil)
  private let over = DispatchGroup()

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// - Parameters:
  ///   - environment: of the program; nil is this process'.
  ///   - errors: where the second stream goes; nil is where the first goes.
  package init(
    _ path: String, _ arguments: [String], environment: [String: String]? = nil, in folder: String? = nil,
    input: String = "/dev/null", output: String = "/dev/null", errors: String? = nil
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let writing = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, writing, 0o600)
    if let errors {
      posix_spawn_file_actions_addopen(&actions, 2, errors, writing, 0o600)
    } else {
      posix_spawn_file_actions_adddup2(&actions, 1, 2)
    }
    closeFrom(&actions, 3)
    if let folder { changeFolder(&actions, folder) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let variables = environment ?? ProcessInfo.processInfo.environment
    let texts = ([path] + arguments).map { strdup($0) } + [nil]
    let settings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in texts + settings { free(text) } }
    var child: pid_t = 0
    let problem = posix_spawn(&child, path, &actions, &attributes, texts, settings)
    guard problem == 0 else { throw Failure(description: "\(path): \(String(cString: strerror(problem)))") }
    pid = child
    over.enter()
    // Whoever ends is taken note of at once; a dead child nobody waits for would keep others from being noticed.
    Thread { [self] in
      var raw: Int32 = 0
      while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
      let code = raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + raw & 0x7f
      status.withLock { $0 = code }
      over.leave()
    }.start()
  }

  package var isRunning: Bool { status.withLock { $0 == nil } }

  /// Nothing once it has ended.
  package func signal(_ number: Int32) {
    status.withLock { if $0 == nil { kill(pid, number) } }
  }

  /// Waits on this thread; what it ended with, a signal as 128 more, as shells tell it.
  @discardableResult
  package func wait() -> Int32 {
    over.wait()
    return status.withLock { $0 ?? -1 }
  }

  /// The same without taking a thread.
  package func end() async -> Int32 {
    await withCheckedContinuation { continuation in
      over.notify(queue: .global()) { [self] in continuation.resume(returning: status.withLock { $0 ?? -1 }) }
    }
  }
}

// glibc's, which the module of C functions leaves out.
@_silgen_name("posix_spawn_file_actions_addclosefrom_np")
@discardableResult
private func closeFrom(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ first: CInt) -> CInt

@_silgen_name("posix_spawn_file_actions_addchdir_np")
@discardableResult
private func changeFolder(
  _ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ path: UnsafePointer<CChar>
) -> CInt
