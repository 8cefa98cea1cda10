import ControlModel
import Store
import Synchronization
import Telemetry
import TradingRuntime

/// A staged release: each stage is recorded, opened and watched; anything wrong ends it with the whole restriction back in
/// force. A stage is relief in memory, so a crash in the middle of one leaves everything stopped.
struct Rollout: Sendable {
  let controls: [ControlID]
  let reliefs: [Relief]
  let watch: Duration
  let note: ReleaseNote
  let admin: AuthorizedAdmin
  /// Controls imposed later than this are somebody's objection.
  let startedAt: (epoch: Epoch, time: WallTime)
}

extension CommandProcessor {
  /// Records and opens the first stage; the others follow by themselves. Precondition: called in turn, and releasable.
  func startRollout(
    _ plan: ReleasePlan, _ note: ReleaseNote, admin: AuthorizedAdmin, approval: Approval?
  ) async throws(Refusal) -> Receipt {
    let start = (wall: clocks.now, monotonic: clocks.monotonic())
    let ids = plan.controls.map(\.id)
    let rollout = Rollout(
      controls: ids, reliefs: plan.reliefs, watch: .milliseconds(plan.stages?.watchMilliseconds ?? 0), note: note,
      admin: admin, startedAt: (committed.epoch.next, start.wall))
    let audit = try await openStage(0, of: rollout, approval: approval)
    metrics.action("release", origin: .human, result: "staged")
    // Ends with the last stage, or when something is wrong; nobody cancels it. The process may: then nothing stays open.
    Task { await watchStages(rollout) }
    return Receipt(
      controls: plan.controls, epoch: committed.epoch, requestID: admin.requestID, state: .releasing,
      durability: .committed, requestedAt: start.wall, closedAt: nil, durableAt: clocks.now,
      elapsedNanoseconds: clocks.monotonic() - start.monotonic, replicas: [], cancelMode: .none, cancel: CancelReport(),
      exposureLeft: runtime.exposure(plan.controls.first?.scope ?? .global), refusedSince: 0, audit: audit)
  }

  /// Recorded first, open after.
  private func openStage(_ index: Int, of rollout: Rollout, approval: Approval? = nil) async throws(Refusal) -> Int64 {
    let relief = rollout.reliefs[index]
    let expecting = committed.epoch
    var next = committed
    try next.relieve(rollout.controls, relief, expecting: expecting)
    let entry = AuditEntry(
      at: clocks.now, actor: rollout.admin.actor, action: "control.release_stage",
      object: rollout.controls.map(\.text).joined(separator: ","), requestID: rollout.admin.requestID,
      reason: rollout.note.reason,
      summary: "stage \(index + 1) of \(rollout.reliefs.count + 1): \(relief.summary), asked for by \(rollout.note.by)")
    let audit = try await commitNoted(
      ControlCommit(
        expecting: expecting, epoch: next.epoch, approvals: approval.map { [$0] } ?? [], audit: entry),
      otherwise: "The stage could not be recorded, so nothing was opened")
    // Another replica's later transition may have been taken over meanwhile: then what was looked at is not what stands.
    guard committed.epoch <= next.epoch else {
      noteStage(.stageTripped, rollout, expecting: expecting, audit: audit)
      throw ControlState.stale(expected: next.epoch, current: committed.epoch)
    }
    noteStage(.stageOpened, rollout, relief, expecting: expecting, audit: audit)
    committed = next
    if let approval { keep(approval) }
    setStanding(rollout, index)
    publish()
    tell(
      .stage, controls(of: rollout), approval: approval, actor: rollout.admin.actor, requestID: rollout.admin.requestID,
      detail: relief.summary)
    return audit
  }

