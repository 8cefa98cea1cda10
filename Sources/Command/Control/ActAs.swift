import ArgumentParser
import Wire

/// `breakwater act-as …`
struct ActAs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "act-as", abstract: "Act as a tenant, with a reason and for a while: begin, list, end.",
    subcommands: [Begin.self, List.self, End.self])

  struct Begin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Begin a session; prints its token, which is shown once. The tenant sees who, when and why.")
    @Argument var tenant: String
    @Option(help: "Why; 10 to 500 characters, shown to the tenant.") var reason: String
    @Option(help: "How long, up to 15m.") var ttl = "10m"
    @Option(help: "read, or write for an admin who has to change something.") var mode = "read"
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        var request = ActAsRequest()
        request.tenant = tenant
        request.reason = reason
        request.ttl = ActAsRequest.Lifetime(ttl)
        request.mode = mode
        let answer = try await server.client.post("/admin/act-as", request)
        try server.output.show(answer) { try answer.decode(ActAsAnswer.self).token }
        return .done
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Sessions, newest first.")
    @Option(help: "Only of this tenant.") var tenant: String?
    @Flag(help: "Only those that can still be used.") var active = false
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let filters = (tenant.map { ["tenant=\($0.urlEncoded)"] } ?? []) + (active ? ["active=true"] : [])
        let query = filters.isEmpty ? "" : "?" + filters.joined(separator: "&")
        let answer = try await server.client.get("/admin/act-as\(query)")
        try server.output.show(answer) {
          var table = Table("SESSION", "TENANT", "ACTOR", "MODE", "BEGUN", "ENDS", "REASON")
          for item in try answer.decode(Page<ActAsItem>.self).items {
            let end = item.endedAt.map { "\($0) by \(item.endedBy ?? "")" } ?? item.expiresAt
            table.add(item.id, item.tenant, item.actor, item.mode, item.createdAt, end, item.reason)
          }
          return table.text
        }
        return .done
      }
    }
  }

  struct End: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a session; its token is worth nothing from then on.")
    @Argument var session: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.delete("/admin/act-as/\(session.urlEncoded)")
        try server.output.show(answer) {
          let item = try answer.decode(ActAsItem.self)
          return "\(item.actor)'s session as \(item.tenant) has ended"
        }
        return .done
      }
    }
  }
}
