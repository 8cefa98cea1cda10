import ArgumentParser
import Breakwater

extension DemoIncident: ExpressibleByArgument {}

/// `breakwater demo`
struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a throw-away installation: 14 tenants on a paper venue, recorded bars, one incident to play through."
  )

  @Option(help: "What goes wrong after 20 s: none, reject-storm, stale-keys or runaway-strategy.")
  var incident = DemoIncident.rejectStorm

  @Option(help: "Bars played per minute and symbol, 1 to 60000.")
  var speed = 120.0

  @Option(help: "Folder for the demo's key and state; kept from run to run.")
  var data = DemoInstallation.defaultFolder

  @Option(help: "Public listener.")
  var listen = "127.0.0.1:4018"

  @Option(help: "Ops listener.")
  var ops = "127.0.0.1:4019"

  func validate() throws {
    guard (1...60_000).contains(speed) else { throw ValidationError("--speed is 1 to 60000") }
  }

  func run() async throws {
    try await finish {
      var options = DemoRun.Options()
      options.folder = data
      options.incident = incident
      options.speed = speed
      options.listen = listen
      options.ops = ops
      try await Start.run { try await DemoRun(options).run() }
      return .done
    }
  }
}
