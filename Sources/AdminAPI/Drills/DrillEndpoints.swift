import ControlModel
import ControlPlane
import DataPlane
import Identity
import Store
import Telemetry
import Wire

/// Rehearsing stops.
struct DrillEndpoints {
  let context: AdminContext

  /// GET /admin/drills
  func list(_ call: Call) async throws(Refusal) -> Reply {
    .json(200, Page(items: try await reports(try call.limit(default: 20, max: 500))))
  }

  /// GET /admin/drills/{id}; `last` is the newest.
  func show(_ call: Call) async throws(Refusal) -> Reply {
    let id = call.parameters["id"] ?? ""
    let items = try await reports(500)
    guard let item = id == "last" ? items.first : items.first(where: { $0.id == id }) else {
      throw Refusal(.notFound, "There is no drill \(id.prefix(64)); see /admin/drills.")
    }
    return .json(200, item)
  }

  /// POST /admin/drills: runs it and answers its report.
  func start(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(DrillRequest.self, members: DrillRequest.members, call)
    guard let kind = DrillReport.Kind(rawValue: request.kind ?? "") else {
      throw Refusal(
        .requestInvalid, "No drill was started: kind is preview, shadow or live.",
        fields: [FieldProblem("kind", "is preview, shadow or live")])
    }
    let draft = try ControlDraft(request.stop, known: ScopeDirectory(context.runtime))
    let watch = DurationSetting.milliseconds(request.watch ?? "5s").map { Duration.milliseconds($0) }
    guard let watch, Drills.watchBounds.contains(watch) else {
      throw Refusal(
        .requestInvalid, "No drill was started: watch is a duration up to 30s.",
        fields: [FieldProblem("watch", "is a duration up to 30s")])
    }
    let report = try await context.drills.run(
      kind, draft, watching: watch, by: try call.principal.subject, requestID: call.requestID)
    try await context.planeMemory.keep(report)
    return .json(201, DrillItem(report), fields: [("Location", "/admin/drills/\(report.id)")])
  }

  private func reports(_ limit: Int) async throws(Refusal) -> [DrillItem] {
    do throws(StoreFailure) {
      return try await context.planeMemory.reports(limit: limit)
    } catch {
      throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1)
    }
  }
}

extension DrillItem {
  init(_ report: DrillReport) {
    self.init(
      id: report.id, kind: report.kind.rawValue, scope: report.scope.summary, by: report.by,
      startedAt: report.startedAt.description, endedAt: report.endedAt.description, met: report.met,
      of: report.checks.count, passed: report.isPassed,
      checks: report.checks.map { Check(name: $0.name, target: $0.target, measured: $0.measured, met: $0.isMet) },
      wouldRefuse: report.wouldRefuse, control: report.control?.text, approval: report.approval?.text)
  }
}
