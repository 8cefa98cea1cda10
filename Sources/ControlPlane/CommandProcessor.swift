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
    /// How long a stop's answer waits for the venue to be asked for its cancels; the rest is asked for after the answer.
    package var cancelWait = Duration.milliseconds(100)
    /// Past this the journal is emptied when the store has everything in it; a start reads it whole.
    package var journalBytesMax = 64 * 1024
    /// Approvals kept in memory, the newest; the store keeps all.
    package var approvalsMax = 200
    /// Commits tried at once when other replicas' transitions come first each time; after that with pauses.
    package var conflictsMax = 20
    /// Where a process is made to die in tests; nothing in the product.
    package var reach: @Sendable (Failpoint) -> Void = { _ in }

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
  /// The other gates; nil while there is none to ask.
  var replicas: ReplicaKeeper?
  let history: HistoryRecorder?
  nonisolated let view = Mutex(View())

  package init(
    settings: Settings, store: any ControlStore, journal: ControlJournal, runtime: any ControlledRuntime,
    clocks: Clocks, ids: IDSource, metrics: MetricRegistry, sleep: @escaping @Sendable (Duration) async -> Void,
    announce: @escaping @Sendable (ControlNotice) -> Void, history: HistoryRecorder? = nil
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
    self.history = history
  }

  // MARK: Stop

  /// Closes, drains, journals, commits, answers, announces. Never refuses: what cannot be made durable in time is said in
  /// the receipt, kept in effect and retried. A caller that is cancelled stops waiting; the stop goes its way.
  package func impose(_ stop: AuthorizedStop) async -> Receipt {
    let begin = Begin(at: clocks.now, monotonic: clocks.monotonic(), refused: runtime.refusedCount)
    let control = close(stop, at: begin.at)
    // Ends with the receipt; nobody cancels it.
    return await Task { await seal(control, stop, begin) }.value
  }

  /// Where a stop began.
  private struct Begin {
    let at: WallTime
    let monotonic: Int64
    let refused: Int
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
    noteRequested(control)
    settings.reach(.afterLocalClose)
    return control
  }

  private func seal(_ control: Control, _ stop: AuthorizedStop, _ begin: Begin) async -> Receipt {
    let closedAt = clocks.now
    metrics.phase("closed", clocks.monotonic() - begin.monotonic)

    settings.reach(.midDrain)
    let acknowledgement = await runtime.fence(at: control.epoch, scope: control.scope)
    metrics.phase("sealed", clocks.monotonic() - begin.monotonic)
    metrics.acknowledged(acknowledgement.replica, acknowledgement.epoch)

    let recording = Recording()
    record(control, recording, actor: stop.actor, requestID: stop.requestID, action: "control.impose")
    let waited = await recording.committed.value(within: settings.commitWait, sleep: sleep)
    let commit = waited ?? recording.committed.known
    if commit == nil { recording.noteAnswered() }
    let journaledAt = recording.inJournalSince
    metrics.phase("durable", clocks.monotonic() - begin.monotonic)
    metrics.action("stop", origin: stop.origin, result: commit == nil ? "journaled" : "done")

    let report = await cancel(control)
    let final = commit?.control ?? control
    let elsewhere = await sealElsewhere(commit, within: replicas?.sealBound)
    let isSealed = elsewhere?.isSealed ?? false
    if !isSealed { sealLater(recording, actor: stop.actor, requestID: stop.requestID) }
    let receipt = Receipt(
      controls: [final], epoch: final.epoch, requestID: stop.requestID,
      state: isSealed ? .sealed : .accepted,
      durability: commit != nil ? .committed : journaledAt != nil ? .journaled : .pending, requestedAt: begin.at,
      closedAt: closedAt, durableAt: commit?.at ?? journaledAt,
      elapsedNanoseconds: clocks.monotonic() - begin.monotonic,
      replicas: [acknowledgement] + (elsewhere ?? []).acknowledgements,
      cancelMode: control.cancel, cancel: report, exposureLeft: runtime.exposure(control.scope),
      refusedSince: runtime.refusedCount - begin.refused, audit: commit?.audit)
    settings.reach(.beforeAck)
    noteSealed(final, receipt.state, receipt.durability)
    tell(isSealed ? .sealed : .accepted, [final], actor: stop.actor, requestID: stop.requestID)
    return receipt
  }

  /// Has the stop's orders taken back. The answer does not wait for a slow venue: what it does not hear of goes on.
  private func cancel(_ control: Control) async -> CancelReport {
    let orders = runtime.orders(takenBackBy: control.cancel, scope: control.scope)
    guard !orders.isEmpty else { return CancelReport() }
    let report = Outcome<CancelReport>()
    let runtime = runtime
    // Ends when the venue was asked for each; nobody cancels it.
    Task { report.resolve(await runtime.cancel(orders)) }
    return await report.value(within: settings.cancelWait, sleep: sleep) ?? CancelReport(requested: orders.count)
  }

  // MARK: Release

  /// Asks for controls to be lifted: an approval to be decided by another admin, or, with break-glass, the receipt.
  ///
  /// Refuses `precondition.failed` when the state moved since the caller looked or an order of the scope is in doubt,
  /// `control.unknown`, `request.invalid` for a reason too short, and `store.unavailable`.
  package func requestRelease(
    _ controls: [ControlID], reason: String, expecting: Epoch, isBreakGlass: Bool, by admin: AuthorizedAdmin
  ) async throws(Refusal) -> ReleaseAnswer {
    let minimum = isBreakGlass ? Control.breakGlassReasonLengthMin : Control.reasonLengthMin
    if let problem = ControlDraft.reasonProblem(reason, atLeast: minimum) {
      throw Refusal(.requestInvalid, "The release was not requested: reason \(problem.problem).", fields: [problem])
    }
    let reason = ControlDraft.oneLine(reason)
    return try await inTurn { () async throws(Refusal) -> ReleaseAnswer in
      try checkReleasable(controls, expecting: expecting)
      guard settings.requiresApproval, !isBreakGlass else {
        let note = ReleaseNote(
          by: admin.actor, approvedBy: nil, at: clocks.now, reason: reason, isBreakGlass: isBreakGlass)
        return .released(try await release(controls, note, expecting: expecting, admin: admin, approval: nil))
      }
      let approval = Approval(
        id: ids.approvalID(), controls: controls, reason: reason, requestedBy: admin.actor, requestedAt: clocks.now,
        epoch: expecting)
      try await record(
        approval, action: "control.release_request", by: admin,
        summary: "asked to release \(controls.map(\.text).joined(separator: ", "))")
      tell(.approvalRequested, [], approval: approval, actor: admin.actor, requestID: admin.requestID)
      return .needsApproval(approval)
    }
  }

  /// Decides a requested release. Approving answers the receipt.
  ///
  /// Refuses `approval.self`, `approval.closed`, `precondition.failed`, `control.unknown`, `resource.unknown`,
  /// `store.unavailable`.
  package func decide(
    _ id: ApprovalID, _ decision: Approval.Decision, by admin: AuthorizedAdmin
  ) async throws(Refusal) -> ReleaseAnswer {
    do throws(Refusal) {
      return try await inTurn { () async throws(Refusal) -> ReleaseAnswer in
        guard var approval = approvals[id] else { throw Refusal(.notFound, "There is no approval \(id).") }
        try approval.decide(decision, by: admin.actor, at: clocks.now, current: inForce.epoch)
        switch decision {
        case .deny:
          try await record(
            approval, action: "approval.deny", by: admin,
            summary: "denied the release asked for by \(approval.requestedBy)")
          tell(.approvalDenied, [], approval: approval, actor: admin.actor, requestID: admin.requestID)
          return .denied(approval)
        case .approve:
          try checkReleasable(approval.controls, expecting: approval.epoch)
          let note = ReleaseNote(
            by: approval.requestedBy, approvedBy: admin.actor, at: clocks.now, reason: approval.reason,
            isBreakGlass: false)
          return .released(
            try await release(approval.controls, note, expecting: approval.epoch, admin: admin, approval: approval))
        }
      }
    } catch {
      if error.code != .notFound { await auditRefused(error, id, admin) }
      throw error
    }
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
    for scope in controls.compactMap({ committed.controls[$0]?.scope }) {
      let doubtful = runtime.inDoubt(scope)
      if let first = doubtful.first {
        throw Refusal(
          .preconditionFailed,
          "\(doubtful.count) order(s) of this scope have no known outcome, the first is \(first.order); settle them first."
        )
      }
    }
  }

  private func record(
    _ approval: Approval, action: String, by admin: AuthorizedAdmin, summary: String
  ) async throws(Refusal) {
    let entry = AuditEntry(
      at: clocks.now, actor: admin.actor, action: action, object: approval.id.text, requestID: admin.requestID,
      reason: approval.reason, summary: summary)
    let transition = ControlCommit(
      expecting: committed.epoch, epoch: committed.epoch, approvals: [approval], audit: entry)
    _ = try await commit(transition, otherwise: "Nothing was recorded")
    keep(approval)
    publish()
  }

  /// Records the release, then opens. Precondition: called in turn, and releasable. A stop that closes meanwhile is a hold
  /// beside what is committed here, and stays.
  private func release(
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
