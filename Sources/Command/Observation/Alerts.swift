import ArgumentParser
import Wire

/// `breakwater alerts …`
struct Alerts: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Alerts: list, show with runbook, take, silence, test where they go.",
    subcommands: [List.self, Show.self, Ack.self, Silence.self, Test.self, History.self, Notifications.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Active alerts; exit 2 when one is critical.")
    @Flag(help: "Include the watchdog, which always fires.") var all = false
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/alerts")
        let items = try answer.decode(Page<AlertItem>.self).items.filter { all || $0.severity != "none" }
        try server.output.show(answer) {
          guard !items.isEmpty else { return "No alerts." }
          var table = Table("FINGERPRINT", "ALERT", "SEVERITY", "STATE", "VALUE", "FOR", "TAKEN BY", "SUMMARY")
          for item in items {
            table.add(
              item.fingerprint, item.name, item.severity, item.state, item.valueText,
              Ages.span(milliseconds: item.ageMs), item.acknowledgedBy ?? "nobody",
              item.muted.map { "[\($0)] \(item.summary)" } ?? item.summary)
          }
          return table.text
        }
        return items.contains { $0.severity == "critical" && $0.state == "firing" } ? .no : .done
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One alert with its runbook, live values filled in.")
    @Argument(help: "Fingerprint, or the alert's name.") var alert: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let items = try await server.client.get("/admin/alerts").decode(Page<AlertItem>.self).items
        let item = items.first { $0.fingerprint == alert } ?? items.first { $0.name == alert }
        let name = item?.name ?? alert
        let query = item.map { "?fingerprint=\($0.fingerprint)" } ?? ""
        let answer = try await server.client.get("/admin/runbooks/\(name.urlEncoded)\(query)")
        try server.output.show(answer) {
          let document = try answer.decode(RunbookDocument.self)
          let head = item.map {
            "\(Terminal.styled($0.name, .bold))  \($0.severity)  \($0.state) for \(Ages.span(milliseconds: $0.ageMs))  value \($0.valueText)\n"
              + "\($0.summary)\n\($0.expression)\ntaken by \($0.acknowledgedBy ?? "nobody")\n\n"
          }
          return (head ?? "\(name) is not active now.\n\n") + document.markdown
        }
        return .done
      }
    }
  }

  struct Ack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take an alert: others see who has it.")
    @Argument(help: "Fingerprint.") var fingerprint: String
    @Option(help: "A word to the others.") var comment: String?
    @Option(help: "Hand it to someone else.") var owner: String?
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.post(
          "/admin/alerts/\(fingerprint.urlEncoded)/ack", AckRequest(comment: comment, owner: owner))
        try server.output.show(answer) {
          let item = try answer.decode(AlertItem.self)
          let name = item.acknowledgedBy ?? ""
          return owner == nil ? "\(item.name) is yours, \(name)." : "\(name) has \(item.name)."
        }
        return .done
      }
    }
  }
}
