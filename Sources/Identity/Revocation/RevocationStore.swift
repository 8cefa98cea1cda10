// public: its epoch is read by every request of another target's event loops.

package import ControlModel
import Synchronization

/// The revocation list in force, and an epoch that rises with every change of it.
public final class RevocationStore: Sendable {
  private let counter: Atomic<UInt64>
  private let state: Mutex<RevocationList>

  /// - Parameter list: what was persisted.
  package init(_ list: RevocationList = RevocationList()) {
    counter = Atomic(1)
    state = Mutex(list)
  }

  /// A principal that was checked at this epoch needs no new check while it lasts: one load instead of five look-ups.
  @inline(__always)
  public var epoch: UInt64 { counter.load(ordering: .acquiring) }

  /// The list of this moment, e.g. to show or to persist.
  package var current: RevocationList { state.withLock { $0 } }

  /// Changes the list; every request that begins after the return sees the change. If `change` throws, nothing has
  /// changed. `change` runs outside the lock, so that copying a long list keeps no event loop waiting, and runs again
  /// if another writer was faster.
  package func update<Result>(
    _ change: (inout RevocationList) throws(Refusal) -> Result
  ) throws(Refusal) -> Result {
    while true {
      let (before, list) = state.withLock { (epoch, $0) }
      var next = list
      let result = try change(&next)
      let isStored = state.withLock { list in
        guard epoch == before else { return false }
        list = next
        counter.add(1, ordering: .releasing)
        return true
      }
      if isStored { return result }
    }
  }

  /// Refuses with `auth.revoked` if the list in force covers the principal.
  package func check(_ principal: Principal) throws(Refusal) {
    try current.check(principal)
  }
}
