import Foundation

/// A program of somebody else's that a test talks to; skipped where it is not installed.
package enum Peer {
  package static func path(_ name: String) -> String? {
    ["/usr/bin", "/usr/local/bin", "/usr/sbin"].map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Whether Debian's python3 has a module.
  package static func pythonHas(_ module: String) -> Bool {
    path("python3") != nil && FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/\(module)")
  }

  package struct Verdict: Sendable {
    package let status: Int32
    package let output: String
  }

  /// Runs a program and waits; both streams together.
  package static func run(_ path: String, _ arguments: [String]) throws -> Verdict {
    // A file and not a pipe: a child of another test would inherit the pipe's end, and reading would wait for it too.
    let name = FileManager.default.temporaryDirectory.appendingPathComponent("peer-\(UUID().uuidString)")
    try Data().write(to: name)
    defer { try? FileManager.default.removeItem(at: name) }
    let output = try FileHandle(forWritingTo: name)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try output.close()
    let data = try Data(contentsOf: name)
    return Verdict(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
  }

  /// A mail server that prints what it gets, for `RCPT TO` of anyone.
  package static func mailServer(port: Int, output: String) throws -> Running {
    try Running(
      "/usr/bin/python3",
      ["-u", "-m", "aiosmtpd", "-n", "-l", "127.0.0.1:\(port)", "-c", "aiosmtpd.handlers.Debugging", "stdout"],
      output: output)
  }

  /// A program that goes on running; it ends with `stop()` or with this process.
  package final class Running: Sendable {
    private let process: Process
    private let output: String

    package init(_ path: String, _ arguments: [String], output: String) throws {
      self.output = output
      try Data().write(to: URL(fileURLWithPath: output))
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
      process = Process()
      process.executableURL = URL(fileURLWithPath: path)
      process.arguments = arguments
      process.standardOutput = handle
      process.standardError = handle
      process.standardInput = FileHandle.nullDevice
      try process.run()
    }

    /// What it has said so far.
    package var said: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    /// Ends it at once. Not with SIGTERM: the threads of this process block it, a child inherits that, and a program that
    /// does not undo it (Python) would be waited for without end.
    package func stop() {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
  }
}
