package import ControlModel
import Synchronization
package import Telemetry

/// Everything that is streamed goes through here once; codecs (SSE today) only translate.
///
/// One lock over all queues, held for no more than appending an event to each: every subscriber sees the events that
/// concern it in the order of their sequence, each once.
package final class EventBus: Sendable {
  package enum Audience: Sendable, Hashable {
    /// Everything.
    case admin
    /// One tenant's own events.
    case tenant(TenantID)

    func concerns(_ event: BusEvent) -> Bool {
      switch self {
      case .admin: true
      case .tenant(let tenant): event.tenant == tenant
      }
    }
  }

  private let state = Mutex(BusState())
  private let open: (admin: Gauge, trading: Gauge)
  private let dropped: Counter

  /// Events kept for subscribers that come back.
  package static let recentMax = 1_024
  /// Open streams of people who operate, of all tenants together, and of one tenant: none of the three can keep another
  /// out.
  package static let adminSubscribersMax = 200
  package static let tenantSubscribersMax = 1_000
  package static let subscribersPerTenantMax = 50

  package init(_ metrics: MetricRegistry) {
    let family = metrics.family(MetricCatalog.streamSubscribers)
    open = (family.gauge("admin"), family.gauge("trading"))
    dropped = metrics.family(MetricCatalog.streamDropped).counter("slow")
  }

  /// Hands an event to every subscriber it concerns. Never blocks.
  /// - Parameters:
  ///   - isSnapshot: it describes a state, not a change: a newer one of the same name replaces it in a queue.
  ///   - data: one JSON value.
  package func publish(
    _ name: String, tenant: TenantID? = nil, at now: WallTime, requestID: RequestID? = nil, isSnapshot: Bool = false,
    _ data: [UInt8]
  ) {
    let (wakes, lost) = state.withLock { state -> ([SubscriberQueue.Wake], Int) in
      if state.sequence == 0 {
        // A process starts above all sequences of the ones before it, so that a subscriber of one of those is recognised.
        state.sequence = UInt64(max(0, now.unixMilliseconds)) * 1000
        state.forgotten = state.sequence
      }
      state.sequence += 1
      let event = BusEvent(
        sequence: state.sequence, name: name, tenant: tenant, at: now, requestID: requestID, data: data,
        isSnapshot: isSnapshot)
      if !isSnapshot { state.remember(event) }
      var wakes: [SubscriberQueue.Wake] = []
      var lost = 0
      for id in Array(state.subscribers.keys) where state.subscribers[id]?.audience.concerns(event) == true {
        lost += state.subscribers[id]?.offer(event) ?? 0
        if let wake = state.subscribers[id]?.wake() { wakes.append(wake) }
      }
      return (wakes, lost)
    }
    for wake in wakes { wake.waiter.resume(returning: wake.event) }
    dropped.increment(by: lost)
  }

  /// A new subscriber; nil when there are too many. With `after`, the sequence of the last event it has, it is first
  /// given what it missed since, or an event named `gap` where that is no longer known.
  package func subscribe(_ audience: Audience, after: UInt64?, at now: WallTime) -> Subscription? {
    let id = state.withLock { state -> Int? in
      guard state.hasRoom(for: audience) else { return nil }
      var queue = SubscriberQueue(audience)
      if let after {
        if after < state.forgotten || after > state.sequence {
          queue.noteForgotten(upTo: max(state.forgotten, 1), at: now)
        }
        let missed = state.recent.filter { $0.sequence > after && audience.concerns($0) }
        let excess = max(0, missed.count - SubscriberQueue.queueMax)
        if excess > 0 { queue.noteForgotten(upTo: missed[excess - 1].sequence, at: now) }
        for event in missed[excess...] { _ = queue.offer(event) }
      }
      state.nextID += 1
      state.subscribers[state.nextID] = queue
      count(state)
      return state.nextID
    }
    return id.map { Subscription($0, of: self) }
  }

  /// The next event for the subscriber `id`; nil once it has left.
  func next(_ id: Int) async -> BusEvent? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready = state.withLock { state -> (isReady: Bool, event: BusEvent?) in
          guard state.subscribers[id] != nil else { return (true, nil) }
          if let event = state.subscribers[id]?.takeFirst() { return (true, event) }
          state.subscribers[id]?.wait(continuation)
          return (false, nil)
        }
        if ready.isReady { continuation.resume(returning: ready.event) }
      }
    } onCancel: {
      leave(id)
    }
  }

  /// Forgets the subscriber and ends its wait.
  func leave(_ id: Int) {
    let waiter = state.withLock { state in
      var queue = state.subscribers.removeValue(forKey: id)
      count(state)
      return queue?.takeWaiter()
    }
    waiter?.resume(returning: nil)
  }

  /// Ends every stream and opens no other: a process that shuts down must not wait for people to close their pages.
  package func end() {
    let waiters = state.withLock { state in
      var queues = Array(state.subscribers.values)
      state.subscribers = [:]
      state.isEnded = true
      count(state)
      return queues.indices.compactMap { queues[$0].takeWaiter() }
    }
    for waiter in waiters { waiter.resume(returning: nil) }
  }

  private func count(_ state: borrowing BusState) {
    let admins = state.subscribers.values.count { $0.audience == .admin }
    open.admin.set(Double(admins))
    open.trading.set(Double(state.subscribers.count - admins))
  }

  package var hasAdminSubscribers: Bool { state.withLock { $0.subscribers.values.contains { $0.audience == .admin } } }

  /// Tenants someone watches.
  package var watchedTenants: Set<TenantID> {
    state.withLock { state in
      Set(
        state.subscribers.values.compactMap { subscriber in
          if case .tenant(let tenant) = subscriber.audience { tenant } else { nil }
        })
    }
  }

  package var lastSequence: UInt64 { state.withLock { $0.sequence } }
}

/// Who subscribes, and what happened lately.
private struct BusState {
  /// Of the newest event; 0 before the first.
  var sequence: UInt64 = 0
  var nextID = 0
  var subscribers: [Int: SubscriberQueue] = [:]
  /// The newest changes, for subscribers that come back. Snapshots are not kept: the next one says all.
  var recent: [BusEvent] = []
  /// Changes up to here are no longer in `recent`.
  var forgotten: UInt64 = 0
  var isEnded = false

  mutating func remember(_ event: BusEvent) {
    recent.append(event)
    // Trimmed by half a buffer at a time: moving it for every event would cost more than the event.
    guard recent.count >= EventBus.recentMax * 3 / 2 else { return }
    let excess = recent.count - EventBus.recentMax
    forgotten = recent[excess - 1].sequence
    recent.removeFirst(excess)
  }

  func hasRoom(for audience: EventBus.Audience) -> Bool {
    guard !isEnded else { return false }
    let same = subscribers.values.count { $0.audience == audience }
    guard case .tenant = audience else { return same < EventBus.adminSubscribersMax }
    let tenants = subscribers.values.count { $0.audience != .admin }
    return same < EventBus.subscribersPerTenantMax && tenants < EventBus.tenantSubscribersMax
  }
}
