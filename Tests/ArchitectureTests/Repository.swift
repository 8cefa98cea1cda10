import Foundation
import Testing

/// The checkout these tests read.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Files below `folder` whose name ends with `suffix`, as (path from the root, text).
  static func files(_ folder: String, suffix: String) throws -> [(path: String, text: String)] {
    let base = root.appendingPathComponent(folder)
    guard let names = FileManager.default.enumerator(atPath: base.path) else { return [] }
    return try names.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }.sorted().map { name in
      ("\(folder)/\(name)", try String(contentsOf: base.appendingPathComponent(name), encoding: .utf8))
    }
  }

  /// Swift files below `folder` with their code: what is left without line comments.
  static func swift(_ folder: String) throws -> [(path: String, code: String)] {
    try files(folder, suffix: ".swift").map { file in
      let lines = file.text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
      return (file.path, lines.joined(separator: "\n"))
    }
  }

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }
}
