package import ControlModel
import Store
import Synchronization
import Telemetry
import TradingRuntime

/// Starting again: looked at first, decided by a second admin, recorded, then opened.
extension CommandProcessor {
  /// What releasing `controls` would lift and start now. Refuses `control.unknown`.
  package func planRelease(_ controls: [ControlID], stages: ReleaseStages?) async throws(Refusal) -> ReleasePlan {
    let found = await look(at: controls)
    return try plan(controls, stages, obstacles: found)
  }

  private func plan(
    _ ids: [ControlID], _ stages: ReleaseStages?, obstacles: [Obstacle]
  ) throws(Refusal) -> ReleasePlan {
    let state = inForce
    var probe = state
    try probe.release(ids, expecting: state.epoch)
    let controls = ids.compactMap { state.controls[$0] }
    let profiles = Set(controls.flatMap { guards.profiles($0.scope) }).sorted()
    let strictest = controls.map(\.level).max() ?? .active
    var seen: Set<Obstacle> = []
    return ReleasePlan(
      controls: controls, epoch: state.epoch, stages: stages,
      reliefs: stages?.reliefs(of: profiles, strictest: strictest) ?? [], profiles: profiles,
      digest: ReleasePlan.digest(of: controls, at: state.epoch, stages, profiles),
      obstacles: (doubts(controls) + obstacles).filter { seen.insert($0).inserted })
  }

  private func doubts(_ controls: [Control]) -> [Obstacle] {
    controls.compactMap { control in
      let doubtful = runtime.inDoubt(control.scope)
      return doubtful.first.map { first in
        Obstacle(
          .inDoubt,
          "\(doubtful.count) order(s) of \(control.scope.summary) have no known outcome, the first is \(first.order)")
      }
    }
  }

  /// Looks for what stands in the way. It may ask the venue, so it is done before one's turn at the store: a stop must not
  /// wait for that.
  private func look(at ids: [ControlID]) async -> [Obstacle] {
    var found: [Obstacle] = []
    for control in ids.compactMap({ inForce.controls[$0] }) {
      if case .alert(let fingerprint) = control.origin, let name = guards.firingAlert(fingerprint) {
        found.append(Obstacle(.alert, "the alert \(name) that stopped \(control.scope.summary) still fires"))
      }
      found += await guards.obstacles(control.scope)
    }
    return found
  }

  /// Refuses unless `controls` may be released at `expecting`, and returns what that would start.
  ///
  /// Refuses `precondition.failed`, `control.unknown`, `store.unavailable` while stops wait for the store, and
  /// `release.blocked` with every obstacle by name.
  private func releasable(
    _ ids: [ControlID], _ stages: ReleaseStages?, expecting: Epoch, _ found: [Obstacle]
  ) throws(Refusal) -> ReleasePlan {
    try checkReleasable(ids, expecting: expecting)
    let plan = try plan(ids, stages, obstacles: found)
    guard plan.obstacles.isEmpty else {
      throw Refusal(
        .releaseBlocked, "Nothing was released: \(plan.obstacles.map(\.detail).joined(separator: "; ")).",
        fields: plan.obstacles.map { FieldProblem($0.name.rawValue, $0.detail) })
    }
    return plan
  }

  private func checkReleasable(_ controls: [ControlID], expecting: Epoch) throws(Refusal) {
    var probe = inForce
    try probe.release(controls, expecting: expecting)
    guard holds.isEmpty else {
      throw Refusal(
        .storeUnavailable,
        "Nothing can be released: \(holds.count) stop(s) are still waiting for the store to take them.",
        retryAfterSeconds: 1)
    }
    if let one = controls.first(where: { committed.reliefs[$0] != nil }) {
      throw Refusal(.releaseBlocked, "A staged release of \(one) is under way; watch it at /admin/status.")
    }
  }

