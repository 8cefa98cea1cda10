import Foundation
import Wire

/// Receipts, plans and controls as people read them.
enum ControlText {
  static func plan(_ plan: PlanDocument, _ words: String) -> String {
    """
    Stop \(words), level \(plan.level) (now \(plan.currentLevel))
      stops     \(plan.profiles) profiles in \(plan.tenants) tenants
      keeps     \(plan.openProtective) protective orders, \(plan.positions) positions worth \(plan.notional.amount) \(plan.notional.currency)
      cancels   up to \(plan.openEntries) entry orders, unless --cancel says otherwise
      exposed   \(plan.withoutVenueStop) positions have no stop at the venue
    """
  }

  static func plan(_ plan: ReleasePlanDocument) -> String {
    let obstacles = plan.obstacles.map { "  \(Terminal.styled("blocked", .red))   \($0.name): \($0.detail)" }
    return
      (["Release \(plan.controls.map(\.scope).joined(separator: "; ")) at epoch \(plan.epoch)"]
      + ["  starts    \(plan.profiles.count) profiles: \(plan.profiles.prefix(20).joined(separator: " "))"]
      + ["  stages    \(plan.stages.joined(separator: " → "))", "  digest    \(plan.digest)"] + obstacles)
      .joined(separator: "\n")
  }

  static func receipt(_ receipt: ReceiptDocument) -> String {
    let replica = receipt.replicas.first
    var lines = [
      "requested       \(Ages.clock(receipt.requestedAt))",
      "gate closed     \(Ages.clock(receipt.closedAt))",
      "\(receipt.state)\(receipt.state == "sealed" ? "  " : "")        \(receipt.replicas.count) of \(receipt.replicas.count) gates by \(receipt.sealedBy ?? "-"), \(replica?.drained ?? 0) orders drained",
      "last order out  \(replica?.lastOrderOutAt.map { "\(Ages.clock($0))" } ?? "none since the start")",
      "durable         \(Ages.clock(receipt.durableAt)) \(receipt.durability)\(receipt.audit.map { ", audit #\($0)" } ?? "")",
      "in doubt        \(receipt.inDoubt.isEmpty ? "none" : receipt.inDoubt.map(\.order).joined(separator: " "))",
      "cancel          \(receipt.cancel.mode): \(receipt.cancel.requested) requested, \(receipt.cancel.confirmed) confirmed, \(receipt.cancel.pendingMarketOpen) wait for the market",
      "exposure left   \(receipt.exposureLeft.openOrders) orders, \(receipt.exposureLeft.positions) positions, \(receipt.exposureLeft.withoutVenueStop) without a venue stop",
    ]
    if let flatten = receipt.flatten {
      let progress = flatten.positions.map { " \(flatten.closed ?? 0) of \($0) positions" } ?? ""
      lines.append("flatten         \(flatten.state)\(progress) \(flatten.approval ?? flatten.note ?? "")")
    }
    if receipt.state == "released" || receipt.state == "releasing" {
      lines = [
        "released        \(Ages.clock(receipt.durableAt)) \(receipt.durability)\(receipt.audit.map { ", audit #\($0)" } ?? "")"
      ]
    }
    let heads = ["released": "Released", "releasing": "First stage of releasing", "settled": "Stopped and settled"]
    let head = "\(heads[receipt.state] ?? "Stopped") \(receipt.scope)"
    return "\(Terminal.styled(head, .bold))  in \(receipt.elapsedMs) ms, epoch \(receipt.epoch)\n"
      + lines.map { "  \($0)" }.joined(separator: "\n")
      + "\n  control         \(receipt.controls.joined(separator: " "))\n  request         \(receipt.requestId)"
  }

  /// Prints a receipt; a stop that is in effect but not committed yet is exit code 5.
  static func showReceipt(_ answer: APIClient.Answer, _ server: ServerOptions) throws -> ExitStatus {
    let receipt = try answer.decode(ReceiptDocument.self)
    try server.output.show(answer) { Self.receipt(receipt) }
    guard receipt.durability == "committed" else {
      Terminal.note(
        receipt.durability == "journaled"
          ? "The stop is in effect and in the journal; its commit to the store is still being retried."
          : "The stop is in effect in memory only; both disks refuse writes. Do not restart the service.")
      return .notSealed
    }
    guard receipt.state != "accepted" else {
      Terminal.note(
        "The stop is committed; not every gate has acknowledged yet. It turns sealed within a lease: watch breakwater replica list."
      )
      return .notSealed
    }
    if receipt.state == "sealed", server.output == .table {
      Terminal.note("Resume: breakwater resume request --control \(receipt.control) --reason \"…\"")
    }
    return .done
  }

  static func controls(_ items: [ControlItem]) -> String {
    guard !items.isEmpty else { return "No controls." }
    var table = Table("CONTROL", "SCOPE", "KIND", "LEVEL", "STATUS", "BY", "SINCE", "REASON")
    for item in items {
      table.add(
        item.id, item.scope, item.kind, item.level, item.status, item.actor, Ages.ago(item.createdAt), item.reason)
    }
    return table.text
  }

  static func approvals(_ items: [ApprovalItem]) -> String {
    guard !items.isEmpty else { return "No approvals." }
    var table = Table("APPROVAL", "STATUS", "RELEASES", "BY", "ASKED", "REASON")
    for item in items {
      table.add(
        item.id, item.status, item.scopes.joined(separator: "; "), item.requestedBy, Ages.ago(item.requestedAt),
        item.reason)
    }
    return table.text
  }

  /// A release answers an approval to be decided, or the receipt.
  static func showRelease(_ answer: APIClient.Answer, _ server: ServerOptions) throws -> ExitStatus {
    guard answer.status == 202 else { return try showReceipt(answer, server) }
    let approval = try answer.decode(ApprovalItem.self)
    try server.output.show(answer) {
      "Waiting for a second admin: \(approval.id), until \(Ages.clock(approval.expiresAt)) UTC"
    }
    Terminal.note("The other admin runs: breakwater approvals approve \(approval.id)")
    return .waitingForApproval
  }
}
