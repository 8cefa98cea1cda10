import Synchronization
package import Telemetry

/// Time that moves only when a test says so. Both clocks move together, and what sleeps on it wakes when its time has come.
package final class TestClock: Sendable {
  private struct State {
    var wall: Int64
    var monotonic: Int64 = 1_000_000_000
    var sleepers: [Int: (until: Int64, wake: CheckedContinuation<Void, Never>)] = [:]
    var nextSleeper = 0
  }

  private let state: Mutex<State>

  /// Starts at `unixMilliseconds`; the default is 2026-11-22T12:00:00Z.
  package init(unixMilliseconds: Int64 = 1_795_348_800_000) {
    state = Mutex(State(wall: unixMilliseconds))
  }

  package func advance(by duration: Duration) {
    let nanoseconds = duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    let woken = state.withLock { state in
      state.wall += nanoseconds / 1_000_000
      state.monotonic += nanoseconds
      let due = state.sleepers.filter { $0.value.until <= state.monotonic }
      for id in due.keys { state.sleepers[id] = nil }
      return due.values.sorted { $0.until < $1.until }.map(\.wake)
    }
    for sleeper in woken { sleeper.resume() }
  }

  /// Moves the wall clock alone, as an administrator or NTP would.
  package func jumpWall(by duration: Duration) {
    state.withLock { $0.wall += duration.components.seconds * 1000 }
  }

  package var clocks: Clocks {
    Clocks(
      wall: { self.state.withLock { $0.wall } }, monotonic: { self.state.withLock { $0.monotonic } })
  }

  /// How many sleep on this clock now.
  package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

  /// Suspends until the clock has been moved by `duration`, or the task is cancelled.
  package func sleep(_ duration: Duration) async {
    let nanoseconds = duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    let id = state.withLock { state in
      state.nextSleeper += 1
      return state.nextSleeper
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if nanoseconds <= 0 || Task.isCancelled { return true }
          state.sleepers[id] = (state.monotonic + nanoseconds, continuation)
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
      sleeper?.wake.resume()
    }
  }

  /// Moves time on, a step at a time, until `work` is done.
  package func run<Result: Sendable>(
    step: Duration = .milliseconds(1), _ work: @escaping @Sendable () async -> Result
  ) async -> Result {
    let mover = Task {
      while !Task.isCancelled {
        try? await Task.sleep(for: .microseconds(200))
        advance(by: step)
      }
    }
    defer { mover.cancel() }
    return await work()
  }
}
