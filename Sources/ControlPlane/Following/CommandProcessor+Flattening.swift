package import ControlModel
import Store
import Telemetry
package import TradingRuntime

/// Closing positions under a stop: asked for with the stop, approved by a second person, begun after it was sealed.
extension CommandProcessor {
  /// What flattens; the root sets it. Without one flattening is refused.
  package typealias Flatten =
    @Sendable (
      _ scope: ControlScope, _ name: String, _ actor: String, _ requestID: RequestID,
      _ isGranted: @Sendable () -> Bool, _ report: @Sendable (FlattenProgress) async -> Void
    ) async -> FlattenProgress

  /// Asks for a flattening. The stop stands whatever becomes of this.
  func askToFlatten(_ control: Control) async -> Receipt.Flattening {
    let approval = Approval(
      id: ids.approvalID(), kind: .flatten, controls: [control.id], reason: control.reason,
      requestedBy: control.actor, requestedAt: clocks.now, epoch: control.epoch,
      digest: Self.digest([control]))
    do throws(Refusal) {
      try await inTurn { () async throws(Refusal) in
        try await record(
          approval, action: "control.flatten_request", actor: control.actor, requestID: control.requestID,
          summary: "asked to close every position of \(control.scope.summary)")
      }
    } catch {
      return .notAsked(error.detail)
    }
    tell(.approvalRequested, [control], approval: approval, actor: control.actor, requestID: control.requestID)
    return .waiting(approval.id)
  }

  /// Records the approval, grants exits, and begins. Precondition: called in turn; the approval was just decided.
  func startFlattening(_ approval: Approval, by admin: AuthorizedAdmin) async throws(Refusal) -> Receipt {
    guard let flatten, let id = approval.controls.first, let control = committed.controls[id], holds.isEmpty,
      var receipt = receipt(id)
    else {
      throw Refusal(
        .releaseBlocked,
        "Nothing is flattened: the stop is not in force any more, or from before a restart; stop again.")
    }
    let entry = AuditEntry(
      at: clocks.now, actor: admin.actor, action: "control.flatten", object: id.text, requestID: admin.requestID,
      reason: approval.reason,
      summary: "approved closing every position of \(control.scope.summary), asked for by \(approval.requestedBy)")
    let expecting = committed.epoch
    var next = committed
    next.grantExits(id)
    receipt.audit = try await commitNoted(
      ControlCommit(expecting: expecting, epoch: next.epoch, approvals: [approval], audit: entry),
      otherwise: "Nothing is flattened")
    noteExits(.exitsGranted, id, approval, expecting: expecting, audit: receipt.audit)
    // After another replica's later transition nothing is granted, and the flattening ends at once.
    if committed.epoch <= next.epoch { committed = next }
    keep(approval)
    publish()
    tell(.flattening, [control], approval: approval, actor: admin.actor, requestID: admin.requestID)
    receipt.epoch = committed.epoch
    receipt.flattening = .running(FlattenProgress(positions: receipt.exposureLeft.positions))
    followed[id]?.receipt.flattening = receipt.flattening
    // Ends with the last position, its time, or the end of the grant; nobody cancels it.
    Task { await run(flatten, control, admin) }
    return receipt
  }

  private func run(_ flatten: Flatten, _ control: Control, _ admin: AuthorizedAdmin) async {
    let result = await flatten(
      control.scope, control.id.text, admin.actor, admin.requestID,
      { self.current.state.exits.contains(control.id) },
      { await self.note($0, of: control.id) })
    committed.withdrawExits(control.id)
    publish()
    noteExits(.exitsWithdrawn, control.id)
    note(result, of: control.id)
    let entry = AuditEntry(
      at: clocks.now, actor: "breakwater", action: "control.flatten_end", object: control.id.text,
      requestID: admin.requestID, reason: result.note ?? "",
      summary:
        "closed \(result.closed) of \(result.positions) positions in \(result.slices) slices, \(result.notional) USD")
    do throws(StoreFailure) {
      _ = try await store.audit(entry)
    } catch {
      metrics.journalFailures.increment()
    }
    tell(.flattened, [control], actor: "breakwater", requestID: admin.requestID, detail: entry.summary)
  }

  private func note(_ progress: FlattenProgress, of id: ControlID) {
    followed[id]?.receipt.flattening = progress.isDone ? .ended(progress) : .running(progress)
  }
}
