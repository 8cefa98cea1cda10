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

/// One process of the binary.
final class Child: Sendable {
  private let process: Spawned
  private let folder: TemporaryFolder

  init(_ arguments: [String], environment: [String: String] = [:], input: String = "") throws {
    folder = try TemporaryFolder()
    try Data(input.utf8).write(to: URL(fileURLWithPath: folder.file("in")))
    process = try Spawned(
      Binary.path, arguments, environment: environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own },
      input: folder.file("in"), output: folder.file("out"), errors: folder.file("err"))
  }

  var pid: Int32 { process.pid }
  var output: String { text("out") }
  var errors: String { text("err") }

  private func text(_ name: String) -> String {
    String(decoding: FileManager.default.contents(atPath: folder.file(name)) ?? Data(), as: UTF8.self)
  }

  func signal(_ number: Int32) { process.signal(number) }

  /// Whether a SIGSTOP holds it.
  var isFrozen: Bool {
    let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    return status?.contains("State:\tT") ?? false
  }

  /// Waits for the process to end by itself.
  func end() async -> Binary.Result {
    let status = await process.end()
    return Binary.Result(status: status, output: output, errors: errors)
  }
}
