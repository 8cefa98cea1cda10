import BreakwaterTesting
import Foundation
import Testing

/// The built `breakwater`, as an operator's shell runs it.
enum Binary {
  /// Next to the test bundle.
  static let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appendingPathComponent("breakwater").path

  struct Result: Sendable {
    let status: Int32
    let output: String
    let errors: String

    func decode<Document: Decodable>(_ type: Document.Type) throws -> Document {
      try JSONDecoder().decode(type, from: Data(output.utf8))
    }

    /// Nothing in it that only a developer would want to read.
    var isPlain: Bool {
      !["Fatal error", "Stack dump", ".swift:", "Error Domain"].contains { errors.contains($0) }
    }
  }

  /// Runs a command to its end.
  static func run(
    _ arguments: String..., environment: [String: String] = [:], input: String = ""
  ) async throws -> Result {
    try await Child(arguments, environment: environment, input: input).end()
  }
}

/// One process of the binary. Its streams go to files, so that nothing here blocks on a pipe.
final class Child: Sendable {
  let pid: Int32
  private let folder: TemporaryFolder
  private let ended: AsyncStream<Int32>

  init(_ arguments: [String], environment: [String: String] = [:], input: String = "") throws {
    let folder = try TemporaryFolder()
    func file(_ name: String, _ content: String = "") throws -> URL {
      let url = URL(fileURLWithPath: folder.file(name))
      try Data(content.utf8).write(to: url)
      return url
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Binary.path)
    process.arguments = arguments
    process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own }
    process.standardInput = try FileHandle(forReadingFrom: file("in", input))
    process.standardOutput = try FileHandle(forWritingTo: file("out"))
    process.standardError = try FileHandle(forWritingTo: file("err"))
    let (ended, end) = AsyncStream<Int32>.makeStream()
    process.terminationHandler = { process in
      // A signal shows as 128 more, as shells tell it.
      end.yield(process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus)
      end.finish()
    }
    try process.run()
    self.folder = folder
    self.ended = ended
    pid = process.processIdentifier
  }

  var output: String { text("out") }
  var errors: String { text("err") }

  private func text(_ name: String) -> String {
    String(decoding: FileManager.default.contents(atPath: folder.file(name)) ?? Data(), as: UTF8.self)
  }

  func signal(_ number: Int32) { kill(pid, number) }

  /// Whether a SIGSTOP holds it.
  var isFrozen: Bool {
    let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    return status?.contains("State:\tT") ?? false
  }

  /// Waits for the process to end by itself.
  func end() async -> Binary.Result {
    var status: Int32 = -1
    for await code in ended { status = code }
    return Binary.Result(status: status, output: output, errors: errors)
  }
}
