import Synchronization

/// What waits for one receiver and what is on its way to it.
final class Lane: Sendable {
  let receiver: Receiver
  private let queueMax: Int
  private let concurrencyMax: Int
  private let state = Mutex(State())

  private struct State {
    var queue: [Delivery] = []
    /// Keys of groups whose message is on its way; their next one waits.
    var underWay: Set<String> = []
    var waiter: CheckedContinuation<Delivery?, Never>?

    mutating func takeNext(concurrencyMax: Int) -> Delivery? {
      guard underWay.count < concurrencyMax,
        let index = queue.firstIndex(where: { !underWay.contains($0.notification.groupKey) })
      else { return nil }
      let next = queue.remove(at: index)
      underWay.insert(next.notification.groupKey)
      return next
    }

    /// The waiter, with what it is to be given, if there is something.
    mutating func wake(concurrencyMax: Int) -> (CheckedContinuation<Delivery?, Never>, Delivery)? {
      guard let waiter, let next = takeNext(concurrencyMax: concurrencyMax) else { return nil }
      self.waiter = nil
      return (waiter, next)
    }
  }

  init(_ receiver: Receiver, queueMax: Int, concurrencyMax: Int) {
    self.receiver = receiver
    self.queueMax = queueMax
    self.concurrencyMax = concurrencyMax
  }

  /// The old ones that had to go.
  func add(_ deliveries: [Delivery]) -> [Delivery] {
    let (wake, dropped) = state.withLock { state in
      state.queue += deliveries
      let excess = max(0, state.queue.count - queueMax)
      let dropped = Array(state.queue.prefix(excess))
      state.queue.removeFirst(excess)
      return (state.wake(concurrencyMax: concurrencyMax), dropped)
    }
    wake?.0.resume(returning: wake?.1)
    return dropped
  }

  var waitingCount: Int { state.withLock { $0.queue.count + $0.underWay.count } }

  /// The next message that may go; waits for one. Nil when cancelled. One caller at a time.
  func next() async -> Delivery? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready = state.withLock { state -> (isReady: Bool, Delivery?) in
          if Task.isCancelled { return (true, nil) }
          if let next = state.takeNext(concurrencyMax: concurrencyMax) { return (true, next) }
          state.waiter = continuation
          return (false, nil)
        }
        if ready.isReady { continuation.resume(returning: ready.1) }
      }
    } onCancel: {
      release()
    }
  }

  /// The message is over: the group's next one may go.
  func finish(_ delivery: Delivery) {
    let wake = state.withLock { state in
      state.underWay.remove(delivery.notification.groupKey)
      return state.wake(concurrencyMax: concurrencyMax)
    }
    wake?.0.resume(returning: wake?.1)
  }

  private func release() {
    let waiter = state.withLock { state in
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }
}
