import ControlModel
import Foundation
import Synchronization

/// `BREAKWATER_FAILPOINT=after_journal:kill` has the process die, or with `:stop` freeze, the first time a stop gets there. For tests of what a
/// crash leaves behind. Debug builds only: the binary that is shipped has no such switch.
enum FailpointSwitch {
  static func armed() throws -> @Sendable (Failpoint) -> Void {
    #if DEBUG
      return try readSwitch()
    #else
      return { _ in }
    #endif
  }

  #if DEBUG
    /// Once for the process: it goes on when it is woken.
    private final class Armed: Sendable {
      private let isArmed = Atomic(true)

      func take() -> Bool { isArmed.exchange(false, ordering: .sequentiallyConsistent) }
    }

    private static func readSwitch() throws -> @Sendable (Failpoint) -> Void {
      guard let text = ProcessInfo.processInfo.environment["BREAKWATER_FAILPOINT"], !text.isEmpty else {
        return { _ in }
      }
      let parts = text.split(separator: ":", maxSplits: 1)
      guard let point = Failpoint(rawValue: String(parts[0])), parts.count == 2, ["kill", "stop"].contains(parts[1])
      else {
        let names = Failpoint.allCases.map(\.rawValue).joined(separator: ", ")
        throw CommandFailure(
          .failed, "BREAKWATER_FAILPOINT is one of \(names), then :kill or :stop; unset it outside tests")
      }
      let signal = parts[1] == "kill" ? SIGKILL : SIGSTOP
      Terminal.note(
        "  warning: this process \(parts[1] == "kill" ? "dies" : "freezes") at \(point.rawValue) (BREAKWATER_FAILPOINT)"
      )
      let isArmed = Armed()
      return { if $0 == point, isArmed.take() { kill(getpid(), signal) } }
    }
  #endif
}
