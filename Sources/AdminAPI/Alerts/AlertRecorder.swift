package import Alerting
package import ControlModel
import Foundation
package import Store
import Synchronization
package import Telemetry

/// Makes durable what the alert desk decides: alerts as they are, their history, messages to receivers and what
/// receivers know, one transaction a turn. A message goes out after the transaction that holds it.
///
/// Written beside the evaluation, never by it, and no message waits longer than a second for the disk: a disk that hangs
/// must blind neither the rules nor the people. A message that went out unwritten is counted, and may go out twice.
package final class AlertRecorder: NotificationLedger {
  /// What one turn leaves to be written.
  package struct Changes: Sendable {
    /// Every alert as it is.
    package var records: [AlertRecord] = []
    package var history: [AlertHistoryRecords.Entry] = []
    package var notifications: [Alerting.Notification] = []
    package var told: [Dispatcher.Told] = []

    package init() {}
  }

  /// What an earlier process left.
  package struct Recalled: Sendable {
    package var records: [AlertRecord] = []
    package var told: [Dispatcher.Told] = []
    /// Decided and not known to be taken.
    package var queued: [Delivery] = []
  }

  private struct State {
    var records: [AlertRecord] = []
    var isDirty = false
    var writtenAt: WallTime?
    var history: [AlertHistoryRecords.Entry] = []
    var told: [String: Dispatcher.Told] = [:]
    /// Not yet in a transaction.
    var deliveries: [Delivery] = []
    /// In the transaction under way.
    var inFlight: [Delivery] = []
    /// Given up without an attempt: to be written, and not handed on.
    var lost: [Delivery] = []
    var waitsSince: WallTime?
    var waiter: CheckedContinuation<Void, Never>?
    var commits = 0
  }

  /// Written again after this time although nothing changed, so that a start knows how long nobody watched.
  private static let heartbeatMilliseconds: Int64 = 30_000
  /// Over a longer outage an alert that was pending starts to wait anew: whether it held meanwhile nobody knows.
  package static let outageMilliseconds: Int64 = 300_000
  /// How long a message waits for the disk.
  private static let patienceMilliseconds: Int64 = 1_000
  /// Entries that wait for a store that cannot be written; the oldest go.
  private static let historyWaitingMax = 20_000
  /// Messages of an earlier process that are sent.
  private static let queuedMax = 10_000
  private static let commitsBetweenPrunes = 500

  package let store: AlertStore
  private let clocks: Clocks
  private let unwritten: Counter
  private let failures: Counter
  private let state = Mutex(State())
  private let hand = Mutex<(@Sendable ([Delivery]) -> Void)?>(nil)

  package init(_ store: AlertStore, clocks: Clocks, metrics: MetricRegistry) {
    self.store = store
    self.clocks = clocks
    unwritten = metrics.counter(MetricCatalog.notificationsUnwritten)
    failures = metrics.counter(MetricCatalog.alertWriteFailures)
  }

  /// Who gets messages that are durable. Set once, before `run`.
  package func onDurable(_ hand: @escaping @Sendable ([Delivery]) -> Void) { self.hand.withLock { $0 = hand } }

  // MARK: Start

  /// What is to be restored at `now`; nothing when it cannot be read, because alerting begins anew without it.
  package func recall(at now: WallTime) -> Recalled {
    var recalled = Recalled()
    let stored = try? store.database.readNow { database in
      (
        try AlertStateRecords.alerts(in: database), try AlertStateRecords.told(in: database),
        try NotificationRecords.queued(limit: Self.queuedMax, in: database)
      )
    }
    guard let (kept, told, queued) = stored else { return recalled }
    let decoder = JSONDecoder()
    recalled.told = told.compactMap { try? decoder.decode(Dispatcher.Told.self, from: Data($0)) }
    recalled.queued = queued.compactMap { entry in
      (try? decoder.decode(Alerting.Notification.self, from: Data(entry.document))).map {
        Delivery($0, attempts: 0, error: entry.error)
      }
    }
    guard let kept, let records = try? decoder.decode([AlertRecord].self, from: Data(kept.records)) else {
      return recalled
    }
    let isShort = now.unixMilliseconds - kept.at.unixMilliseconds <= Self.outageMilliseconds
    recalled.records = records.filter { isShort || $0.state == .firing }
    return recalled
  }

  // MARK: Turns

  /// Takes what is to be written; returns at once.
  package func submit(_ changes: Changes) {
    let now = clocks.now
    let (waiter, overdue) = state.withLock { state -> (CheckedContinuation<Void, Never>?, [Delivery]) in
      let isNew =
        state.records.count != changes.records.count
        || !zip(state.records, changes.records).allSatisfy { $0.isSameState(as: $1) }
      state.records = changes.records
      let isOld =
        state.writtenAt.map { now.unixMilliseconds - $0.unixMilliseconds >= Self.heartbeatMilliseconds } ?? true
      state.isDirty = state.isDirty || isNew || isOld || !changes.told.isEmpty
      state.deliveries += changes.notifications.map { Delivery($0) }
      for told in changes.told { state.told[told.key] = told }
      add(changes.history, &state)
      return (wake(&state), takeOverdue(&state, at: now))
    }
    waiter?.resume()
    release(overdue)
  }

  /// What people did, for the history.
  package func note(_ entry: AlertHistoryRecords.Entry) {
    let waiter = state.withLock { state in
      add([entry], &state)
      return wake(&state)
    }
    waiter?.resume()
  }

  /// Messages that found no receiver or no room: the ledger says so.
  package func giveUp(_ deliveries: [Delivery]) {
    guard !deliveries.isEmpty else { return }
    let now = clocks.now
    let waiter = state.withLock { state in
      state.lost += deliveries.map {
        Delivery(
          $0.notification, status: .failed, attempts: $0.attempts, finishedAt: now,
          error: "no receiver of this name, or too many messages waiting for it")
      }
      return wake(&state)
    }
    waiter?.resume()
  }

  /// Writes until cancelled.
  package func run() async {
    while !Task.isCancelled {
      await waitForWork()
      guard !Task.isCancelled else { break }
      if await !commit() { try? await Task.sleep(for: .milliseconds(Self.patienceMilliseconds)) }
    }
    await settle()
  }

  /// Writes what waits now, for tests and the last moments of a process.
  package func settle() async { _ = await commit() }

  private func waitForWork() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          if Task.isCancelled || hasWork(state) { return true }
          state.waiter = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }?.resume()
    }
  }

  private func hasWork(_ state: State) -> Bool {
    state.isDirty || !state.history.isEmpty || !state.deliveries.isEmpty || !state.told.isEmpty || !state.lost.isEmpty
  }

  private func wake(_ state: inout State) -> CheckedContinuation<Void, Never>? {
    guard hasWork(state) else { return nil }
    if state.waitsSince == nil { state.waitsSince = clocks.now }
    defer { state.waiter = nil }
    return state.waiter
  }

  private func add(_ entries: [AlertHistoryRecords.Entry], _ state: inout State) {
    state.history += entries
    state.history.removeFirst(max(0, state.history.count - Self.historyWaitingMax))
  }

  /// Messages the disk has kept waiting for too long.
  private func takeOverdue(_ state: inout State, at now: WallTime) -> [Delivery] {
    guard let since = state.waitsSince, now.unixMilliseconds - since.unixMilliseconds > Self.patienceMilliseconds else {
      return []
    }
    defer { (state.inFlight, state.deliveries) = ([], []) }
    return state.inFlight + state.deliveries
  }

  private func release(_ overdue: [Delivery]) {
    guard !overdue.isEmpty else { return }
    unwritten.increment(by: overdue.count)
    hand.withLock { $0 }?(overdue)
  }

  /// One transaction with everything that waits. False when the store did not take it.
  private func commit() async -> Bool {
    let now = clocks.now
    let work = state.withLock { state -> (State, prunes: Bool) in
      let work = state
      state.inFlight = state.deliveries
      (state.deliveries, state.history, state.told, state.lost, state.isDirty) = ([], [], [:], [], false)
      state.commits += 1
      return (work, state.commits % Self.commitsBetweenPrunes == 1)
    }
    let (taken, prunes) = work
    guard hasWork(taken), let records = try? JSONEncoder().encode(taken.records) else { return true }
    let rows = (taken.deliveries + taken.lost).compactMap(NotificationRecords.Entry.init)
    let told = taken.told.values.map { ($0, try? JSONEncoder().encode($0)) }
    do {
      try await store.database.write { database in
        try AlertStateRecords.save([UInt8](records), at: now, in: database)
        try AlertHistoryRecords.add(taken.history, in: database)
        for row in rows { try NotificationRecords.save(row, in: database) }
        for (told, document) in told {
          try AlertStateRecords.tell(
            told.receiver, told.groupKey, at: told.at, told.isEmpty ? nil : document.map { [UInt8]($0) }, in: database)
        }
        if prunes { try AlertStore.prune(at: now.unixMilliseconds, in: database) }
      }
      let durable = state.withLock { state -> [Delivery] in
        defer { state.inFlight = [] }
        state.writtenAt = now
        state.waitsSince = nil
        return state.inFlight
      }
      hand.withLock { $0 }?(durable)
      return true
    } catch {
      failures.increment()
      let unwritten = state.withLock { state -> [Delivery] in
        defer { state.inFlight = [] }
        state.isDirty = true
        state.history = taken.history + state.history
        state.lost = taken.lost + state.lost
        state.told.merge(taken.told) { new, _ in new }
        return state.inFlight
      }
      release(unwritten)
      return false
    }
  }

  // MARK: Ledger

  package func note(_ delivery: Delivery) async {
    guard let row = NotificationRecords.Entry(delivery) else { return }
    do {
      try await store.database.write { try NotificationRecords.save(row, in: $0) }
    } catch {
      failures.increment()
    }
  }
}

extension NotificationRecords.Entry {
  /// Nil when the message cannot be encoded, which strings and numbers always can.
  init?(_ delivery: Delivery) {
    let notification = delivery.notification
    guard let document = try? JSONEncoder().encode(notification) else { return nil }
    self.init(
      key: notification.key, receiver: notification.receiver, status: delivery.status.rawValue,
      cause: notification.cause.rawValue, decidedAt: WallTime(unixMilliseconds: notification.decidedAt),
      finishedAt: delivery.finishedAt, attempts: delivery.attempts, error: delivery.error,
      document: [UInt8](document), fingerprints: notification.alerts.map(\.fingerprint))
  }
}
