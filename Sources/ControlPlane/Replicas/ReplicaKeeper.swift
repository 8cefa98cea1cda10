package import ControlModel
package import Store
package import Telemetry
package import TradingRuntime

/// A replica's part in the protocol: it keeps the gate's lease alive, brings in what other replicas commit, acknowledges what
/// its gate has drained, and says when a stop is sealed on every gate.
///
/// A gate without a lease submits nothing, so losing the store, the network or this process stops trading within a lease.
/// One process with a store of its own runs the same protocol with one gate.
package actor ReplicaKeeper {
  package struct Settings: Sendable {
    package var replica: ReplicaID
    /// This start of the process.
    package var run: String
    /// What only one process at a time can hold; see `GateRenewal`.
    package var home: String
    /// Whether other processes may use the same store.
    package var isShared: Bool
    package var lease = Duration.seconds(3)
    /// How often a shared store is asked whether another replica committed something.
    package var watchInterval = Duration.milliseconds(10)
    /// How often a stop looks whether the others have acknowledged.
    package var sealInterval = Duration.milliseconds(5)

    package init(replica: ReplicaID, run: String, home: String, isShared: Bool) {
      self.replica = replica
      self.run = run
      self.home = home
      self.isShared = isShared
    }
  }

  package nonisolated let settings: Settings
  private let store: any ControlStore
  private let watch: @Sendable () async -> Epoch?
  private let processor: CommandProcessor
  private let runtime: any ControlledRuntime
  private let clocks: Clocks
  private let sleep: @Sendable (Duration) async -> Void
  private let history: HistoryRecorder?
  private let metrics: LeaseMetrics
  private let leaseNanoseconds: Int64

  private var sightings = GateSightings()
  private var acknowledged = Epoch.zero
  private var report = GateReport()
  private var registeredAt: Int64?
  private var leaseEnd: Int64 = 0
  /// The store knows this run no more: it was replaced or removed. Only a restart helps.
  private var isDisowned = false

  /// - Parameter watch: the store's epoch, cheaply; nil when it cannot say.
  package init(
    _ settings: Settings, store: any ControlStore, watch: @escaping @Sendable () async -> Epoch?,
    processor: CommandProcessor, runtime: any ControlledRuntime, clocks: Clocks, metrics: MetricRegistry,
    history: HistoryRecorder? = nil, sleep: @escaping @Sendable (Duration) async -> Void
  ) {
    self.settings = settings
    self.store = store
    self.watch = watch
    self.processor = processor
    self.runtime = runtime
    self.clocks = clocks
    self.sleep = sleep
    self.history = history
    self.metrics = LeaseMetrics(metrics, replica: settings.replica)
    let (seconds, attoseconds) = settings.lease.components
    leaseNanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }

  // MARK: Lease

  /// Registers this run and takes its first lease. Throws what the store says; the gate has no lease then.
  package func register() async throws(StoreFailure) {
    try await renew(isFirst: true)
    // An answer that took longer than a lease came with a state that may be as old.
    while clocks.monotonic() >= leaseEnd { try await renew(isFirst: false) }
  }

  /// Renews until cancelled. Precondition: `register` succeeded.
  package func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.watchForStalls() }
      await keepRenewing()
      group.cancelAll()
    }
  }

  private func keepRenewing() async {
    let pause = leaseNanoseconds / LeaseTimes.renewalsPerLease
    var dueAt = clocks.monotonic() + pause
    while !Task.isCancelled, !isDisowned {
      let step = settings.isShared ? settings.watchInterval : .nanoseconds(max(1, dueAt - clocks.monotonic()))
      await sleep(step)
      let moved = settings.isShared ? await watch().map { $0 > acknowledged } ?? false : false
      guard moved || clocks.monotonic() >= dueAt else { continue }
      dueAt = clocks.monotonic() + pause
      do throws(StoreFailure) {
        try await renew(isFirst: false)
        metrics.renewed.increment()
        if settings.isShared { sightings.see(try await store.gates(), at: clocks.monotonic()) }
      } catch {
        metrics.failed.increment()
        if error.kind == .conflict { isDisowned = true }
      }
    }
  }

  /// Gives the lease back: the gate is held, nothing is between check and wire, and the row goes.
  package func leave() async {
    runtime.setHeld(true)
    _ = await runtime.fence(at: acknowledged, scope: .global)
    let entry = AuditEntry(
      at: clocks.now, actor: "replica:\(settings.replica)", action: "gate.leave", object: settings.replica.text,
      requestID: RequestID(checked: "gate-leave-\(settings.run.prefix(32))"), summary: "the gate stopped and left")
    // A row that stays costs the next stop one lease's wait, no more.
    do throws(StoreFailure) { try await store.removeGate(settings.replica, run: settings.run, turn: nil, entry) } catch
    {}
  }

  private func renew(isFirst: Bool) async throws(StoreFailure) {
    let askedAt = clocks.monotonic()
    let isAlone = registeredAt.map { askedAt >= $0 + LeaseTimes.certainlyOver(leaseNanoseconds) } ?? false
    let record = try await store.renew(renewal(isFirst: isFirst, isAlone: isAlone))
    if isFirst { registeredAt = clocks.monotonic() }
    // The state first, the lease after: no order enters by a lease that came with a stop it has not seen.
    await processor.adopt(record)
    leaseEnd = askedAt + leaseNanoseconds
    runtime.setLease(until: leaseEnd)
    metrics.until.set(Double(leaseEnd) / 1e9)
    guard record.state.epoch > acknowledged else { return }
    let fence = await runtime.fence(at: record.state.epoch, scope: .global)
    report = GateReport(
      drained: fence.drained, wasReset: fence.sealedBy == .reset, lastOrderOutAt: fence.lastOrderOutAt,
      inDoubt: fence.inDoubt.map(\.order))
    acknowledged = record.state.epoch
    // Say so at once: a stop waits for it.
    if settings.isShared { _ = try await store.renew(renewal(isFirst: false, isAlone: isAlone)) }
  }

  private func renewal(isFirst: Bool, isAlone: Bool) -> GateRenewal {
    GateRenewal(
      gate: settings.replica, run: settings.run, isFirst: isFirst, home: settings.home, isAlone: isAlone,
      acked: acknowledged, report: report, lease: leaseNanoseconds, at: clocks.now)
  }

  /// A sleep that lasted much longer than asked for: the process, or the machine, stood still. Nothing else is waited for here,
  /// so that no moment to stand still at goes unseen.
  private nonisolated func watchForStalls() async {
    guard let history else { return }
    while !Task.isCancelled {
      let before = clocks.monotonic()
      await sleep(Self.stallPulse)
      let slept = clocks.monotonic() - before
      guard slept > Int64(Self.stallPulse / .nanoseconds(1)) + Self.stallMin else { continue }
      var event = HistoryEvent(.stall)
      event.count = slept / 1_000_000
      history.record(event)
    }
  }

  private static let stallPulse = Duration.milliseconds(100)
  /// Nanoseconds past a pulse that are no stall yet.
  private static let stallMin: Int64 = 250_000_000

  // MARK: Sealing

  /// How a stop that is committed at `epoch`, and fenced here, stands with all other gates.
  ///
  /// Returns when each has acknowledged or its lease is certainly over, or after `limit` with what is known. A store that
  /// cannot be read meanwhile is asked again.
  package func seal(_ epoch: Epoch, within limit: Duration?) async -> [GateSeal] {
    guard settings.isShared else { return [] }
    let deadline = limit.map { clocks.monotonic() + Int64($0 / .nanoseconds(1)) } ?? .max
    var wait: SealWait?
    while true {
      if let rows = try? await store.gates() {
        let now = clocks.monotonic()
        sightings.see(rows, at: now)
        // Also another run under this name: an earlier one that may still hold a lease, or one that took it over.
        let others = rows.filter { $0.gate != settings.replica || $0.run != settings.run || !$0.isAlone }
        if wait == nil {
          wait = SealWait(epoch, rows: others, sightings: sightings, at: now)
        } else {
          wait?.update(others, at: now)
        }
      } else {
        wait?.update([], at: clocks.monotonic())
      }
      let isOver = clocks.monotonic() >= deadline || Task.isCancelled
      if let wait, wait.isSealed || isOver { return Self.seals(wait) }
      if isOver { return [GateSeal(gate: nil, row: nil, by: nil)] }
      await sleep(settings.sealInterval)
    }
  }

  /// How long a stop may take to seal when every other gate is silent.
  package nonisolated var sealBound: Duration {
    .nanoseconds(LeaseTimes.certainlyOver(Int64(settings.lease / .nanoseconds(1)))) + .milliseconds(250)
  }

  private static func seals(_ wait: SealWait) -> [GateSeal] {
    wait.sealed.sorted { $0.key < $1.key }.map { GateSeal(gate: $0.key, row: $0.value.row, by: $0.value.by) }
      + wait.waitingFor.map { GateSeal(gate: $0, row: nil, by: nil) }
  }

  // MARK: Removing

  package func gates() async throws(StoreFailure) -> [GateRow] { try await store.gates() }

  /// Takes a silent gate's row away, so that stops no longer wait for its lease. Refuses `resource.unknown`, and
  /// `precondition.failed` while its lease could still run.
  package func remove(_ gate: ReplicaID, by admin: AuthorizedAdmin, reason: String) async throws(Refusal) {
    let entry = AuditEntry(
      at: clocks.now, actor: admin.actor, action: "gate.remove", object: gate.text, requestID: admin.requestID,
      reason: reason, summary: "removed the gate \(gate)")
    guard let row = try await registered(gate) else {
      throw Refusal(.notFound, "No gate \(gate) is registered.")
    }
    let now = clocks.monotonic()
    sightings.see([row], at: now)
    await sleep(.nanoseconds(max(0, sightings.leaseOver(row) - now)))
    do throws(StoreFailure) {
      try await store.removeGate(gate, run: row.run, turn: row.turn, entry)
    } catch {
      guard error.kind == .conflict else { throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1) }
      throw Refusal(.preconditionFailed, "The gate \(gate) is alive: it renewed its lease. Stop its process first.")
    }
  }

  private func registered(_ gate: ReplicaID) async throws(Refusal) -> GateRow? {
    do throws(StoreFailure) {
      return try await store.gates().first { $0.gate == gate }
    } catch {
      throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1)
    }
  }
}

/// One gate of a stop: how it is known to be stopped, or that it is not yet.
package struct GateSeal: Sendable {
  /// nil when not even the gates could be read.
  package let gate: ReplicaID?
  package let row: GateRow?
  package let by: SealWait.Proof?
}

/// The instruments of the lease.
struct LeaseMetrics: Sendable {
  let until: Gauge
  let renewed: Counter
  let failed: Counter

  init(_ registry: MetricRegistry, replica: ReplicaID) {
    until = registry.family(MetricCatalog.controlLeaseUntil).gauge(replica.text)
    let renewals = registry.family(MetricCatalog.controlLeaseRenewals)
    renewed = renewals.counter("ok")
    failed = renewals.counter("failed")
  }
}
