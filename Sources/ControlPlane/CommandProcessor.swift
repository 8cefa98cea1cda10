package import ControlModel
package import Store
import Synchronization
package import Telemetry
package import TradingRuntime

/// The life of a halt, top to bottom.
///
/// A restriction closes the gate first and is recorded after, so that a slow or dead disk never delays it. A release is
/// recorded first and opens after. Between the two, memory is only ever stricter than the store.
package actor CommandProcessor {
  package struct Settings: Sendable {
    /// This process, as receipts and gauges name it.
    package var replica: ReplicaID
    /// Releases need a second admin.
    package var requiresApproval = true
    /// When a control is due for review if the command does not say.
    package var reviewAfterMilliseconds: Int64 = 30 * 60 * 1000
    /// How long a stop's answer waits for its commit; after that it answers with what is durable by then.
    package var commitWait = Duration.seconds(1)
    /// Pause between attempts to commit a stop the store refused.
    package var retryPause = Duration.milliseconds(500)

    package init(replica: ReplicaID) {
      self.replica = replica
    }
  }

  /// What readers see, without waiting for the processor.
  package struct View: Sendable {
    /// Everything that restricts now: committed controls and stops still being recorded.
    package var state = ControlState()
    package var approvals: [Approval] = []
    /// Stops in effect whose commit is being retried.
    package var unrecorded = 0
    package var isHeld = true
  }

  let settings: Settings
  let store: any ControlStore
  let journal: ControlJournal
  let runtime: any ControlledRuntime
  let clocks: Clocks
  let ids: IDSource
  let metrics: ControlMetrics
  let sleep: @Sendable (Duration) async -> Void
  let announce: @Sendable (ControlNotice) -> Void

  /// What the store holds.
  var committed = ControlState()
  var approvals: [ApprovalID: Approval] = [:]
  /// Closed at the gate and not committed yet.
  var holds: [ControlID: Control] = [:]
  var turn = Turn()
  nonisolated let view = Mutex(View())

  package init(
    settings: Settings, store: any ControlStore, journal: ControlJournal, runtime: any ControlledRuntime,
    clocks: Clocks, ids: IDSource, metrics: MetricRegistry, sleep: @escaping @Sendable (Duration) async -> Void,
    announce: @escaping @Sendable (ControlNotice) -> Void
  ) {
    self.settings = settings
    self.store = store
    self.journal = journal
    self.runtime = runtime
    self.clocks = clocks
    self.ids = ids
    self.metrics = ControlMetrics(metrics)
    self.sleep = sleep
    self.announce = announce
  }

  // MARK: Stop

  /// Closes, drains, journals, commits, answers, announces. Never refuses: what cannot be made durable in time is said in
  /// the receipt, kept in effect and retried.
  package func impose(_ stop: AuthorizedStop) async -> Receipt {
    let requestedAt = clocks.now
    let start = clocks.monotonic()
    let refusedBefore = runtime.refusedCount
    let control = close(stop, at: requestedAt)
    let closedAt = clocks.now
    metrics.phase("closed", clocks.monotonic() - start)

    let acknowledgement = await runtime.fence(at: control.epoch, scope: control.scope)
    metrics.phase("sealed", clocks.monotonic() - start)
    metrics.acknowledged(acknowledgement.replica, acknowledgement.epoch)

    let isJournaled = await journaled(control)
    let recorded = record(control, stop)
    let commit = await recorded.value(within: settings.commitWait, sleep: sleep)
    metrics.phase("durable", clocks.monotonic() - start)
    metrics.action("stop", origin: stop.origin, result: commit == nil ? "journaled" : "done")

    let report = control.cancel == .none ? CancelReport() : await runtime.cancel(control.cancel, scope: control.scope)
    let final = commit?.control ?? control
    let receipt = Receipt(
      controls: [final], epoch: final.epoch, requestID: stop.requestID, state: .sealed,
      durability: commit != nil ? .committed : isJournaled ? .journaled : .pending, requestedAt: requestedAt,
      closedAt: closedAt, durableAt: commit?.at ?? (isJournaled ? clocks.now : nil),
      elapsedNanoseconds: clocks.monotonic() - start, replicas: [acknowledgement], cancelMode: control.cancel,
      cancel: report, exposureLeft: runtime.exposure(control.scope),
      refusedSince: runtime.refusedCount - refusedBefore, audit: commit?.audit)
    tell(.sealed, [final], actor: stop.actor, requestID: stop.requestID)
    return receipt
  }

  /// The gate decides by the new control from here on. No await before this line of a stop.
  private func close(_ stop: AuthorizedStop, at now: WallTime) -> Control {
    let draft = stop.draft
    let control = Control(
      id: ids.controlID(), scope: draft.scope, kind: draft.kind, level: draft.level, cancel: draft.cancel,
      reason: draft.reason, ticket: draft.ticket, actor: stop.actor, origin: stop.origin, createdAt: now,
      epoch: inForce.epoch.next,
      reviewBy: now.adding(milliseconds: draft.reviewAfterMilliseconds ?? settings.reviewAfterMilliseconds),
      requestID: stop.requestID)
    holds[control.id] = control
    publish()
    return control
  }

  private func journaled(_ control: Control) async -> Bool {
    do throws(StoreFailure) {
      try await journal.record(control)
      return true
    } catch {
      metrics.journalFailures.increment()
      return false
    }
  }

  // MARK: Release

  /// Asks for controls to be lifted: an approval to be decided by another admin, or, with break-glass, the receipt.
  ///
  /// Refuses `precondition.failed` when the state moved since the caller looked or an order of the scope is in doubt,
  /// `control.unknown`, and `request.invalid` for a reason too short.
  package func requestRelease(
    _ ids: [ControlID], reason: String, expecting: Epoch, isBreakGlass: Bool, by admin: AuthorizedAdmin
  ) async throws(Refusal) -> ReleaseAnswer {
    let minimum = isBreakGlass ? Control.breakGlassReasonLengthMin : Control.reasonLengthMin
    if let problem = ControlDraft.reasonProblem(reason, atLeast: minimum) {
      throw Refusal(.requestInvalid, "The release was not requested: reason \(problem.problem).", fields: [problem])
    }
    try checkReleasable(ids, expecting: expecting)
    guard settings.requiresApproval, !isBreakGlass else {
      let note = ReleaseNote(
        by: admin.actor, approvedBy: nil, at: clocks.now, reason: reason, isBreakGlass: isBreakGlass)
      return .released(try await release(ids, note, expecting: expecting, admin: admin, approval: nil))
    }
    let approval = Approval(
      id: self.ids.approvalID(), controls: ids, reason: reason, requestedBy: admin.actor, requestedAt: clocks.now,
      epoch: expecting)
    try await commitApproval(
      approval, action: "control.release_request", by: admin,
      summary: "asked to release \(ids.map(\.text).joined(separator: ", "))")
    tell(.approvalRequested, [], approval: approval, actor: admin.actor, requestID: admin.requestID)
    return .needsApproval(approval)
  }

  /// Decides a requested release. Approving answers the receipt.
  ///
  /// Refuses `approval.self`, `approval.closed`, `precondition.failed`, `control.unknown`, `resource.unknown`.
  package func decide(
    _ id: ApprovalID, _ decision: Approval.Decision, by admin: AuthorizedAdmin
  ) async throws(Refusal) -> ReleaseAnswer {
    guard var approval = approvals[id] else { throw Refusal(.notFound, "There is no approval \(id).") }
    do throws(Refusal) {
      try approval.decide(decision, by: admin.actor, at: clocks.now, current: inForce.epoch)
    } catch {
      await auditRefused(error, approval, admin)
      throw error
    }
    switch decision {
    case .deny:
      try await commitApproval(
        approval, action: "approval.deny", by: admin, summary: "denied the release asked for by \(approval.requestedBy)"
      )
      tell(.approvalDenied, [], approval: approval, actor: admin.actor, requestID: admin.requestID)
      return .denied(approval)
    case .approve:
      try checkReleasable(approval.controls, expecting: approval.epoch)
      let note = ReleaseNote(
        by: approval.requestedBy, approvedBy: admin.actor, at: clocks.now, reason: approval.reason, isBreakGlass: false)
      return .released(
        try await release(approval.controls, note, expecting: approval.epoch, admin: admin, approval: approval))
    }
  }

  /// Records the release, then opens. If anything restricted the scope meanwhile, the epochs differ and nothing is lifted.
  private func release(
    _ ids: [ControlID], _ note: ReleaseNote, expecting: Epoch, admin: AuthorizedAdmin, approval: Approval?
  ) async throws(Refusal) -> Receipt {
    let requestedAt = clocks.now
    let start = clocks.monotonic()
    let lifted = ids.compactMap { committed.controls[$0] }
    await takeTurn(isStop: false)
    defer { turn.pass() }
    guard holds.isEmpty else { throw ControlState.stale(expected: expecting, current: inForce.epoch) }
    var next = committed
    try next.release(ids, expecting: expecting)
    let entry = AuditEntry(
      at: note.at, actor: admin.actor, action: note.isBreakGlass ? "control.release_break_glass" : "control.release",
      object: ids.map(\.text).joined(separator: ","), before: Self.digest(lifted), requestID: admin.requestID,
      reason: note.reason,
      summary: "released \(lifted.map(\.scope.summary).joined(separator: "; ")), asked for by \(note.by)")
    let audit: Int64
    do throws(StoreFailure) {
      audit = try await store.commit(
        ControlCommit(
          expecting: expecting, epoch: next.epoch, released: ids, release: note,
          approvals: approval.map { [$0] } ?? [], audit: entry))
    } catch {
      metrics.action("release", origin: .human, result: "failed")
      throw Refusal(
        .storeUnavailable, "The release could not be recorded, so nothing was opened: \(error.message)",
        retryAfterSeconds: 1)
    }
    committed = next
    if let approval { approvals[approval.id] = approval }
    publish()
    metrics.action("release", origin: .human, result: "done")
    let scope = lifted.first?.scope ?? .global
    tell(.released, lifted, approval: approval, actor: admin.actor, requestID: admin.requestID)
    return Receipt(
      controls: lifted, epoch: next.epoch, requestID: admin.requestID, state: .released, durability: .committed,
      requestedAt: requestedAt, closedAt: nil, durableAt: clocks.now,
      elapsedNanoseconds: clocks.monotonic() - start, replicas: [], cancelMode: .none, cancel: CancelReport(),
      exposureLeft: runtime.exposure(scope), refusedSince: 0, audit: audit)
  }
}

/// What asking for a release, or deciding on one, leads to.
package enum ReleaseAnswer: Sendable {
  case needsApproval(Approval)
  case released(Receipt)
  case denied(Approval)
}
