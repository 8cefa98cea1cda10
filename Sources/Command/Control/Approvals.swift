import ArgumentParser
import Wire

/// `breakwater approvals …`
struct Approvals: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Releases waiting for a second admin.", subcommands: [List.self, Show.self, Approve.self, Deny.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "All approvals, newest first.")
    @Option(help: "pending, approved, denied or expired.") var status: String?
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/approvals" + (status.map { "?status=\($0.urlEncoded)" } ?? ""))
        try server.output.show(answer) { ControlText.approvals(try answer.decode(Page<ApprovalItem>.self).items) }
        return .done
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One approval.")
    @Argument var approval: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/approvals/\(approval.urlEncoded)")
        try server.output.show(answer) { ControlText.approvals([try answer.decode(ApprovalItem.self)]) }
        return .done
      }
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Approve; trading of that scope starts again.")
    @Argument var approval: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.post("/admin/approvals/\(approval.urlEncoded)/approve", EmptyBody())
        return try ControlText.showRelease(answer, server)
      }
    }
  }

  struct Deny: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Deny; the stop stays.")
    @Argument var approval: String
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.post("/admin/approvals/\(approval.urlEncoded)/deny", EmptyBody())
        try server.output.show(answer) { ControlText.approvals([try answer.decode(ApprovalItem.self)]) }
        return .done
      }
    }
  }
}

/// `{}`
struct EmptyBody: Encodable {}
