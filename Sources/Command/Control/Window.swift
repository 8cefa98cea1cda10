import ArgumentParser
import Wire

/// `breakwater window …`
struct Window: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Planned stops: list, add, remove.", subcommands: [List.self, Add.self, Remove.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The calendar, what comes next first.")
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/windows")
        try server.output.show(answer) { WindowText.table(try answer.decode(Page<WindowItem>.self).items) }
        return .done
      }
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Plan a stop.", discussion: "It begins by itself. When it is over a different admin releases it.")
    @OptionGroup var scope: ScopeOptions
    @Option(help: "When it begins, e.g. 2026-12-24T18:00:00Z.") var from: String
    @Option(help: "When it is over.") var until: String
    @Option(help: "never, daily or weekly, in UTC.") var repeats = "never"
    @Option(help: "reduce-only or halted.") var level: Halt.Level = .halted
    @Option(help: "Why; 10 to 500 characters.") var reason: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let stop = scope.request
        var request = WindowRequest()
        request.scope = stop.scope
        request.tenant = stop.tenant
        request.profile = stop.profile
        request.venue = stop.venue
        request.symbol = stop.symbol
        request.level = level.wire
        request.reason = reason
        request.startsAt = from
        request.endsAt = until
        request.repeats = repeats
        let answer = try await server.client.post("/admin/windows", request)
        try server.output.show(answer) { WindowText.table([try answer.decode(WindowItem.self)]) }
        return .done
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a planned stop; one it has imposed stays.")
    @Argument var id: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.delete("/admin/windows/\(id.urlEncoded)")
        try server.output.show(answer) { WindowText.table([try answer.decode(WindowItem.self)]) }
        return .done
      }
    }
  }
}

enum WindowText {
  static func table(_ items: [WindowItem]) -> String {
    guard !items.isEmpty else { return "Nothing is planned." }
    var table = Table("WINDOW", "STATE", "SCOPE", "LEVEL", "FROM", "UNTIL", "AGAIN", "BY", "REASON")
    for item in items {
      table.add(
        item.id, item.state, item.scope, item.level, item.from ?? item.startsAt, item.until ?? item.endsAt,
        item.repeats,
        item.createdBy, item.reason)
    }
    return table.text
  }
}
