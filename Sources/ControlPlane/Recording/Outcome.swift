import Synchronization

/// A value that will be known once, and can be waited for with a bound.
final class Outcome<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    var waiters: [Int: CheckedContinuation<Value?, Never>] = [:]
    var nextWaiter = 0
  }

  private let state = Mutex(State())

  func resolve(_ value: Value) {
    let waiters = state.withLock { state in
      state.value = value
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume(returning: value) }
  }

  /// The value, or nil when `limit` has passed without one.
  func value(within limit: Duration, sleep: @escaping @Sendable (Duration) async -> Void) async -> Value? {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    // Ends when the limit has passed, or at once when the value came first.
    let timer = Task {
      await sleep(limit)
      giveUp(id)
    }
    defer { timer.cancel() }
    return await withCheckedContinuation { continuation in
      let known = state.withLock { state -> Value? in
        if state.value == nil { state.waiters[id] = continuation }
        return state.value
      }
      if let known { continuation.resume(returning: known) }
    }
  }

  private func giveUp(_ id: Int) {
    let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
    waiter?.resume(returning: nil)
  }
}
