import Synchronization

/// A value that will be known once, and can be waited for with a bound.
final class Outcome<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    var waiters: [Int: Waiter] = [:]
    var nextWaiter = 0
  }

  private enum Waiter {
    case waiting(CheckedContinuation<Value?, Never>)
    /// Its time was up before it began to wait.
    case late
  }

  private let state = Mutex(State())

  /// Only the first value counts.
  func resolve(_ value: Value) {
    let waiters = state.withLock { state in
      defer { state.waiters = [:] }
      guard state.value == nil else { return [Waiter]() }
      state.value = value
      return Array(state.waiters.values)
    }
    for case .waiting(let waiter) in waiters { waiter.resume(returning: value) }
  }

  /// The value, if it is known.
  var known: Value? { state.withLock { $0.value } }

  /// The value, or nil when `limit` has passed without one; without a limit, the value.
  func value(within limit: Duration?, sleep: @escaping @Sendable (Duration) async -> Void) async -> Value? {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    // Ends when the limit has passed, or at once when the value came first.
    let timer = limit.map { limit in
      Task {
        await sleep(limit)
        giveUp(id)
      }
    }
    defer { timer?.cancel() }
    return await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.value != nil || state.waiters.removeValue(forKey: id) != nil { return true }
        state.waiters[id] = .waiting(continuation)
        return false
      }
      if isOver { continuation.resume(returning: known) }
    }
  }

  private func giveUp(_ id: Int) {
    let waiter = state.withLock { state -> Waiter? in
      guard state.value == nil else { return nil }
      let waiter = state.waiters.removeValue(forKey: id)
      if waiter == nil { state.waiters[id] = .late }
      return waiter
    }
    if case .waiting(let continuation) = waiter { continuation.resume(returning: nil) }
  }
}
