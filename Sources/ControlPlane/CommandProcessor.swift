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
    /// How often a stage of a release, and an order in doubt, is looked at.
    package var stagePause = Duration.milliseconds(250)
    /// Releases by one admin alone within 24 hours.
    package var breakGlassPerDay = 3
    /// Who may approve, by name, as far as the installation says: named to those who are paged when one is skipped.
    package var approvers: [String] = []
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
    /// Staged releases under way.
    package var rollouts: [RolloutStanding] = []
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
  let guards: ReleaseGuards
  let flatten: Flatten?

  /// What the store holds.
  var committed = ControlState()
  var approvals: [ApprovalID: Approval] = [:]
  /// Closed at the gate and not committed yet.
  var holds: [ControlID: Control] = [:]
  /// Stops of this process, after their answer.
  var followed: [ControlID: FollowedStop] = [:]
  var turn = Turn()
  /// The other gates; nil while there is none to ask.
  var replicas: ReplicaKeeper?
  let history: HistoryRecorder?
  nonisolated let view = Mutex(View())

  package init(
    settings: Settings, store: any ControlStore, journal: ControlJournal, runtime: any ControlledRuntime,
    clocks: Clocks, ids: IDSource, metrics: MetricRegistry, sleep: @escaping @Sendable (Duration) async -> Void,
    announce: @escaping @Sendable (ControlNotice) -> Void, guards: ReleaseGuards = ReleaseGuards(),
    flatten: Flatten? = nil, history: HistoryRecorder? = nil
  ) {
    self.guards = guards
    self.flatten = flatten
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
  ///
  /// - Parameter waiting: how long the answer may wait until the stop is settled; nil answers when it is sealed.
  package func impose(_ stop: AuthorizedStop, waiting: Duration? = nil) async -> Receipt {
    let begin = Begin(at: clocks.now, monotonic: clocks.monotonic(), refused: runtime.refusedCount)
    let control = close(stop, at: begin.at)
    // Ends with the receipt; nobody cancels it.
    let receipt = await Task { await seal(control, stop, begin) }.value
    guard let waiting else { return receipt }
    return await settled(receipt, within: waiting)
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

    let orders = runtime.orders(takenBackBy: control.cancel, scope: control.scope)
    let report = await cancel(orders)
    let final = commit?.control ?? control
    let elsewhere = await sealElsewhere(commit, within: replicas?.sealBound)
    let durability: Receipt.Durability = commit != nil ? .committed : journaledAt != nil ? .journaled : .pending
    // What no disk has would be forgotten with the process, and orders would start again without a release.
    let isSealed = durability != .pending && elsewhere?.isSealed ?? false
    if commit == nil || !isSealed {
      finishLater(recording, isSealed: isSealed, actor: stop.actor, requestID: stop.requestID)
    }
    var receipt = Receipt(
      controls: [final], epoch: final.epoch, requestID: stop.requestID,
      state: isSealed ? .sealed : .accepted,
      durability: durability, requestedAt: begin.at, closedAt: closedAt, durableAt: commit?.at ?? journaledAt,
      elapsedNanoseconds: clocks.monotonic() - begin.monotonic,
      replicas: [acknowledgement] + (elsewhere ?? []).acknowledgements,
      cancelMode: control.cancel, cancel: report, exposureLeft: runtime.exposure(control.scope),
      refusedSince: runtime.refusedCount - begin.refused, audit: commit?.audit)
    if isSealed, receipt.replicas.allSatisfy(\.inDoubt.isEmpty) { receipt.settledAt = clocks.now }
    settings.reach(.beforeAck)
    noteSealed(final, receipt.state, receipt.durability)
    tell(isSealed ? .sealed : .accepted, [final], actor: stop.actor, requestID: stop.requestID)
    follow(receipt, canceled: orders, refusedBefore: begin.refused, beganAt: begin.monotonic)
    if stop.draft.flatten {
      receipt.flattening = await askToFlatten(final)
      followed[final.id]?.receipt.flattening = receipt.flattening
    }
    return receipt
  }

  /// Has the stop's orders taken back. The answer does not wait for a slow venue: what it does not hear of goes on.
  private func cancel(_ orders: [OrderID]) async -> CancelReport {
    guard !orders.isEmpty else { return CancelReport() }
    let report = Outcome<CancelReport>()
    let runtime = runtime
    // Ends when the venue was asked for each; nobody cancels it.
    Task { report.resolve(await runtime.cancel(orders)) }
    return await report.value(within: settings.cancelWait, sleep: sleep) ?? CancelReport(requested: orders.count)
  }
}
