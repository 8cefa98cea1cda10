import Foundation

/// Committed backtests: which rules, as they were loaded then, were run over stored history, and what came of it. A rule of
/// mode `auto` acts only with one; a rule that changed since needs a new one.
///
/// The file: `{"backtests": [{"alert": NAME, "rule": SHA-256 in hex, "from": RFC 3339, "to": RFC 3339, "fired": N}]}`.
struct Backtests: Sendable {
  struct Entry: Codable, Sendable, Equatable {
    let alert: String
    let rule: String
    let from: String
    let to: String
    /// How often it would have acted.
    let fired: Int
  }

  private struct File: Codable {
    let backtests: [Entry]
  }

  private var entries: [Entry]
  /// Largest file read.
  private static let bytesMax = 1024 * 1024

  init(_ entries: [Entry] = []) {
    self.entries = entries
  }

  /// Reads a file; none is no backtests. What is wrong with it becomes a problem.
  init(_ file: String?, _ problems: inout [ConfigurationProblem]) {
    entries = []
    guard let file else { return }
    func problem(_ message: String) {
      problems.append(
        ConfigurationProblem(file: file, line: nil, key: "controls.automatic.backtests", message: message))
    }
    guard let data = FileManager.default.contents(atPath: file), data.count <= Self.bytesMax else {
      problem("the file cannot be read, or is over 1 MiB")
      return
    }
    do {
      entries = try JSONDecoder().decode(File.self, from: data).backtests
    } catch {
      problem("is not {\"backtests\": [{alert, rule, from, to, fired}]}")
    }
  }

  func holds(_ alert: String, _ hash: String) -> Bool {
    entries.contains { $0.alert == alert && $0.rule == hash && !hash.isEmpty }
  }
}
