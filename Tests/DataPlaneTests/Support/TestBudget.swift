import Foundation
import Synchronization

/// What tests that run at the same time share: descriptors, and the attention of a few cores.
enum TestBudget {
  /// Gateways at work at once. Each has event loops, listeners and connections: without a bound, hundreds of tests at once
  /// run out of descriptors where a process may have 1024.
  private static let gatewaysMax = 12

  private struct State {
    var free = TestBudget.gatewaysMax
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private static let state = Mutex(State())

  /// Waits for a place; every call is followed by `leave`.
  static func enter() async {
    await withCheckedContinuation { continuation in
      let hasPlace = state.withLock { state in
        guard state.free > 0 else {
          state.waiting.append(continuation)
          return false
        }
        state.free -= 1
        return true
      }
      if hasPlace { continuation.resume() }
    }
  }

  static func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.waiting.isEmpty else {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }

  /// Descriptors this process may have, after raising its own bound as far as it may and needs to.
  static let descriptors: Int = {
    var limit = rlimit()
    #if canImport(Darwin)
      let resource = RLIMIT_NOFILE
    #else
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #endif
    guard getrlimit(resource, &limit) == 0 else { return 1024 }
    limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 8192))
    guard setrlimit(resource, &limit) == 0, getrlimit(resource, &limit) == 0 else { return 1024 }
    return Int(min(limit.rlim_cur, 1_000_000))
  }()
}
