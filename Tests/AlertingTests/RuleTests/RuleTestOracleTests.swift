import BreakwaterTesting
import Foundation
import PromQL
import Testing

@testable import Alerting

/// Rule tests have the same verdict here and in Prometheus' own runner.
@Suite struct `A rule test` {
  /// Off the threads that every other test shares: some of this takes seconds.
  private func apart<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Swift.Result { try work() }) }
    }
  }

  /// The folder of the rules this product ships.
  private static let alerts = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("alerts")

  private static let shipped = ["platform", "slo", "trading", "trading-hours"]

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.alerts.appendingPathComponent(path), encoding: .utf8)
  }

  private func failures(_ test: String, rules: [String], compatibility: Engine.Compatibility = .v3) throws -> [String] {
    let file = try RuleTestFile.parse(test, file: "test.yml")
    let groups = try rules.flatMap { try RuleFile.parse($0, file: "rules.yml") }
    return file.run(groups, compatibility: compatibility).map(\.description)
  }

  /// The rules a shipped test file names.
  private func rules(of test: String) throws -> [String] {
    try RuleTestFile.parse(test, file: "test.yml").ruleFiles.map { try text("tests/\($0)") }
  }

  @Test(arguments: shipped)
  func `that ships with the product passes here`(name: String) async throws {
    let failed = try await apart {
      let test = try text("tests/\(name).yml")
      return try failures(test, rules: rules(of: test))
    }
    #expect(failed == [])
  }

  /// The first tests of a file: all of them take promtool half a minute.
  private func excerpt(_ test: String, tests: Int = 3) -> String {
    test.components(separatedBy: "\n  - name: ").prefix(1 + tests).joined(separator: "\n  - name: ") + "\n"
  }

  /// A folder with the rules and one file of tests where the tests expect them.
  private func folder(_ test: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.file("tests"), withIntermediateDirectories: true)
    for file in ["platform", "slo", "trading"] {
      try Data(text("\(file).yml").utf8).write(to: URL(fileURLWithPath: folder.file("\(file).yml")))
    }
    try Data(test.utf8).write(to: URL(fileURLWithPath: folder.file("tests/test.yml")))
    return folder
  }

  @Test(.enabled(if: Promtool.isInstalled, "promtool is not installed"), arguments: shipped)
  func `passes promtool and passes here, with either semantics`(name: String) async throws {
    let test = excerpt(try text("tests/\(name).yml"))
    let (verdict, failed) = try await apart {
      let verdict = try Promtool.run("test", "rules", "tests/test.yml", in: folder(test))
      return (
        verdict,
        try [Engine.Compatibility.v3, .v2_42].flatMap { try failures(test, rules: rules(of: test), compatibility: $0) }
      )
    }
    #expect(verdict.isFine, "\(verdict.output)")
    #expect(failed == [])
  }

  /// Expectations changed one at a time: a value, a label, a word, one alert too few, a time.
  private func mutations(_ test: String) -> [(what: String, text: String)] {
    var mutations: [(String, String)] = []
    let lines = test.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    func change(_ what: String, where isWanted: (String) -> Bool, _ change: (String) -> String) {
      for (index, line) in lines.enumerated() where isWanted(line) {
        var changed = lines
        changed[index] = change(line)
        mutations.append((what + " in line \(index + 1)", changed.joined(separator: "\n")))
        return
      }
    }
    change("another severity", where: { $0.contains("severity: critical") }) {
      $0.replacing("critical", with: "urgent")
    }
    change("another summary", where: { $0.contains("summary: ") && !$0.hasSuffix(">-") }) { $0 + " not" }
    change("an alert where none is", where: { $0.hasSuffix("exp_alerts: []") }) {
      $0.replacing("[]", with: "[ { exp_labels: { severity: x } } ]")
    }
    change("another value", where: { $0.contains(" value: ") }) { $0.replacing("value: ", with: "value: 7") }
    return mutations
  }

  @Test(.enabled(if: Promtool.isInstalled, "promtool is not installed"), arguments: shipped)
  func `with a wrong expectation fails in both`(name: String) async throws {
    let test = excerpt(try text("tests/\(name).yml"), tests: 1)
    let mutations = mutations(test)
    #expect(mutations.count >= 2)
    for (what, changed) in mutations {
      let (isFine, failed) = try await apart {
        let verdict = try Promtool.run("test", "rules", "tests/test.yml", in: folder(changed))
        return (verdict.isFine, try failures(changed, rules: rules(of: test)))
      }
      #expect(!isFine, "\(name): \(what)")
      #expect(!failed.isEmpty, "\(name): \(what)")
    }
  }
}
