import ControlModel
import ControlPlane
import DataPlane
import Identity
import Telemetry
import Wire

/// What alerts did or want to do: the shadow log, proposals with their countdown, undoing.
struct AutomaticEndpoints {
  let context: AdminContext

  /// GET /admin/automatic?outcome=
  func list(_ call: Call) async throws(Refusal) -> Reply {
    let wanted = call.query.first("outcome")
    let now = context.clocks.now
    let items = await context.automatic.all.prefix(try call.limit(default: 50, max: 500))
      .map { AutomaticItem($0, at: now) }.filter { wanted == nil || $0.outcome == wanted }
    return .json(200, Page(items: items))
  }

  /// GET /admin/automatic/{id}
  func show(_ call: Call) async throws(Refusal) -> Reply {
    guard let record = await context.automatic.record(id(call)) else {
      throw Refusal(.notFound, "There is no automatic control \(id(call).prefix(64)).")
    }
    return .json(200, AutomaticItem(record, at: context.clocks.now))
  }

  /// POST /admin/automatic/{id}/accept: answers the receipt.
  func accept(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(ProposalRequest.self, members: ProposalRequest.members, call)
    var scope: ControlScope?
    if request.scope != nil || request.tenant != nil || request.profile != nil {
      var named = ControlRequest()
      named.scope = request.scope ?? (request.profile != nil ? "profile" : "tenant")
      named.tenant = request.tenant
      named.profile = request.profile
      named.reason = "named by a person"
      scope = try ControlDraft(named, known: ScopeDirectory(context.runtime)).scope
    }
    let receipt = try await context.automatic.accept(
      id(call), scope: scope, reason: request.reason, by: try call.principal, requestID: call.requestID)
    return .json(
      receipt.durability == .committed ? 201 : 202, ReceiptDocument(receipt), fields: [("ETag", "\"\(receipt.epoch)\"")]
    )
  }

  /// POST /admin/automatic/{id}/dismiss
  func dismiss(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(ProposalRequest.self, members: ["reason"], call)
    let record = try await context.automatic.dismiss(
      id(call), reason: request.reason ?? "", by: try call.principal.subject)
    return .json(200, AutomaticItem(record, at: context.clocks.now))
  }

  private func id(_ call: Call) -> String { call.parameters["id"] ?? "" }
}