  /// Asks for controls to be lifted: an approval to be decided by another admin, or, with break-glass, the receipt.
  ///
  /// Refuses `precondition.failed` when the state moved since the caller looked or what was previewed is not what stands,
  /// `release.blocked` with every reason, `control.unknown`, `request.invalid` for a reason too short, `approval.required`
  /// for a break-glass too many, and `store.unavailable`.
  ///
  /// - Parameters:
  ///   - stages: how it opens; nil at once.
  ///   - previewed: the digest of the plan the caller looked at; nil when they did not look.
  package func requestRelease(
    _ controls: [ControlID], reason: String, expecting: Epoch, isBreakGlass: Bool, stages: ReleaseStages? = nil,
    previewed: String? = nil, by admin: AuthorizedAdmin
  ) async throws(Refusal) -> ReleaseAnswer {
    let minimum = isBreakGlass ? Control.breakGlassReasonLengthMin : Control.reasonLengthMin
    if let problem = ControlDraft.reasonProblem(reason, atLeast: minimum) {
      throw Refusal(.requestInvalid, "The release was not requested: reason \(problem.problem).", fields: [problem])
    }
    let reason = ControlDraft.oneLine(reason)
    let found = await look(at: controls)
    return try await inTurn { () async throws(Refusal) -> ReleaseAnswer in
      let plan = try releasable(controls, stages, expecting: expecting, found)
      if let previewed, previewed != plan.digest { throw drifted }
      guard settings.requiresApproval, !isBreakGlass else {
        if isBreakGlass { try await checkBreakGlass() }
        let note = ReleaseNote(
          by: admin.actor, approvedBy: nil, at: clocks.now, reason: reason, isBreakGlass: isBreakGlass)
        let receipt = try await open(plan, note, admin: admin, approval: nil)
        if isBreakGlass { tellSkipped(plan, admin, reason) }
        return .released(receipt)
      }
      let approval = Approval(
        id: ids.approvalID(), controls: controls, reason: reason, requestedBy: admin.actor, requestedAt: clocks.now,
        epoch: expecting, digest: plan.digest, stages: stages)
      try await record(
        approval, action: "control.release_request", by: admin,
        summary: "asked to release \(controls.map(\.text).joined(separator: ", "))")
      tell(.approvalRequested, [], approval: approval, actor: admin.actor, requestID: admin.requestID)
      return .needsApproval(approval)
    }
  }

  private var drifted: Refusal {
    Refusal(.preconditionFailed, "What would start now is not what you previewed; look at the plan again.")
  }

  /// Decides a request. Approving answers the receipt.
  ///
  /// Refuses `approval.self`, `approval.closed`, `precondition.failed`, `release.blocked`, `control.unknown`,
  /// `resource.unknown`, `store.unavailable`.
  ///
  /// - Parameter previewed: the digest the decider looked at; nil when they did not look.
  package func decide(
    _ id: ApprovalID, _ decision: Approval.Decision, previewed: String? = nil, by admin: AuthorizedAdmin
  ) async throws(Refusal) -> ReleaseAnswer {
    let found = decision == .approve ? await look(at: approvals[id]?.controls ?? []) : []
    do throws(Refusal) {
      return try await inTurn { () async throws(Refusal) -> ReleaseAnswer in
        guard var approval = approvals[id] else { throw Refusal(.notFound, "There is no approval \(id).") }
        if decision == .approve, let previewed, previewed != approval.digest { throw drifted }
        try approval.decide(
          decision, by: admin.actor, at: clocks.now, current: inForce.epoch,
          currentDigest: approval.kind == .release ? currentDigest(approval) : nil)
        switch decision {
        case .deny:
          try await record(
            approval, action: "approval.deny", by: admin,
            summary: "denied the \(approval.kind.rawValue) asked for by \(approval.requestedBy)")
          tell(.approvalDenied, [], approval: approval, actor: admin.actor, requestID: admin.requestID)
          return .denied(approval)
        case .approve where approval.kind == .flatten:
          return .released(try await startFlattening(approval, by: admin))
        case .approve:
          let plan = try releasable(approval.controls, approval.stages, expecting: approval.epoch, found)
          let note = ReleaseNote(
            by: approval.requestedBy, approvedBy: admin.actor, at: clocks.now, reason: approval.reason,
            isBreakGlass: false)
          return .released(try await open(plan, note, admin: admin, approval: approval))
        }
      }
    } catch {
      if error.code != .notFound { await auditRefused(error, id, admin) }
      throw error
    }
  }

  private func currentDigest(_ approval: Approval) -> String? {
    // Controls that are gone are refused by name a moment later.
    try? plan(approval.controls, approval.stages, obstacles: []).digest
  }

  /// At once, or stage by stage.
  private func open(
    _ plan: ReleasePlan, _ note: ReleaseNote, admin: AuthorizedAdmin, approval: Approval?
  ) async throws(Refusal) -> Receipt {
    guard plan.reliefs.isEmpty else { return try await startRollout(plan, note, admin: admin, approval: approval) }
    return try await release(
      plan.controls.map(\.id), note, expecting: plan.epoch, admin: admin, approval: approval)
  }

  func record(
    _ approval: Approval, action: String, by admin: AuthorizedAdmin, summary: String
  ) async throws(Refusal) {
    try await record(approval, action: action, actor: admin.actor, requestID: admin.requestID, summary: summary)
  }

