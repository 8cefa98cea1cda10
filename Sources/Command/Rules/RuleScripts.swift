import ArgumentParser
import PromQL

/// `breakwater rules promqltest FILE…`
struct RuleScripts: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promqltest",
    abstract: "Run PromQL scripts in the format of Prometheus' own test suite (`.test`).",
    discussion: "Each instant evaluation is also checked as part of a range and pinned to its time by @.")
  @Argument(help: "Scripts.") var files: [String]
  @Option(help: "Semantics of this Prometheus: 2.42; those of 3 when absent.") var compat: String?

  func validate() throws {
    guard compat == nil || compat == "2.42" else { throw ValidationError("--compat takes 2.42.") }
  }

  func run() async throws {
    try await finish {
      var (evaluations, failed) = (0, 0)
      for file in files {
        let text = try RuleReading.text(file)
        guard text.utf8.count <= Script.bytesMax else {
          throw CommandFailure(.failed, "\(file) is larger than \(Script.bytesMax) bytes")
        }
        var runner = ScriptRunner(compat == nil ? .v3 : .v2_42)
        do {
          runner.run(try Script(text))
        } catch {
          throw CommandFailure(.failed, "\(file): \(error)")
        }
        let verdict = runner.failures.isEmpty ? "passed" : "\(runner.failures.count) of \(runner.checks) checks failed"
        Terminal.print("\(file): \(runner.evaluations) evaluations, \(verdict)")
        for failure in runner.failures { Terminal.print("  \(failure)") }
        evaluations += runner.evaluations
        failed += runner.failures.count
      }
      Terminal.print("\(evaluations) evaluations, \(failed) failed checks")
      return failed == 0 ? .done : .failed
    }
  }
}
