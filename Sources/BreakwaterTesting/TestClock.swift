import Synchronization
package import Telemetry

/// Time that moves only when a test says so. Both clocks move together.
package final class TestClock: Sendable {
  private let state: Mutex<(wall: Int64, monotonic: Int64)>

  /// Starts at `unixMilliseconds`; the default is 2026-11-22T12:00:00Z.
  package init(unixMilliseconds: Int64 = 1_795_348_800_000) {
    state = Mutex((unixMilliseconds, 1_000_000_000))
  }

  package func advance(by duration: Duration) {
    let nanoseconds = duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    state.withLock { state in
      state.wall += nanoseconds / 1_000_000
      state.monotonic += nanoseconds
    }
  }

  /// Moves the wall clock alone, as an administrator or NTP would.
  package func jumpWall(by duration: Duration) {
    state.withLock { $0.wall += duration.components.seconds * 1000 }
  }

  package var clocks: Clocks {
    Clocks(
      wall: { self.state.withLock { $0.wall } }, monotonic: { self.state.withLock { $0.monotonic } })
  }
}