  func record(
    _ approval: Approval, action: String, actor: String, requestID: RequestID, summary: String
  ) async throws(Refusal) {
    let entry = AuditEntry(
      at: clocks.now, actor: actor, action: action, object: approval.id.text, requestID: requestID,
      reason: approval.reason, summary: summary)
    let transition = ControlCommit(
      expecting: committed.epoch, epoch: committed.epoch, approvals: [approval], audit: entry)
    _ = try await commit(transition, otherwise: "Nothing was recorded")
    keep(approval)
    publish()
  }

  // MARK: Break-glass

  /// One person alone is for the night nobody answers, not for every day.
  private func checkBreakGlass() async throws(Refusal) {
    let since = clocks.now.adding(milliseconds: -24 * 3600 * 1000)
    let documents: [ControlDocument]
    do throws(StoreFailure) {
      documents = try await store.documents(active: false, limit: Self.breakGlassLookback)
    } catch {
      throw Refusal(.storeUnavailable, "Nothing was released: \(error.message)", retryAfterSeconds: 1)
    }
    let spent = Set(
      documents.compactMap(\.release).filter { $0.isBreakGlass && $0.at > since }.map { "\($0.at) \($0.by)" }
    ).count
    guard spent < settings.breakGlassPerDay else {
      throw Refusal(
        .approvalRequired,
        "\(spent) releases broke the glass within 24 hours, as many as are allowed; a second admin must approve this one."
      )
    }
  }

  /// Documents looked through for earlier break-glass releases.
  private static let breakGlassLookback = 500

  private func tellSkipped(_ plan: ReleasePlan, _ admin: AuthorizedAdmin, _ reason: String) {
    metrics.breakGlass.increment()
    let skipped = settings.approvers.filter { $0 != admin.actor }
    let who = skipped.isEmpty ? "no second admin was asked" : "skipped: \(skipped.joined(separator: ", "))"
    tell(
      .brokeGlass, plan.controls, actor: admin.actor, requestID: admin.requestID, detail: "\(reason) (\(who))")
  }

  // MARK: The release itself

  /// Records the release, then opens. Precondition: called in turn, and releasable. A stop that closes meanwhile is a hold
  /// beside what is committed here, and stays.
  func release(
    _ controls: [ControlID], _ note: ReleaseNote, expecting: Epoch, admin: AuthorizedAdmin, approval: Approval?
  ) async throws(Refusal) -> Receipt {
    let requestedAt = clocks.now
    let start = clocks.monotonic()
    let lifted = controls.compactMap { committed.controls[$0] }
    var next = committed
    try next.release(controls, expecting: expecting)
    let entry = AuditEntry(
      at: note.at, actor: admin.actor, action: note.isBreakGlass ? "control.release_break_glass" : "control.release",
      object: controls.map(\.text).joined(separator: ","), before: Self.digest(lifted), requestID: admin.requestID,
      reason: note.reason,
      summary: "released \(lifted.map(\.scope.summary).joined(separator: "; ")), asked for by \(note.by)")
    let audit: Int64
    noteRelease(.releaseBegin, controls, note, expecting: expecting)
    do throws(Refusal) {
      audit = try await commit(
        ControlCommit(
          expecting: expecting, epoch: next.epoch, released: controls, release: note,
          approvals: approval.map { [$0] } ?? [], audit: entry),
        otherwise: "The release could not be recorded, so nothing was opened")
    } catch {
      noteRelease(.releaseFailed, controls, note, expecting: expecting)
      metrics.action("release", origin: .human, result: "failed")
      throw error
    }
    noteRelease(.releaseCommitted, controls, note, expecting: expecting, epoch: next.epoch, audit: audit)
    // Another replica's later transition may have been taken over meanwhile.
    if committed.epoch < next.epoch { committed = next }
    if let approval { keep(approval) }
    publish()
    metrics.action("release", origin: .human, result: "done")
    tell(.released, lifted, approval: approval, actor: admin.actor, requestID: admin.requestID)
    return Receipt(
      controls: lifted, epoch: next.epoch, requestID: admin.requestID, state: .released, durability: .committed,
      requestedAt: requestedAt, closedAt: nil, durableAt: clocks.now,
      elapsedNanoseconds: clocks.monotonic() - start, replicas: [], cancelMode: .none, cancel: CancelReport(),
      exposureLeft: runtime.exposure(lifted.first?.scope ?? .global), refusedSince: 0, audit: audit)
  }
}

/// What asking for a release, or deciding on one, leads to.
package enum ReleaseAnswer: Sendable {
  case needsApproval(Approval)
  case released(Receipt)
  case denied(Approval)
}
