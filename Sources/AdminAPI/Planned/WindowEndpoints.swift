package import ControlModel
package import ControlPlane
import DataPlane
import Identity
import Store
import Telemetry
package import Wire

/// The calendar of planned stops.
struct WindowEndpoints {
  let context: AdminContext

  /// GET /admin/windows
  func list(_ call: Call) async throws(Refusal) -> Reply {
    let now = context.clocks.now
    return .json(200, Page(items: await context.windows.all.map { WindowItem($0, at: now) }))
  }

  /// POST /admin/windows
  func add(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(WindowRequest.self, members: WindowRequest.members, call)
    let draft = try ControlDraft(request.stop, known: ScopeDirectory(context.runtime))
    let actor = try call.principal.subject
    var problems: [FieldProblem] = []
    func time(_ field: String, _ text: String?) -> WallTime {
      if let time = text.flatMap({ WallTime(rfc3339: $0) }) { return time }
      problems.append(FieldProblem(field, "is a time such as 2026-12-24T18:00:00Z"))
      return WallTime(unixMilliseconds: 0)
    }
    let (start, end) = (time("startsAt", request.startsAt), time("endsAt", request.endsAt))
    let repeats = PlannedStop.Repeat(rawValue: request.repeats ?? "never")
    if repeats == nil { problems.append(FieldProblem("repeats", "is never, daily or weekly")) }
    guard problems.isEmpty, let repeats else {
      let sentence = problems.map { "\($0.field) \($0.problem)" }.joined(separator: "; ")
      throw Refusal(.requestInvalid, "The stop was not planned: \(sentence).", fields: problems)
    }
    let stop = PlannedStop(
      id: context.ids.name("win_"), scope: draft.scope, level: draft.level, cancel: draft.cancel,
      reason: ControlDraft.oneLine(draft.reason), startsAt: start, endsAt: end, repeats: repeats, createdBy: actor,
      createdAt: context.clocks.now)
    try stop.validated()
    try await context.planeMemory.keep(stop, "window.add", by: actor, requestID: call.requestID)
    try await context.windows.add(stop)
    return .json(
      201, WindowItem(stop, at: context.clocks.now), fields: [("Location", "/admin/windows/\(stop.id)")])
  }

  /// DELETE /admin/windows/{id}
  func remove(_ call: Call) async throws(Refusal) -> Reply {
    let id = call.parameters["id"] ?? ""
    guard let stop = await context.windows.all.first(where: { $0.id == id }) else {
      throw Refusal(.notFound, "There is no planned stop \(id.prefix(64)); see /admin/windows.")
    }
    try await context.planeMemory.forget(stop, by: try call.principal.subject, requestID: call.requestID)
    try await context.windows.remove(id)
    return .json(200, WindowItem(stop, at: context.clocks.now))
  }
}

extension WindowItem {
  package init(_ stop: PlannedStop, at now: WallTime) {
    let occurrence = stop.occurrence(at: now)
    self.init(
      id: stop.id, scope: stop.scope.summary, level: stop.level.text, cancel: stop.cancel.rawValue, reason: stop.reason,
      startsAt: stop.startsAt.description, endsAt: stop.endsAt.description, repeats: stop.repeats.rawValue,
      createdBy: stop.createdBy, createdAt: stop.createdAt.description,
      state: occurrence.map { $0.start <= now ? "running" : "planned" } ?? "over")
    tenant = stop.scope.tenant?.text
    profile = stop.scope.profile?.text
    venue = stop.scope.venue?.text
    symbol = stop.scope.symbol?.text
    from = occurrence?.start.description
    until = occurrence?.end.description
    begun = stop.begun?.description
    control = stop.control?.text
  }
}

extension PlannedStop {
  /// A planned stop from the store; nil when it is not readable.
  init?(_ item: WindowItem) {
    let tenant = item.tenant.flatMap { TenantID($0) }
    guard let level = ControlLevel(text: item.level), let cancel = CancelMode(rawValue: item.cancel),
      let startsAt = WallTime(rfc3339: item.startsAt), let endsAt = WallTime(rfc3339: item.endsAt),
      let repeats = Repeat(rawValue: item.repeats), let createdAt = WallTime(rfc3339: item.createdAt),
      (tenant == nil) == (item.tenant == nil), item.profile == nil || tenant != nil
    else { return nil }
    self.init(
      id: item.id,
      scope: ControlScope(
        tenant: tenant, profile: item.profile.flatMap { ProfileID($0) }, venue: item.venue.flatMap { VenueID($0) },
        symbol: item.symbol.flatMap { Symbol($0) }),
      level: level, cancel: cancel, reason: item.reason, startsAt: startsAt, endsAt: endsAt, repeats: repeats,
      createdBy: item.createdBy, createdAt: createdAt, begun: item.begun.flatMap { WallTime(rfc3339: $0) },
      control: item.control.flatMap { ControlID($0) })
  }
}
