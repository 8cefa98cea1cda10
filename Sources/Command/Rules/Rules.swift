import Alerting
import ArgumentParser
import Foundation
import PromQL

/// `breakwater rules …`
struct Rules: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Rule files: check, test, backtest; PromQL scripts.",
    subcommands: [RuleCheck.self, RuleTesting.self, RuleBacktest.self, RuleScripts.self])
}

/// Rule files read for a command.
enum RuleReading {
  static func text(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(.failed, "\(path) cannot be read")
    }
    return String(decoding: data, as: UTF8.self)
  }

  static func groups(_ path: String) throws -> [RuleGroup] {
    let text = try text(path)
    do throws(RuleFileProblem) {
      return try RuleFile.parse(text, file: path)
    } catch {
      throw CommandFailure(.failed, error.description)
    }
  }

  /// Files a path names; `*` stands for any characters within its last part.
  static func files(_ pattern: String, relativeTo folder: String) -> [String] {
    let path = pattern.hasPrefix("/") ? pattern : "\(folder)/\(pattern)"
    guard path.contains("*") else { return [path] }
    let parent = (path as NSString).deletingLastPathComponent
    let last = (path as NSString).lastPathComponent
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    return names.filter { fnmatch(last, $0, 0) == 0 }.sorted().map { "\(parent)/\($0)" }
  }
}

/// `breakwater rules check FILE…`
struct RuleCheck: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Read rule files as the service does; name file, line and column of a mistake.")
  @Argument(help: "Rule files.") var files: [String]

  func run() async throws {
    try await finish {
      var isFine = true
      for file in files {
        do {
          let groups = try RuleReading.groups(file)
          let rules = groups.reduce(0) { $0 + $1.rules.count }
          Terminal.print("\(file): \(rules) rules in \(groups.count) groups")
          for rule in Self.duplicates(groups) {
            Terminal.note("warning: \(file):\(rule.line): \(rule.name) is there twice with the same labels")
          }
        } catch let failure as CommandFailure {
          Terminal.note(failure.message)
          isFine = false
        }
      }
      return isFine ? .done : .failed
    }
  }

  /// Rules that write the same series as one before.
  private static func duplicates(_ groups: [RuleGroup]) -> [Rule] {
    var seen: Set<String> = []
    return groups.flatMap(\.rules).filter { rule in
      let labels = rule.labels.map { "\($0.name)=\($0.template.text)" }.sorted().joined(separator: ",")
      return !seen.insert("\(rule.name){\(labels)}").inserted
    }
  }
}

/// `breakwater rules test FILE…`
struct RuleTesting: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Run rule tests as promtool writes them; with --coverage every alert needs a firing and a silent test.")
  @Argument(help: "Test files.") var files: [String]
  @Option(help: "Semantics of this Prometheus: 2.42.") var compat: String?
  @Flag(help: "Fail when an alert of the rule files has no firing or no silent test.") var coverage = false

  func validate() throws {
    guard compat == nil || compat == "2.42" else { throw ValidationError("--compat takes 2.42.") }
  }

  func run() async throws {
    try await finish {
      var isFine = true
      var allGroups: [String: [RuleGroup]] = [:]
      var allTests: [RuleTestFile] = []
      for file in files {
        do {
          let test = try Self.testFile(file)
          allTests.append(test)
          let folder = (file as NSString).deletingLastPathComponent
          let names = test.ruleFiles.flatMap { RuleReading.files($0, relativeTo: folder.isEmpty ? "." : folder) }
          var groups: [RuleGroup] = []
          for name in names {
            let own = try RuleReading.groups(name)
            allGroups[(name as NSString).standardizingPath] = own
            groups += own
          }
          let failures = test.run(groups, compatibility: compat == nil ? .v3 : .v2_42)
          Terminal.print(
            "\(file): \(test.tests.count) tests, \(failures.isEmpty ? "passed" : "\(failures.count) failed")")
          for failure in failures { Terminal.print("  \(failure)") }
          isFine = isFine && failures.isEmpty
        } catch let failure as CommandFailure {
          Terminal.note(failure.message)
          isFine = false
        }
      }
      if coverage {
        let report = RuleCoverage(allGroups.keys.sorted().flatMap { allGroups[$0] ?? [] }, allTests)
        for gap in report.gaps { Terminal.print("  \(gap)") }
        Terminal.print("coverage: \(report.alerts) alerts, \(report.gaps.count) gaps")
        isFine = isFine && report.isComplete
      }
      return isFine ? .done : .failed
    }
  }

  private static func testFile(_ path: String) throws -> RuleTestFile {
    let text = try RuleReading.text(path)
    do throws(RuleFileProblem) {
      return try RuleTestFile.parse(text, file: path)
    } catch {
      throw CommandFailure(.failed, error.description)
    }
  }
}
