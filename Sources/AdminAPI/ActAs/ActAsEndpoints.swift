import ControlModel
import DataPlane
import Identity
import Store
import Telemetry
import Wire

/// Acting as a tenant: with a reason, for a while, and never unseen.
struct ActAsEndpoints {
  let context: AdminContext

  private static let reasonCharacters = 10...500
  private static let lifetimeDefault: Int64 = 600

  /// POST /admin/act-as `{tenant, reason, ttl, mode}`. Never replayed: the answer holds a token, which is kept nowhere.
  func begin(_ call: Call) async throws(Refusal) -> Reply {
    let actor = try call.principal
    let wish = try read(call)
    guard wish.mode == .read || actor.role == .admin else {
      throw Refusal(.accessDenied, "Only an admin may act as a tenant to change something; ask for mode read.")
    }
    let now = context.clocks.now
    let begun = try await context.actAs.begin(wish, by: actor, at: now, requestID: call.requestID)
    return .json(201, ActAsAnswer(session: ActAsItem(begun.row, at: now), token: begun.token))
  }

  /// DELETE /admin/act-as/{id}: in force when this answers.
  func end(_ call: Call) async throws(Refusal) -> Reply {
    let now = context.clocks.now
    let row = try await context.actAs.end(
      call.parameters["id"] ?? "", by: try call.principal, at: now, requestID: call.requestID)
    context.streams.closeUnwelcome(context.revocations.list.current, at: now)
    return .json(200, ActAsItem(row, at: now))
  }

  /// GET /admin/act-as?tenant=&active=true&limit=
  func list(_ call: Call) async throws(Refusal) -> Reply {
    var filter = ActAsRecords.Filter()
    filter.tenant = call.query.first("tenant")
    if call.query.first("active") == "true" { filter.activeAt = context.clocks.now }
    return try await page(filter, call)
  }

  /// GET /api/v1/act-as: who acted as the caller's own tenant, when and why.
  func own(_ call: Call) async throws(Refusal) -> Reply {
    var filter = ActAsRecords.Filter()
    filter.tenant = try call.tenant.text
    return try await page(filter, call)
  }

  private func page(_ filter: ActAsRecords.Filter, _ call: Call) async throws(Refusal) -> Reply {
    var filter = filter
    filter.limit = try call.limit(default: filter.limit, max: ActAsRecords.Filter.limitMax)
    let now = context.clocks.now
    return .json(200, Page(items: try await context.actAs.sessions(filter).map { ActAsItem($0, at: now) }))
  }

  private func read(_ call: Call) throws(Refusal) -> ActAsDesk.Wish {
    let request = try RequestBody.decode(ActAsRequest.self, members: ActAsRequest.members, call)
    var problems: [FieldProblem] = []
    let tenant = request.tenant.flatMap { TenantID($0) }
    if tenant == nil { problems.append(FieldProblem("tenant", "is a tenant's name")) }
    let reason = request.reason ?? ""
    if !Self.reasonCharacters.contains(reason.count) {
      problems.append(FieldProblem("reason", "says why, in 10 to 500 characters; the tenant sees it"))
    }
    let mode = ActAsGrant.Mode(rawValue: request.mode ?? "read")
    if mode == nil { problems.append(FieldProblem("mode", "is read or write")) }
    let seconds = request.ttl.map { DurationSetting.milliseconds($0.text).map { $0 / 1000 } } ?? Self.lifetimeDefault
    if !(1...ActAsGrant.lifetimeSecondsMax).contains(seconds ?? 0) {
      problems.append(FieldProblem("ttl", "is 1s to 15m"))
    }
    guard problems.isEmpty, let tenant, let mode, let seconds else {
      throw Refusal(.requestInvalid, "The session was not begun: its fields are not right.", fields: problems)
    }
    return ActAsDesk.Wish(tenant: tenant, mode: mode, reason: reason, lifetimeSeconds: seconds)
  }
}

extension ActAsItem {
  init(_ row: ActAsRecords.Row, at now: WallTime) {
    self.init(
      id: row.id, tenant: row.tenant, actor: row.actor, mode: row.mode, reason: row.reason,
      createdAt: row.createdAt.description, expiresAt: row.expiresAt.description,
      endedAt: row.endedAt?.description, endedBy: row.endedBy, isActive: row.endedAt == nil && row.expiresAt > now)
  }
}
