package import ControlModel

/// The two clocks of the process. The root passes the real ones, tests their own; nothing else reads a clock.
package struct Clocks: Sendable {
  /// Unix milliseconds. May jump; for people and records.
  package let wall: @Sendable () -> Int64
  /// Nanoseconds since an arbitrary start. Never goes back; for durations and deadlines.
  package let monotonic: @Sendable () -> Int64

  package init(wall: @escaping @Sendable () -> Int64, monotonic: @escaping @Sendable () -> Int64) {
    self.wall = wall
    self.monotonic = monotonic
  }

  package var now: WallTime { WallTime(unixMilliseconds: wall()) }
}
