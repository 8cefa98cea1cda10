import ArgumentParser
import Wire

/// `breakwater automatic …`
struct Automatic: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What alerts stopped, want to stop, or would have stopped.",
    subcommands: [List.self, Show.self, Accept.self, Dismiss.self, Undo.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Proposals and the shadow log, newest first.")
    @Option(help: "shadow, proposed, acted, already_stopped, accepted, dismissed or lapsed.") var outcome: String?
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get(
          "/admin/automatic" + (outcome.map { "?outcome=\($0.urlEncoded)" } ?? ""))
        try server.output.show(answer) {
          let items = try answer.decode(Page<AutomaticItem>.self).items
          guard !items.isEmpty else { return "No rule has called for a stop." }
          var table = Table("ID", "OUTCOME", "ALERT", "SCOPE", "VALUE", "WHEN", "UNMET")
          for item in items {
            table.add(
              item.id, item.outcome + (item.secondsLeft.map { ", \($0) s left" } ?? ""), item.alert, item.scope ?? "–",
              item.value, Ages.ago(item.at), item.unmet.map(\.rail).joined(separator: " "))
          }
          return table.text
        }
        return .done
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One of them with everything the rule saw.")
    @Argument var id: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/automatic/\(id.urlEncoded)")
        try server.output.show(answer) { AutomaticText.text(try answer.decode(AutomaticItem.self)) }
        return .done
      }
    }
  }

  struct Accept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Do what a proposal says; prints the receipt.")
    @Argument var id: String
    @Option(help: "Why; the alert's words by default.") var reason: String?
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let request = ProposalRequest(reason: reason)
        let answer = try await server.client.post("/admin/automatic/\(id.urlEncoded)/accept", request)
        return try ControlText.showReceipt(answer, server)
      }
    }
  }

  struct Dismiss: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Decide against a proposal.")
    @Argument var id: String
    @Option(help: "Why; 10 to 500 characters.") var reason: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let request = ProposalRequest(reason: reason)
        let answer = try await server.client.post("/admin/automatic/\(id.urlEncoded)/dismiss", request)
        try server.output.show(answer) { AutomaticText.text(try answer.decode(AutomaticItem.self)) }
        return .done
      }
    }
  }

  struct Undo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask for the release of what a rule stopped; a different admin approves.")
    @Argument(help: "Its id, or last.") var id: String
    @Option(help: "Why it is safe to go on; 10 to 500 characters.") var reason: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        try await Release.ask(path: "/admin/automatic/\(id.urlEncoded)/undo", ReleaseRequest(reason: reason), server)
      }
    }
  }
}

enum AutomaticText {
  static func text(_ item: AutomaticItem) -> String {
    var lines = [
      "\(Terminal.styled(item.alert, .bold))  \(item.outcome)\(item.secondsLeft.map { ", \($0) s left" } ?? "")",
      "  scope       \(item.scope ?? "named by nobody")  (\(item.action), mode \(item.mode))",
      "  saw         \(item.value) in \(item.expression)",
      "  rule        \(item.rule)",
      "  exemplars   \(item.exemplars.isEmpty ? "none" : item.exemplars.joined(separator: " "))",
    ]
    for unmet in item.unmet { lines.append("  unmet       \(unmet.rail): \(unmet.detail)") }
    for input in item.inputs {
      lines.append(
        "  input       \(input.series)  \(input.points.count) points, last \(input.points.last?.value ?? "–")")
    }
    if let control = item.control { lines.append("  control     \(control)") }
    if let undo = item.undo { lines.append("  undo        \(undo)") }
    return lines.joined(separator: "\n")
  }
}
