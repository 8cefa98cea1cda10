import Alerting
import ArgumentParser
import Breakwater
import Foundation
import Telemetry
import Wire

/// `breakwater runbook …`
struct Runbook: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runbooks: list, show with live values, run step by step, lint.",
    subcommands: [RunbookList.self, RunbookShow.self, RunbookRun.self, RunbookCheck.self])
}

struct RunbookList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "All runbooks, those of firing alerts first.")
  @OptionGroup var server: ServerOptions

  func run() async throws {
    try await finish {
      let answer = try await server.client.get("/admin/runbooks")
      let names = try answer.decode(Page<String>.self).items
      let alerts = try await server.client.get("/admin/alerts").decode(Page<AlertItem>.self).items
      let firing = Set(alerts.filter { $0.state == "firing" }.map(\.name))
      try server.output.show(answer) {
        (names.filter(firing.contains).map { "\($0)  firing" } + names.filter { !firing.contains($0) })
          .joined(separator: "\n")
      }
      return .done
    }
  }
}

struct RunbookShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "One runbook, filled in for an alert.")
  @Argument(help: "Its alert's name.") var name: String
  @Option(help: "Fill in for this alert's fingerprint.") var alert: String?
  @OptionGroup var server: ServerOptions

  func run() async throws {
    try await finish {
      let answer = try await RunbookSource.fetch(name, alert, server)
      try server.output.show(answer) { try answer.decode(RunbookDocument.self).markdown }
      return .done
    }
  }
}

/// Goes through a runbook: live values of its queries, its commands one by one, only on a yes.
struct RunbookRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Walk through a runbook: values now, each command only on a yes; exit 2 while Verify does not hold.")
  @Argument(help: "Its alert's name.") var name: String
  @Option(help: "Fill in for this alert's fingerprint.") var alert: String?
  @OptionGroup var server: ServerOptions

  func run() async throws {
    try await finish {
      let document = try await RunbookSource.fetch(name, alert, server).decode(RunbookDocument.self)
      var holds = true
      var section = ""
      for block in RunbookLint.blocks(document.markdown) {
        if block.section != section {
          section = block.section
          Terminal.print("\n\(Terminal.styled(section, .bold))")
        }
        switch block.language {
        case "promql":
          let value = try await value(block.text)
          Terminal.print("  \(block.text.split(separator: "\n").joined(separator: " "))\n    now \(value ?? "nothing")")
          if section == "Verify", value == nil { holds = false }
        case "sh": try run(block)
        default: break
        }
      }
      Terminal.print(holds ? "\nVerify holds." : "\nVerify does not hold yet.")
      return holds ? .done : .no
    }
  }

  /// The first samples of a query, or nil when it yields none.
  private func value(_ query: String) async throws -> String? {
    let answer = try await server.client.get("/api/v1/query?query=\(query.urlEncoded)")
    struct Response: Decodable {
      struct Body: Decodable {
        struct Element: Decodable {
          let metric: [String: String]
          let value: [Scalar]
        }
        let result: [Element]
      }
      let data: Body
    }
    enum Scalar: Decodable {
      case number(Double)
      case text(String)

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
          self = .number(number)
        } else {
          self = .text(try container.decode(String.self))
        }
      }
    }
    let elements = try answer.decode(Response.self).data.result
    guard !elements.isEmpty else { return nil }
    return elements.prefix(5).map { element in
      let labels = element.metric.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }
        .map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      guard case .text(let value)? = element.value.last else { return labels }
      return labels.isEmpty ? value : "\(value) (\(labels))"
    }.joined(separator: ", ")
  }

  private func run(_ block: RunbookLint.Block) throws {
    for line in block.text.split(separator: "\n") where !line.hasPrefix("#") {
      Terminal.print("  $ \(line)")
      guard Terminal.isInteractive, Terminal.confirm("  Run it?") else { continue }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", String(line)]
      try process.run()
      process.waitUntilExit()
      Terminal.note("  exit \(process.terminationStatus)")
    }
  }
}

/// `breakwater runbook lint`: one runbook per alert and one alert per runbook, each with its sections and sound queries.
struct RunbookCheck: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Check runbooks against rules and metrics, without a service.")
  @Option(help: "Folder of runbooks; those in the binary when absent.") var folder: String?
  @Option(help: "Rule files; those in the binary when absent.") var rules: [String] = []

  func run() async throws {
    try await finish {
      let texts = try RunbookSource.offline(folder)
      let groups = try rules.isEmpty ? RunbookSource.embeddedRules() : rules.flatMap(RuleReading.groups)
      let alerts = Set(
        groups.flatMap(\.rules).compactMap { rule in
          if case .alerting(let alerting) = rule.kind { alerting.name } else { nil }
        })
      var problems = alerts.subtracting(texts.keys).sorted().map { "\($0): has no runbook" }
      problems += Set(texts.keys).subtracting(alerts).sorted().map { "\($0).md: there is no such alert" }
      let metrics = Set(MetricCatalog.all.map(\.name))
      for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
        problems += RunbookLint.problems(text, alert: name, metrics: metrics).map { "\(name).md:\($0)" }
      }
      for problem in problems { Terminal.note(problem) }
      Terminal.print("\(texts.count) runbooks, \(alerts.count) alerts, \(problems.count) problems")
      return problems.isEmpty ? .done : .failed
    }
  }
}

/// Where runbooks come from.
enum RunbookSource {
  static func fetch(_ name: String, _ fingerprint: String?, _ server: ServerOptions) async throws -> APIClient.Answer {
    var query = fingerprint.map { "?fingerprint=\($0.urlEncoded)" } ?? ""
    if fingerprint == nil {
      let alerts = try await server.client.get("/admin/alerts").decode(Page<AlertItem>.self).items
      if let only = alerts.first(where: { $0.name == name }) { query = "?fingerprint=\(only.fingerprint)" }
    }
    return try await server.client.get("/admin/runbooks/\(name.urlEncoded)\(query)")
  }

  static func offline(_ folder: String?) throws -> [String: String] {
    guard let folder else {
      return Dictionary(
        EmbeddedFiles.folder("runbooks").map {
          (String($0.name.dropLast(3)), String(decoding: $0.bytes, as: UTF8.self))
        },
        uniquingKeysWith: { first, _ in first })
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }
    return try names.reduce(into: [:]) { $0[String($1.dropLast(3))] = try RuleReading.text("\(folder)/\($1)") }
  }

  static func embeddedRules() throws -> [RuleGroup] {
    try EmbeddedFiles.folder("alerts").filter { $0.name.hasSuffix(".yml") }.flatMap { file in
      try RuleFile.parse(String(decoding: file.bytes, as: UTF8.self), file: file.name)
    }
  }
}
