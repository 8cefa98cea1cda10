package import ControlModel
import Synchronization
package import Telemetry

/// One thing that happened, for those who watch. `data` is JSON.
package struct BusEvent: Sendable {
  /// Rises by one with each event of the bus; a subscriber sees gaps.
  package let sequence: UInt64
  /// `bot_state`, `positions_update`, `orders_update`, `controls`, `alert`, `status`.
  package let name: String
  /// Whom it concerns; nil goes to administrators only.
  package let tenant: TenantID?
  package let at: WallTime
  package let requestID: RequestID?
  package let data: [UInt8]
  /// A newer one of the same name replaces it in a full queue: it describes a state, not a change.
  package let isSnapshot: Bool
}

/// Everything that is streamed goes through here once; codecs (SSE today) only translate.
package final class EventBus: Sendable {
  package enum Audience: Sendable, Hashable {
    /// Everything.
    case admin
    /// One tenant's own events.
    case tenant(TenantID)
  }

  private struct State {
    var sequence: UInt64 = 0
    var nextID = 0
    var subscribers: [Int: Subscriber] = [:]
    /// For `Last-Event-ID`: the newest events, bounded.
    var recent: [BusEvent] = []
  }

  private let state = Mutex(State())
  private let open: MetricFamily
  private let dropped: Counter

  /// Events kept for subscribers that come back.
  package static let recentMax = 1_024
  /// Open streams; one more is refused by `subscribe`.
  package static let subscribersMax = 1_000

  package init(_ metrics: MetricRegistry) {
    open = metrics.family(MetricCatalog.streamSubscribers)
    dropped = metrics.family(MetricCatalog.streamDropped).counter("slow")
  }

  /// Hands an event to every subscriber it concerns. Never blocks.
  package func publish(
    _ name: String, tenant: TenantID? = nil, at now: WallTime, requestID: RequestID? = nil, isSnapshot: Bool = false,
    _ data: [UInt8]
  ) {
    let (event, subscribers) = state.withLock { state in
      state.sequence += 1
      let event = BusEvent(
        sequence: state.sequence, name: name, tenant: tenant, at: now, requestID: requestID, data: data,
        isSnapshot: isSnapshot)
      if !isSnapshot {
        state.recent.append(event)
        if state.recent.count > Self.recentMax { state.recent.removeFirst(state.recent.count - Self.recentMax) }
      }
      return (event, Array(state.subscribers.values))
    }
    for subscriber in subscribers where subscriber.concerns(event) {
      if !subscriber.offer(event) { dropped.increment() }
    }
  }

  /// A new subscriber, first given what it missed since `after`. Nil when there are too many.
  package func subscribe(_ audience: Audience, after: UInt64?) -> Subscription? {
    let subscriber = Subscriber(audience)
    let id = state.withLock { state -> Int? in
      guard state.subscribers.count < Self.subscribersMax else { return nil }
      state.nextID += 1
      state.subscribers[state.nextID] = subscriber
      if let after {
        for event in state.recent where event.sequence > after && subscriber.concerns(event) {
          _ = subscriber.offer(event)
        }
      }
      return state.nextID
    }
    guard let id else { return nil }
    count()
    return Subscription(subscriber) { [self] in
      state.withLock { $0.subscribers[id] = nil }
      count()
    }
  }

  private func count() {
    let (admins, tenants) = state.withLock { state in
      let admins = state.subscribers.values.count { $0.audience == .admin }
      return (admins, state.subscribers.count - admins)
    }
    open.gauge("admin").set(Double(admins))
    open.gauge("trading").set(Double(tenants))
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
