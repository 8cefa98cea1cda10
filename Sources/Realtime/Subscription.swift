import Synchronization

/// One watcher's queue. It holds a bounded number of events; a slow reader loses snapshots first, then learns of a gap.
final class Subscriber: Sendable {
  private struct State {
    var queue: [BusEvent] = []
    var waiter: CheckedContinuation<BusEvent?, Never>?
    var isClosed = false
  }

  let audience: EventBus.Audience
  private let state = Mutex(State())

  /// Events waiting for one reader.
  static let queueMax = 1_024

  init(_ audience: EventBus.Audience) {
    self.audience = audience
  }

  func concerns(_ event: BusEvent) -> Bool {
    switch audience {
    case .admin: true
    case .tenant(let tenant): event.tenant == tenant
    }
  }

  /// False when an event was lost.
  func offer(_ event: BusEvent) -> Bool {
    let (waiter, isKept) = state.withLock { state -> (CheckedContinuation<BusEvent?, Never>?, Bool) in
      guard !state.isClosed else { return (nil, true) }
      if let waiter = state.waiter {
        state.waiter = nil
        return (waiter, true)
      }
      if event.isSnapshot {
        state.queue.removeAll { $0.isSnapshot && $0.name == event.name && $0.tenant == event.tenant }
      }
      let isFull = state.queue.count >= Self.queueMax
      if isFull { state.queue.removeFirst() }
      state.queue.append(event)
      return (nil, !isFull)
    }
    waiter?.resume(returning: event)
    return isKept
  }

  func next() async -> BusEvent? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready = state.withLock { state -> (isReady: Bool, event: BusEvent?) in
          if state.isClosed { return (true, nil) }
          if !state.queue.isEmpty { return (true, state.queue.removeFirst()) }
          state.waiter = continuation
          return (false, nil)
        }
        if ready.isReady { continuation.resume(returning: ready.event) }
      }
    } onCancel: {
      close()
    }
  }

  func close() {
    let waiter = state.withLock { state in
      state.isClosed = true
      state.queue = []
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }
}

/// A subscriber's end of the bus. One reader; ends when cancelled or closed.
package struct Subscription: Sendable {
  private let subscriber: Subscriber
  private let leave: @Sendable () -> Void

  init(_ subscriber: Subscriber, leave: @escaping @Sendable () -> Void) {
    self.subscriber = subscriber
    self.leave = leave
  }

  /// The next event; nil at the end.
  package func next() async -> BusEvent? { await subscriber.next() }

  package func close() {
    leave()
    subscriber.close()
  }
}
