private import CThreads

/// What a thread is to the system's scheduler. Where the system does not know it, a thread stays as it is.
package enum ThreadSchedule: Sendable {
  /// Serves requests: runs as soon as it has something to do, although another thread's turn is not over.
  case prompt
  /// Works for later: never interrupts a thread that serves, and is put aside when one has something to do. `niceness`: 5
  /// is a third, 10 a tenth of everyone's weight when processors are scarce; it never stops altogether.
  case background(niceness: Int32)

  /// Far less than the system's slice of some milliseconds, and several requests long.
  private static let promptSlice: UInt64 = 100_000

  /// Schedules the calling thread like this from here on.
  ///
  /// Measured with one core for 5,000 proxied requests a second and everything else, medians of 14 interleaved runs: p99
  /// 260 µs with equal threads, 191 µs like this, and as low as a proxy without any such threads when they give way too.
  package func adopt() {
    switch self {
    case .prompt: breakwater_schedule_thread(0, 0, Self.promptSlice)
    case .background(let niceness): breakwater_schedule_thread(1, niceness, 0)
    }
  }

  /// Between two pieces of work, some ten microseconds each: a background thread lets one that serves go first. Costs some
  /// ten nanoseconds, and less on other threads, where it does nothing. Not while holding a lock that a request may need.
  package static func giveWay() { breakwater_give_way() }
}
