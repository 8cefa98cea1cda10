import ArgumentParser
import Wire

extension Alerts {
  /// `breakwater alerts silence …`
  struct Silence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Silences: add (with preview), list, end.", subcommands: [Add.self, SilenceList.self, End.self],
      defaultSubcommand: SilenceList.self)
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Mute matching alerts for a time. It mutes messages only: rules and automatic controls go on.",
      discussion:
        "breakwater alerts silence add alertname=BackendDown upstream=~'b.*' --for 2h --reason 'Planned move, CHG-88'"
    )
    @Argument(help: "Conditions, e.g. severity=warning tenant=~'or.*' route!=x.") var matchers: [String]
    @Option(name: .customLong("for"), help: "How long, e.g. 30m or 2h; at most 31d.") var duration: String?
    @Option(help: "When it ends (RFC 3339).") var until: String?
    @Option(help: "Why, in at least 10 characters.") var reason: String
    @Flag(help: "End it as soon as no matching alert is active.") var endsWithAlert = false
    @Flag(help: "Only show what it would mute.") var dryRun = false
    @Flag(help: "Do not ask.") var yes = false
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let request = SilenceRequest(
          matchers: matchers.map { MatcherText($0) }, reason: reason, endsAt: until, duration: duration,
          endsWithAlert: endsWithAlert ? true : nil)
        let answer = try await server.client.post("/admin/silences/preview", request)
        let preview = try answer.decode(SilencePreview.self)
        Terminal.note(Self.text(preview))
        if dryRun {
          if server.output != .table { try server.output.show(answer) { "" } }
          return .done
        }
        if !yes, Terminal.isInteractive, !Terminal.confirm("Silence them?") {
          Terminal.note("Nothing is silenced.")
          return .no
        }
        let made = try await server.client.post("/admin/silences", request)
        try server.output.show(made) {
          let item = try made.decode(SilenceItem.self)
          return "\(item.id) mutes \(item.muting.count) alerts until \(item.endsAt). "
            + "End it with: breakwater alerts silence end \(item.id)"
        }
        return .done
      }
    }

    private static func text(_ preview: SilencePreview) -> String {
      var lines = [
        "\(preview.matchers.joined(separator: " ")) mutes \(preview.alerts.count) of \(preview.activeAlerts) active alerts"
      ]
      lines += preview.alerts.map { "  \($0.severity)  \($0.name)  \($0.summary)" }
      lines += preview.neverMuted.map { "  told all the same: \($0.name), which acts by itself or is the watchdog" }
      return lines.joined(separator: "\n")
    }
  }

  struct SilenceList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Silences in force or to come; --all shows ended ones.")
    @Flag(help: "Ended ones too.") var all = false
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/silences")
        let items = try answer.decode(Page<SilenceItem>.self).items.filter { all || $0.state != "expired" }
        try server.output.show(answer) {
          guard !items.isEmpty else { return "No silences." }
          var table = Table("ID", "STATE", "MATCHERS", "MUTES", "ENDS IN", "BY", "REASON")
          for item in items {
            table.add(
              item.id, item.isExpiring ? "ends soon" : item.state, item.matchers.joined(separator: " "),
              "\(item.muting.count)", item.remainingMs == 0 ? "ended" : Ages.span(milliseconds: item.remainingMs),
              item.createdBy, item.reason)
          }
          return table.text
        }
        return .done
      }
    }
  }

  struct End: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a silence now.")
    @Argument(help: "Its id.") var id: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.delete("/admin/silences/\(id.urlEncoded)")
        try server.output.show(answer) {
          let item = try answer.decode(SilenceItem.self)
          return "\(item.id) has ended: \(item.matchers.joined(separator: " ")) is told again."
        }
        return .done
      }
    }
  }
}
