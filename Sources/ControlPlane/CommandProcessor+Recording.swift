import ControlModel
import Store
import Synchronization
import Telemetry
import TradingRuntime

/// How transitions reach the store, one at a time and in order.
extension CommandProcessor {
  /// A stop as committed.
  struct CommittedStop: Sendable {
    let control: Control
    let audit: Int64
    let at: WallTime
  }

  /// Commits a stop, however long it takes. Its epoch is decided here, at its turn.
  func record(_ hold: Control, _ stop: AuthorizedStop) -> Outcome<CommittedStop> {
    let outcome = Outcome<CommittedStop>()
    // Ends when the commit succeeded; the process ends with the journal holding the stop. Nobody cancels it.
    Task { await commitStop(hold, actor: stop.actor, requestID: stop.requestID, action: "control.impose", outcome) }
    return outcome
  }

  func commitStop(
    _ hold: Control, actor: String, requestID: RequestID, action: String, _ outcome: Outcome<CommittedStop>
  ) async {
    await takeTurn(isStop: true)
    defer { turn.pass() }
    while true {
      let control = hold.stamped(committed.epoch.next)
      let entry = AuditEntry(
        at: control.createdAt, actor: actor, action: action, object: control.id.text, after: Self.digest([control]),
        requestID: requestID, reason: control.reason,
        summary:
          "\(control.kind.rawValue) \(control.scope.summary) at level \(control.level.text), cancel \(control.cancel.rawValue)"
      )
      do throws(StoreFailure) {
        let audit = try await store.commit(
          ControlCommit(expecting: committed.epoch, epoch: control.epoch, imposed: [control], audit: entry))
        committed.impose(control)
        holds[hold.id] = nil
        publish()
        outcome.resolve(CommittedStop(control: control, audit: audit, at: clocks.now))
        if holds.isEmpty { clearJournal() }
        return
      } catch {
        publish()
        await sleep(settings.retryPause)
      }
    }
  }

  /// The store has everything the journal holds.
  private func clearJournal() {
    do throws(StoreFailure) {
      try journal.clear()
    } catch {
      metrics.journalFailures.increment()  // a longer journal is merged again at the next start, to no effect
    }
  }

  func takeTurn(isStop: Bool) async {
    if turn.takeIfFree() { return }
    await withCheckedContinuation { turn.queue($0, isStop: isStop) }
  }

  func commitApproval(
    _ approval: Approval, action: String, by admin: AuthorizedAdmin, summary: String
  ) async throws(Refusal) {
    await takeTurn(isStop: false)
    defer { turn.pass() }
    let entry = AuditEntry(
      at: clocks.now, actor: admin.actor, action: action, object: approval.id.text, requestID: admin.requestID,
      reason: approval.reason, summary: summary)
    do throws(StoreFailure) {
      _ = try await store.commit(
        ControlCommit(expecting: committed.epoch, epoch: committed.epoch, approvals: [approval], audit: entry))
    } catch {
      throw Refusal(.storeUnavailable, "Nothing was recorded: \(error.message)", retryAfterSeconds: 1)
    }
    approvals[approval.id] = approval
    publish()
  }

  /// An attempt that was refused is on record too. When it cannot be written the refusal stands all the same.
  func auditRefused(_ refusal: Refusal, _ approval: Approval, _ admin: AuthorizedAdmin) async {
    let entry = AuditEntry(
      at: clocks.now, actor: admin.actor, action: "approval.refused", object: approval.id.text,
      requestID: admin.requestID, reason: refusal.code.rawValue, summary: refusal.detail)
    do throws(StoreFailure) {
      _ = try await store.audit(entry)
    } catch {
      metrics.journalFailures.increment()
    }
  }

  /// What restricts now: the committed state, tightened by every stop still being recorded.
  var inForce: ControlState {
    var state = committed
    for hold in holds.values.sorted(by: { $0.epoch < $1.epoch }) { state.impose(hold.stamped(state.epoch.next)) }
    return state
  }

  /// Hands the state in force to the gate, to readers and to the gauges.
  func publish() {
    let state = inForce
    runtime.publish(state)
    let pending = approvals.values.filter { $0.status(at: clocks.now) == .pending }.count
    let all = approvals.values.sorted { $0.requestedAt > $1.requestedAt }
    view.withLock { view in
      view.state = state
      view.approvals = all
      view.unrecorded = holds.count
    }
    // Every hold is fenced before it is recorded, so without holds the gate stands at the committed epoch.
    if holds.isEmpty { metrics.acknowledged(settings.replica, committed.epoch) }
    metrics.observe(state, pendingApprovals: pending, unrecorded: holds.count)
  }

  func checkReleasable(_ ids: [ControlID], expecting: Epoch) throws(Refusal) {
    var probe = inForce
    try probe.release(ids, expecting: expecting)
    for id in ids {
      guard let scope = committed.controls[id]?.scope else { continue }
      let doubtful = runtime.inDoubt(scope)
      if let first = doubtful.first {
        throw Refusal(
          .preconditionFailed,
          "\(doubtful.count) order(s) of this scope have no known outcome, the first is \(first.order); settle them first."
        )
      }
    }
  }

  func tell(
    _ what: ControlNotice.What, _ controls: [Control], approval: Approval? = nil, actor: String, requestID: RequestID
  ) {
    announce(
      ControlNotice(
        what: what, controls: controls, approval: approval, actor: actor, epoch: inForce.epoch, at: clocks.now,
        requestID: requestID))
  }

  static func digest(_ controls: [Control]) -> String {
    let forms = controls.map { StoredControl($0).canonicalJSON }
    return DocumentDigest.of(Array(forms.joined(separator: [UInt8(ascii: "\n")])))
  }
}

extension Control {
  /// The same control at another epoch.
  func stamped(_ epoch: Epoch) -> Control {
    Control(
      id: id, scope: scope, kind: kind, level: level, cancel: cancel, reason: reason, ticket: ticket, actor: actor,
      origin: origin, createdAt: createdAt, epoch: epoch, reviewBy: reviewBy, requestID: requestID)
  }
}
