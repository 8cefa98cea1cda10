import ArgumentParser
import Foundation
import Wire

/// `breakwater status`
struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Is trading running, what is stopped, what is wrong; exit 2 when something critical fires.")

  @Flag(help: "Show again every second: redrawn on a terminal, one line of JSON each otherwise.")
  var watch = false

  @OptionGroup var server: ServerOptions

  func run() async throws {
    try await finish {
      guard watch else { return try await once() }
      while true {
        let isTerminal = isatty(1) == 1
        if isTerminal { Terminal.print("\u{1B}[H\u{1B}[2J") }
        if isTerminal {
          _ = try await once()
        } else {
          Terminal.print(String(decoding: try await server.client.get("/admin/status").body, as: UTF8.self))
        }
        try await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func once() async throws -> ExitStatus {
    let answer = try await server.client.get("/admin/status")
    let status = try answer.decode(StatusDocument.self)
    let alerts = try await server.client.get("/admin/alerts?state=firing").decode(Page<AlertItem>.self).items
      .filter { $0.severity != "none" }
    try server.output.show(answer) { StatusText.text(status, alerts) }
    let critical = alerts.count { $0.severity == "critical" }
    if critical > 0 {
      Terminal.note("\(critical) critical alert\(critical == 1 ? "" : "s") firing")
      return .no
    }
    return .done
  }
}

enum StatusText {
  static func text(_ status: StatusDocument, _ alerts: [AlertItem]) -> String {
    let word = status.trading.headline.uppercased()
    let style: Terminal.Style =
      switch status.trading.state {
      case "running": .green
      case "halted", "reduced": .magenta
      default: .red
      }
    var lines = [
      "\(status.environment) \(status.replica)   \(Terminal.styled(word, style))   last order \(Ages.ago(status.trading.lastOrderOutAt)), "
        + "\(Int(status.trading.ordersPerMinute))/min           \(Ages.clock(status.at)) UTC",
      status.trading.detail,
      "tenants \(status.tenants.trading)/\(status.tenants.total)   profiles \(status.profiles.trading)/\(status.profiles.total)   "
        + "open orders \(status.runtime.openOrders)   positions \(status.runtime.positions) (\(status.runtime.withoutVenueStop) without a venue stop)   "
        + "in doubt \(status.runtime.inDoubt)   epoch \(status.controls.epoch)",
    ]
    for control in status.controls.active {
      lines.append(
        "\(Terminal.styled("STOPPED", .magenta))  \(control.scope)  \(control.level)  by \(control.actor) \(Ages.ago(control.createdAt)): \(control.reason)"
      )
    }
    for approval in status.controls.pendingApprovals {
      lines.append("WAITING  \(approval.id) asked by \(approval.requestedBy): \(approval.reason)")
    }
    for rollout in status.controls.rollouts ?? [] {
      lines.append(
        "RELEASING  stage \(rollout.stage) of \(rollout.of): \(rollout.open), next \(Ages.clock(rollout.until)) UTC")
    }
    for proposal in status.controls.proposals ?? [] {
      lines.append(
        "\(Terminal.styled("PROPOSED", .yellow))  \(proposal.id) \(proposal.action) of \(proposal.scope ?? "whom you name"), "
          + "\(proposal.secondsLeft ?? 0) s left: \(proposal.summary)")
    }
    for window in status.controls.windows ?? [] {
      lines.append(
        "PLANNED  \(window.scope) \(window.state) \(window.from ?? "") to \(window.until ?? ""): \(window.reason)")
    }
    for alert in alerts {
      let style: Terminal.Style = alert.severity == "critical" ? .red : .yellow
      lines.append(
        "\(Terminal.styled("FIRING", style))  \(alert.severity)  \(alert.summary)  \(Ages.span(milliseconds: alert.ageMs))  "
          + "\(alert.acknowledgedBy ?? "nobody")  \(alert.name)")
    }
    for dependency in status.dependencies where dependency.state != "ok" {
      lines.append("\(dependency.state.uppercased())  \(dependency.name): \(dependency.detail)")
    }
    return lines.joined(separator: "\n")
  }
}
