import ArgumentParser
import Wire

/// `breakwater request …`
struct Request: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What happened to a request: `request ID`, or search.", subcommands: [Show.self, Search.self],
    defaultSubcommand: Show.self)

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The timeline of one request.")
    @Argument var id: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/requests/\(id.urlEncoded)")
        try server.output.show(answer) { Self.text(try answer.decode(TimelineDocument.self)) }
        return .done
      }
    }

    private static func text(_ timeline: TimelineDocument) -> String {
      var lines: [String] = []
      if let access = timeline.access {
        lines.append(
          "\(Terminal.styled(timeline.requestId, .bold))  \(access.method) \(access.path)  "
            + "\(access.tenant.map { "tenant \($0)  " } ?? "")\(access.status) in \(access.durationMs) ms"
            + (access.code.map { "  \($0)" } ?? ""))
      } else {
        lines.append(Terminal.styled(timeline.requestId, .bold))
      }
      var table = Table("AT", "FROM", "EVENT", "WHAT", "BY")
      for entry in timeline.entries {
        table.add(Ages.clock(entry.at), entry.source, entry.event, entry.body, entry.actor ?? "-")
      }
      lines.append(table.text)
      if let note = timeline.note { lines.append(note) }
      return lines.joined(separator: "\n")
    }
  }

  struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Find requests, newest first.")
    @Option(help: "Only this tenant's.") var tenant: String?
    @Option(help: "Only this caller's.") var user: String?
    @Option(help: "A code such as 502, or a class such as 5xx.") var status: String?
    @Option(help: "A refusal code such as rate.limited.") var code: String?
    @Option(help: "A time, or a duration before now such as 5m.") var since: String?
    @Option(help: "At most this many.") var limit = 50
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let filters = [
          ("tenant", tenant), ("user", user), ("status", status), ("code", code), ("since", since),
          ("limit", String(limit)),
        ]
        let query = filters.compactMap { name, value in value.map { "\(name)=\($0.urlEncoded)" } }.joined(
          separator: "&")
        let answer = try await server.client.get("/admin/requests?\(query)")
        try server.output.show(answer) {
          let items = try answer.decode(Page<AccessItem>.self).items
          guard !items.isEmpty else { return "No requests match." }
          var table = Table("AT", "REQUEST", "TENANT", "METHOD", "PATH", "STATUS", "MS", "CODE")
          for item in items {
            table.add(
              Ages.clock(item.at), item.requestId, item.tenant ?? "-", item.method, item.path, String(item.status),
              String(item.durationMs), item.code ?? "")
          }
          return table.text
        }
        return .done
      }
    }
  }
}