  private func watchStages(_ rollout: Rollout) async {
    for index in rollout.reliefs.indices {
      let deadline = clocks.monotonic() + Int64(rollout.watch / .nanoseconds(1))
      while clocks.monotonic() < deadline {
        if let why = objection(to: rollout, at: index) { return await withdraw(rollout, because: why) }
        await sleep(settings.stagePause)
      }
      // The same look as before the first stage: it may ask the venue.
      if let why = await obstacle(to: rollout) ?? objection(to: rollout, at: index) {
        return await withdraw(rollout, because: why)
      }
      do throws(Refusal) {
        try await inTurn { () async throws(Refusal) in
          if let why = objection(to: rollout, at: index) { throw Refusal(.releaseBlocked, why) }
          if index + 1 < rollout.reliefs.count {
            _ = try await openStage(index + 1, of: rollout)
          } else {
            _ = try await release(
              rollout.controls, rollout.note, expecting: committed.epoch, admin: rollout.admin, approval: nil)
            endStanding(rollout)
          }
        }
      } catch {
        return await withdraw(rollout, because: error.detail)
      }
    }
  }

  /// Why the stage must not go on; nil while all is well.
  private func objection(to rollout: Rollout, at index: Int) -> String? {
    for id in rollout.controls where committed.reliefs[id] != rollout.reliefs[index] {
      return "control state was read again from the store"
    }
    let scopes = controls(of: rollout).map(\.scope)
    let stop = inForce.controls.values.first { control in
      control.epoch > rollout.startedAt.epoch && !rollout.controls.contains(control.id)
        && scopes.contains { $0.meets(control.scope) }
    }
    if let stop { return "\(stop.actor) stopped \(stop.scope.summary) meanwhile" }
    return scopes.lazy.compactMap { self.guards.alarm($0, rollout.startedAt.time) }.first?.detail
  }

  private func obstacle(to rollout: Rollout) async -> String? {
    for scope in controls(of: rollout).map(\.scope) {
      if let first = await guards.obstacles(scope).first { return first.detail }
    }
    return nil
  }

  /// The tripwire: closes in memory, drains, and then writes it down. The restriction was never lifted in the store, so no
  /// crash and no failing disk can undo this.
  private func withdraw(_ rollout: Rollout, because why: String) async {
    let lifted = controls(of: rollout)
    committed.withdrawRelief(rollout.controls)
    endStanding(rollout)
    publish()
    for control in lifted { _ = await runtime.fence(at: inForce.epoch, scope: control.scope) }
    noteStage(.stageClosed, rollout)
    metrics.action("release", origin: .platform, result: "tripped")
    tell(.tripped, lifted, actor: "breakwater", requestID: rollout.admin.requestID, detail: why)
    for control in lifted {
      _ = await runtime.cancel(runtime.orders(takenBackBy: control.cancel, scope: control.scope))
    }
    while true {
      do throws(Refusal) {
        return try await inTurn { () async throws(Refusal) in
          let entry = AuditEntry(
            at: clocks.now, actor: "breakwater", action: "control.release_tripped",
            object: rollout.controls.map(\.text).joined(separator: ","), requestID: rollout.admin.requestID,
            reason: why, summary: "the staged release asked for by \(rollout.note.by) stopped again: \(why)")
          let expecting = committed.epoch
          var next = committed
          next.advance()
          let audit = try await commitNoted(
            ControlCommit(expecting: expecting, epoch: next.epoch, audit: entry), otherwise: "Not recorded")
          noteStage(.stageTripped, rollout, expecting: expecting, audit: audit)
          if committed.epoch < next.epoch { committed = next }
          publish()
        }
      } catch {
        await sleep(settings.retryPause)
      }
    }
  }

  private func controls(of rollout: Rollout) -> [Control] { rollout.controls.compactMap { committed.controls[$0] } }

  private func setStanding(_ rollout: Rollout, _ index: Int) {
    let now = clocks.now
    let standing = RolloutStanding(
      controls: rollout.controls, stage: index + 1, of: rollout.reliefs.count + 1, relief: rollout.reliefs[index],
      since: now, until: now.adding(milliseconds: Int64(rollout.watch / .milliseconds(1))))
    view.withLock { view in
      view.rollouts.removeAll { $0.controls == rollout.controls }
      view.rollouts.append(standing)
    }
  }

  private func endStanding(_ rollout: Rollout) {
    view.withLock { $0.rollouts.removeAll { $0.controls == rollout.controls } }
  }
}
