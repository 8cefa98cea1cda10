import ArgumentParser
import Wire

/// `breakwater drill …`
struct Drill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Rehearse stops: list, start, report.", subcommands: [List.self, Start.self, Report.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Drills, newest first.")
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let answer = try await server.client.get("/admin/drills")
        try server.output.show(answer) {
          let items = try answer.decode(Page<DrillItem>.self).items
          guard !items.isEmpty else { return "No drill has been run." }
          var table = Table("DRILL", "KIND", "SCOPE", "MET", "BY", "WHEN")
          for item in items {
            table.add(item.id, item.kind, item.scope, "\(item.met) of \(item.of)", item.by, Ages.ago(item.startedAt))
          }
          return table.text
        }
        return .done
      }
    }
  }

  struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run a drill and print its report; exit 2 when a target was missed.",
      discussion: "preview counts, shadow runs the stop's path and stops nothing, live stops for real at a paper venue."
    )
    @Argument(help: "preview, shadow or live.") var kind: Kind
    @OptionGroup var scope: ScopeOptions
    @Option(help: "How long it watches, up to 30s.") var watch = "5s"
    @OptionGroup var server: ServerOptions

    enum Kind: String, ExpressibleByArgument { case preview, shadow, live }

    func run() async throws {
      try await finish {
        let stop = scope.request
        var request = DrillRequest()
        request.kind = kind.rawValue
        request.scope = stop.scope
        request.tenant = stop.tenant
        request.profile = stop.profile
        request.venue = stop.venue
        request.symbol = stop.symbol
        request.watch = watch
        return try DrillText.show(try await server.client.post("/admin/drills", request), server)
      }
    }
  }

  struct Report: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "One drill's report; exit 2 when a target was missed.")
    @Argument(help: "Its id, or last.") var id = "last"
    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish { try DrillText.show(try await server.client.get("/admin/drills/\(id.urlEncoded)"), server) }
    }
  }
}

enum DrillText {
  static func show(_ answer: APIClient.Answer, _ server: ServerOptions) throws -> ExitStatus {
    let item = try answer.decode(DrillItem.self)
    try server.output.show(answer) { text(item) }
    if let approval = item.approval, server.output == .table {
      Terminal.note("The stop stands until another admin runs: breakwater approvals approve \(approval)")
    }
    return item.passed ? .done : .no
  }

  private static func text(_ item: DrillItem) -> String {
    var table = Table("CHECK", "TARGET", "MEASURED", "")
    for check in item.checks { table.add(check.name, check.target, check.measured, check.met ? "met" : "MISSED") }
    let refused =
      item.wouldRefuse.map { "\n\($0) orders \(item.kind == "live" ? "were refused" : "would have been refused")" }
      ?? ""
    return "\(Terminal.styled("\(item.kind) of \(item.scope)", .bold))  \(item.id)\n\(table.text)\(refused)\n"
      + "\(item.met) of \(item.of) met   \(item.passed ? "PASSED" : "FAILED")"
  }
}
