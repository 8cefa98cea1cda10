import ArgumentParser

/// `breakwater`: the service and the tool that operates it.
@main
struct Main: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "breakwater",
    abstract: "Control plane and observability gateway in front of an automated-trading backend.",
    discussion: """
      Exit codes: 0 done, 1 failed, 2 the answer is no, 3 waiting for approval, 4 sign in, 5 sent but not sealed, 64 usage.
      Client commands talk to --server with --token or BREAKWATER_TOKEN.
      """,
    version: BuildText.version,
    subcommands: [
      Serve.self, Demo.self, Check.self, Token.self, Status.self, Halt.self, Resume.self, Tenant.self, Profile.self,
      Approvals.self, Explain.self, Automatic.self, Drill.self, Window.self, Alerts.self, Rules.self, Runbook.self,
      Request.self, Audit.self, History.self, Replica.self, ActAs.self, Metrics.self, Reference.self,
      MeasureGuard.self,
    ])
}
