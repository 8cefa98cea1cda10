import ControlModel
import Store
import Synchronization
import Telemetry
import TradingRuntime

/// A stop as committed.
struct CommittedStop: Sendable {
  let control: Control
  /// The sequence of its audit leaf; nil when the store had it already.
  let audit: Int64?
  let at: WallTime
}

/// A stop on its way to disk.
final class Recording: Sendable {
  let committed = Outcome<CommittedStop>()
  private let journaledAt: Mutex<WallTime?>
  private let answered = Atomic(false)

  /// - Parameter journaledAt: when it was found in the journal; nil for a stop that is not there yet.
  init(journaledAt: WallTime? = nil) {
    self.journaledAt = Mutex(journaledAt)
  }

  /// When the journal took it; nil while it has not.
  var inJournalSince: WallTime? { journaledAt.withLock { $0 } }
  func noteJournaled(at now: WallTime) { journaledAt.withLock { $0 = now } }

  /// Whether the stop was answered before it was committed.
  var wasAnswered: Bool { answered.load(ordering: .sequentiallyConsistent) }
  func noteAnswered() { answered.store(true, ordering: .sequentiallyConsistent) }
}

/// How transitions reach the disk: stops without end, everything else once; one at a time and in order.
extension CommandProcessor {
  /// Journals and commits a stop, however long it takes. Its epoch is decided at its turn.
  func record(
    _ hold: Control, _ recording: Recording, actor: String, requestID: RequestID, action: String
  ) {
    // Ends when the commit succeeded, or with the process, whose next run finds the stop in the journal. Nobody cancels it.
    Task {
      await journal(hold, recording)
      await takeTurn()
      while true {
        if let stop = await commit(hold, actor: actor, requestID: requestID, action: action) {
          recording.committed.resolve(stop)
          if recording.wasAnswered { tell(.recorded, [stop.control], actor: actor, requestID: requestID) }
          break
        }
        await sleep(settings.retryPause)
        await journal(hold, recording)
      }
      turn.pass()
    }
  }

  private func journal(_ hold: Control, _ recording: Recording) async {
    guard recording.inJournalSince == nil else { return }
    do throws(StoreFailure) {
      try await journal.record(hold)
      recording.noteJournaled(at: clocks.now)
      settings.reach(.afterJournal)
    } catch {
      metrics.journalFailures.increment()
    }
  }

  /// One attempt; nil when the store did not take it. Transitions of other replicas that come first only change the epoch.
  private func commit(
    _ hold: Control, actor: String, requestID: RequestID, action: String
  ) async -> CommittedStop? {
    for _ in 0..<settings.conflictsMax {
      let control = hold.stamped(committed.epoch.next)
      do throws(StoreFailure) {
        let audit = try await store.commit(
          ControlCommit(
            expecting: committed.epoch, epoch: control.epoch, imposed: [control],
            audit: entry(control, actor: actor, requestID: requestID, action: action)))
        settings.reach(.afterStoreWrite)
        if committed.epoch < control.epoch { committed.impose(control) }
        noteCommitted(control, audit)
        await settle(hold)
        return CommittedStop(control: control, audit: audit, at: clocks.now)
      } catch  where error.kind == .conflict {
        guard await catchUp() else { return nil }
        // Ours after all, in force or released by now.
        if let stored = await stored(hold.id) {
          noteCommitted(stored, nil)
          await settle(hold)
          return CommittedStop(control: stored, audit: nil, at: clocks.now)
        }
      } catch {
        return nil
      }
    }
    return nil
  }

  private func stored(_ id: ControlID) async -> Control? {
    if let control = committed.controls[id] { return control }
    return (try? await store.document(id))?.control
  }

  private func entry(_ control: Control, actor: String, requestID: RequestID, action: String) -> AuditEntry {
    AuditEntry(
      at: control.createdAt, actor: actor, action: action, object: control.id.text, after: Self.digest([control]),
      requestID: requestID, reason: control.reason,
      summary:
        "\(control.kind == .halt ? "stopped" : "disabled") \(control.scope.summary): level \(control.level.text), cancel \(control.cancel.rawValue)"
    )
  }

