import Synchronization

/// What waits for one receiver and what is on its way to it.
final class Lane: Sendable {
  let receiver: Receiver
  private let queueMax: Int
  private let concurrencyMax: Int
  private let state = Mutex(State())

  private struct State {
    var queue: [AlertDesk.Transition] = []
    /// Fingerprints of alerts whose notification is on its way; their next one waits.
    var underWay: Set<String> = []
    var waiter: CheckedContinuation<AlertDesk.Transition?, Never>?

    mutating func takeNext(concurrencyMax: Int) -> AlertDesk.Transition? {
      guard underWay.count < concurrencyMax,
        let index = queue.firstIndex(where: { !underWay.contains($0.alert.fingerprint) })
      else { return nil }
      let next = queue.remove(at: index)
      underWay.insert(next.alert.fingerprint)
      return next
    }

    /// The waiter, with what it is to be given, if there is something.
    mutating func wake(
      concurrencyMax: Int
    ) -> (CheckedContinuation<AlertDesk.Transition?, Never>, AlertDesk.Transition)? {
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

  /// How many old ones had to go.
  func add(_ transitions: [AlertDesk.Transition]) -> Int {
    let (wake, dropped) = state.withLock { state in
      state.queue += transitions
      let excess = max(0, state.queue.count - queueMax)
      state.queue.removeFirst(excess)
      return (state.wake(concurrencyMax: concurrencyMax), excess)
    }
    wake?.0.resume(returning: wake?.1)
    return dropped
  }

  /// The next transition that may go; waits for one. Nil when cancelled. One caller at a time.
  func next() async -> AlertDesk.Transition? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready = state.withLock { state -> (isReady: Bool, AlertDesk.Transition?) in
          if Task.isCancelled { return (true, nil) }
          if let next = state.takeNext(concurrencyMax: concurrencyMax) { return (true, next) }
          state.waiter = continuation
          return (false, nil)
        }
        if ready.isReady { continuation.resume(returning: ready.1) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume(returning: nil)
    }
  }

  /// The notification is over: the alert's next one may go.
  func finish(_ transition: AlertDesk.Transition) {
    let wake = state.withLock { state in
      state.underWay.remove(transition.alert.fingerprint)
      return state.wake(concurrencyMax: concurrencyMax)
    }
    wake?.0.resume(returning: wake?.1)
  }
}
