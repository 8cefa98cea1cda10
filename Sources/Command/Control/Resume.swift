import ArgumentParser
import Wire

/// `breakwater resume …`
struct Resume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask for a stop to be lifted; see what is waiting.", subcommands: [Ask.self, State.self])

  struct Ask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "request", abstract: "Ask for controls to be released; a different admin approves.")

    @Option(help: "One control by id.")
    var control: String?

    @Flag(help: "Every control on everything.")
    var all = false

    @Option(help: "Every control of one tenant.")
    var tenant: String?

    @Option(help: "Every control of one profile, as TENANT/PROFILE.")
    var profile: String?

    @Option(help: "Why it is safe to go on; 10 to 500 characters.")
    var reason: String

    @Flag(help: "Release alone, at once. Pages everyone who was skipped; the reason needs 20 characters.")
    var breakGlass = false

    @Flag(help: "Open stage by stage, each watched; anything wrong and everything is stopped again.")
    var staged = false

    @Option(help: "How long each stage is watched, e.g. 60s.")
    var watch: String?

    @Flag(help: "Show what it would lift and start, and what stands in the way; exit 2 when something does.")
    var dryRun = false

    @OptionGroup var server: ServerOptions

    func validate() throws {
      guard [control != nil, all, tenant != nil, profile != nil].count(where: { $0 }) == 1 else {
        throw ValidationError("name exactly one of --control, --all, --tenant, --profile")
      }
    }

    func run() async throws {
      try await finish {
        var request = ReleaseRequest(reason: reason, breakGlass: breakGlass ? true : nil)
        request.staged = staged ? true : nil
        request.watch = watch
        guard dryRun else { return try await Release.ask(path: path, request, server) }
        request.dryRun = true
        let answer = try await server.client.post(path, request)
        let plan = try answer.decode(ReleasePlanDocument.self)
        try server.output.show(answer) { ControlText.plan(plan) }
        return plan.obstacles.isEmpty ? .done : .no
      }
    }

    private var path: String {
      if let control { return "/admin/controls/\(control.urlEncoded)/release" }
      if let tenant { return "/admin/tenants/\(tenant.urlEncoded)/enable" }
      if let profile { return ProfilePath(profile).path + "/enable" }
      return "/admin/resume"
    }
  }

  struct State: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "What is stopped, and which releases are waiting.")

    @OptionGroup var server: ServerOptions

    func run() async throws {
      try await finish {
        let controls = try await server.client.get("/admin/controls?active=true")
        let approvals = try await server.client.get("/admin/approvals?status=pending")
        let items = try controls.decode(Page<ControlItem>.self).items
        try server.output.show(controls) {
          ControlText.controls(items) + "\n\n"
            + ControlText.approvals(try approvals.decode(Page<ApprovalItem>.self).items)
        }
        return items.isEmpty ? .done : .no
      }
    }
  }
}

/// Asking for releases, whatever they are called.
enum Release {
  /// Looks at the present epoch and asks at it: if anything changes in between, the server refuses.
  static func ask(path: String, _ request: ReleaseRequest, _ server: ServerOptions) async throws -> ExitStatus {
    let current = try await server.client.get("/admin/controls?active=true")
    let answer = try await server.client.post(path, request, ifMatch: current.etag)
    return try ControlText.showRelease(answer, server)
  }
}

/// `TENANT/PROFILE` as a path.
struct ProfilePath {
  let path: String

  init(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
    path = "/admin/tenants/\(parts[0].urlEncoded)/profiles/\((parts.count > 1 ? parts[1] : "").urlEncoded)"
  }
}
