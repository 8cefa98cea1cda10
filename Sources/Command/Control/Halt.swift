import ArgumentParser
import Foundation
import Wire

/// Which scope a control command names.
struct ScopeOptions: ParsableArguments {
  @Flag(help: "Everything.")
  var all = false

  @Option(help: "One tenant.")
  var tenant: String?

  @Option(help: "One profile, as TENANT/PROFILE.")
  var profile: String?

  @Option(help: "One venue.")
  var venue: String?

  @Option(help: "One symbol.")
  var symbol: String?

  func validate() throws {
    let named = [all, tenant != nil, profile != nil, venue != nil, symbol != nil].count { $0 }
    guard named == 1 else {
      throw ValidationError("name exactly one of --all, --tenant, --profile, --venue, --symbol")
    }
    if let profile, profile.split(separator: "/").count != 2 { throw ValidationError("--profile is TENANT/PROFILE") }
  }

  /// The wire form of the scope.
  var request: ControlRequest {
    var request = ControlRequest()
    if all { request.scope = "global" }
    if let tenant { (request.scope, request.tenant) = ("tenant", tenant) }
    if let venue { (request.scope, request.venue) = ("venue", venue) }
    if let symbol { (request.scope, request.symbol) = ("symbol", symbol) }
    if let parts = profile?.split(separator: "/"), parts.count == 2 {
      (request.scope, request.tenant, request.profile) = ("profile", String(parts[0]), String(parts[1]))
    }
    return request
  }

  /// Whether a control is on exactly this scope.
  func matches(_ control: ControlItem) -> Bool {
    let request = request
    return control.tenant == request.tenant && control.profile == request.profile && control.venue == request.venue
      && control.symbol == request.symbol
  }

  var words: String {
    if all { return "everything" }
    return tenant.map { "tenant \($0)" } ?? profile.map { "profile \($0)" } ?? venue.map { "venue \($0)" }
      ?? symbol.map { "symbol \($0)" } ?? ""
  }
}

/// `breakwater halt`
struct Halt: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stop trading of a scope; prints the receipt.",
    discussion: "Stopping takes one person and one reason. Starting again takes two people: breakwater resume request.")

  @OptionGroup var scope: ScopeOptions
  @OptionGroup var server: ServerOptions

  @Option(help: "Why; 10 to 500 characters.")
  var reason: String

  @Option(help: "reduce-only or halted.")
  var level: Level = .halted

  @Option(help: "Working orders to take back: none, entries (protective stops stay) or all.")
  var cancel: Cancel = .entries

  @Flag(help: "Also close the scope's positions, once another admin has approved that.")
  var flatten = false

  @Option(help: "Answer when it is sealed, or wait up to 30 s until no order is in doubt any more: sealed or settled.")
  var wait: Wait = .sealed

  @Option(
    help: ArgumentHelp(
      "Stop through the service's own socket on this machine, without network, token or keys.",
      valueName: "data directory or socket"))
  var local: String?

  @Option(help: "Ticket, if there is one.")
  var ticket: String?

  @Flag(help: "Show what it would reach; change nothing.")
  var dryRun = false

  @Flag(help: "Do not ask.")
  var yes = false

  enum Level: String, ExpressibleByArgument {
    case reduceOnly = "reduce-only"
    case halted

    var wire: String { self == .reduceOnly ? "reduceOnly" : "halted" }
  }

  enum Cancel: String, ExpressibleByArgument {
    case none, entries, all
  }

  enum Wait: String, ExpressibleByArgument {
    case sealed, settled
  }

  func run() async throws {
    try await finish {
      var request = scope.request
      request.level = level.wire
      request.cancel = cancel.rawValue
      request.reason = reason
      request.ticket = ticket
      if flatten { request.flatten = true }
      if let local { return try ControlText.showReceipt(try APIClient.Answer(local: local, request), server) }
      if dryRun || (Terminal.isInteractive && !yes) {
        // The preview must never keep a stop from happening: when it fails, say so and go on.
        do {
          let answer = try await server.client.post("/admin/controls/plan", request)
          if dryRun {
            try server.output.show(answer) { ControlText.plan(try answer.decode(PlanDocument.self), scope.words) }
            return .done
          }
          Terminal.note(ControlText.plan(try answer.decode(PlanDocument.self), scope.words))
        } catch let failure as CommandFailure where !dryRun && failure.code != .signIn {
          Terminal.note("No preview: \(failure.message)")
        }
        guard Terminal.confirm("Stop now?") else { throw CommandFailure(.no, "nothing was stopped") }
      }
      let answer = try await server.client.post(
        "/admin/controls", request, prefer: wait == .settled ? "wait=30" : nil)
      return try ControlText.showReceipt(answer, server)
    }
  }
}
