import Foundation

/// Prometheus' own checker, a judge that nobody here wrote. Tests that need it are skipped where it is not installed.
package enum Promtool {
  package static let path: String? =
    (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    .map { "\($0)/promtool" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  package static var isInstalled: Bool { path != nil }

  package struct Verdict: Sendable {
    package let status: Int32
    /// What it printed, both streams.
    package let output: String

    package var isFine: Bool { status == 0 }
  }

  /// Runs it in `folder` and waits. Precondition: it is installed.
  package static func run(_ arguments: String..., input: [UInt8] = [], in folder: TemporaryFolder) throws -> Verdict {
    guard let path else { preconditionFailure("promtool is not installed") }
    let name = UUID().uuidString
    let (inputPath, outputPath) = (folder.file("\(name).in"), folder.file("\(name).out"))
    try Data(input).write(to: URL(fileURLWithPath: inputPath))
    let status = try Spawned(path, arguments, in: folder.path, input: inputPath, output: outputPath).wait()
    return Verdict(status: status, output: try String(contentsOfFile: outputPath, encoding: .utf8))
  }
}