  /// A hold became a committed control.
  private func settle(_ hold: Control) async {
    holds[hold.id] = nil
    publish()
    // Without holds every stop that asked for the journal before this line is committed; see ControlJournal on order.
    if holds.isEmpty, journal.bytes > settings.journalBytesMax { await clearJournal() }
  }

  func clearJournal() async {
    do throws(StoreFailure) {
      try await journal.clear()
    } catch {
      metrics.journalFailures.increment()  // a longer journal is merged again at the next start, to no effect
    }
  }

  /// The store is elsewhere than we thought, e.g. because a commit that failed to answer had succeeded: takes over what it
  /// holds. False when it cannot say, or is behind us.
  func catchUp() async -> Bool {
    guard let record = try? await store.load(), record.state.epoch >= committed.epoch else { return false }
    if record.state.epoch > committed.epoch { committed = record.state }
    for approval in record.approvals { approvals[approval.id] = approval }
    publish()
    return true
  }

  // MARK: Turns

  /// Waits for a stop's turn, however long that takes.
  private func takeTurn() async {
    guard !turn.takeIfFree() else { return }
    _ = await turn.queue(isStop: true).value(within: nil, sleep: sleep)
  }

  /// Does what is not a stop when its turn comes. Refuses `store.unavailable` when that takes longer than `commitWait`:
  /// stops are before it that the store does not take.
  func inTurn<Result>(_ work: () async throws(Refusal) -> Result) async throws(Refusal) -> Result {
    if !turn.takeIfFree() {
      let ticket = turn.queue(isStop: false)
      if await ticket.value(within: settings.commitWait, sleep: sleep) == nil, turn.withdraw(ticket) {
        throw Refusal(
          .storeUnavailable, "Nothing was recorded: stops are still waiting for the store to take them.",
          retryAfterSeconds: 1)
      }
    }
    defer { turn.pass() }
    return try await work()
  }

  /// Commits a transition that is not a stop. Precondition: called in turn.
  func commit(_ transition: ControlCommit, otherwise: String) async throws(Refusal) -> Int64 {
    do throws(StoreFailure) {
      return try await store.commit(transition)
    } catch {
      if error.kind == .conflict {
        _ = await catchUp()
        throw ControlState.stale(expected: transition.expecting, current: inForce.epoch)
      }
      throw Refusal(.storeUnavailable, "\(otherwise): \(error.message)", retryAfterSeconds: 1)
    }
  }

  /// As `commit`, for a transition with an epoch of its own: the history hears that it is tried, and that it was not taken
  /// when that is certain.
  func commitNoted(_ transition: ControlCommit, otherwise: String) async throws(Refusal) -> Int64 {
    noteTransition(.transitionBegin, expecting: transition.expecting)
    do throws(Refusal) {
      return try await commit(transition, otherwise: otherwise)
    } catch {
      if error.code == .preconditionFailed { noteTransition(.transitionFailed, expecting: transition.expecting) }
      throw error
    }
  }

  func keep(_ approval: Approval) {
    approvals[approval.id] = approval
    guard approvals.count > settings.approvalsMax else { return }
    for old in approvals.values.sorted(by: { $0.requestedAt < $1.requestedAt }).prefix(
      approvals.count - settings.approvalsMax)
    {
      approvals[old.id] = nil
    }
  }

  /// An attempt that was refused is on record too. When it cannot be written the refusal stands all the same.
  func auditRefused(_ refusal: Refusal, _ id: ApprovalID, _ admin: AuthorizedAdmin) async {
    let entry = AuditEntry(
      at: clocks.now, actor: admin.actor, action: "approval.refused", object: id.text,
      requestID: admin.requestID, reason: refusal.code.rawValue, summary: refusal.detail)
    do throws(StoreFailure) {
      _ = try await store.audit(entry)
    } catch {
      metrics.journalFailures.increment()
    }
  }

  // MARK: State

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
    let now = clocks.now
    let pending = approvals.values.count { $0.status(at: now) == .pending }
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

  func tell(
    _ what: ControlNotice.What, _ controls: [Control], approval: Approval? = nil, actor: String, requestID: RequestID,
    detail: String? = nil
  ) {
    announce(
      ControlNotice(
        what: what, controls: controls, approval: approval, actor: actor, epoch: inForce.epoch, at: clocks.now,
        requestID: requestID, detail: detail))
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
