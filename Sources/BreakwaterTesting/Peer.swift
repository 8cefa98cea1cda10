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
    let name = FileManager.default.temporaryDirectory.appendingPathComponent("peer-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: name) }
    let status = try Spawned(path, arguments, output: name).wait()
    return Verdict(
      status: status, output: String(decoding: FileManager.default.contents(atPath: name) ?? Data(), as: UTF8.self))
  }

  /// A mail server that takes mail for anyone and prints it.
  ///
  /// - Parameter tls: a certificate and its key: then it takes mail after STARTTLS only.
  package static func mailServer(
    port: Int, output: String, tls: (certificate: String, key: String)? = nil
  ) throws -> Running {
    let secured = tls.map { ["--tlscert", $0.certificate, "--tlskey", $0.key] } ?? []
    return try Running(
      "/usr/bin/python3",
      ["-u", "-m", "aiosmtpd", "-n", "-l", "127.0.0.1:\(port)"] + secured
        + ["-c", "aiosmtpd.handlers.Debugging", "stdout"],
      output: output)
  }

  /// A program that goes on running; it ends with `stop()` or with this process.
  package final class Running: Sendable {
    private let process: Spawned
    private let output: String

    package init(_ path: String, _ arguments: [String], output: String) throws {
      self.output = output
      process = try Spawned(path, arguments, output: output)
    }

    /// What it has said so far.
    package var said: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    /// Ends it at once.
    package func stop() {
      process.signal(SIGKILL)
      process.wait()
    }
  }
}
