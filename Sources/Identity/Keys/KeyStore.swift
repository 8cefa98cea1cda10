// public: its generation is read by every request of another target's event loops.

import Synchronization

/// The keys in force. Event loops read it without waiting on any network or actor; one refresher writes it.
public final class KeyStore: Sendable {
  private let counter: Atomic<UInt64>
  private let state: Mutex<State>

  private struct State {
    var pinned: KeySet
    /// `nil` until the first fetch succeeds, and again once what was fetched is too old to trust.
    var fetched: KeySet?
    let expectsFetched: Bool
    var snapshot: KeySnapshot
  }

  /// - Parameters:
  ///   - pinned: keys from configuration: a file or PEM text.
  ///   - expectsFetched: whether a refresher will deliver more. Until it has, a token with another key is answered
  ///     `auth.unavailable`, not `auth.unknown_key`: we cannot tell yet.
  package init(pinned: KeySet = KeySet(), expectsFetched: Bool) {
    let snapshot = KeySnapshot(generation: 1, keys: pinned, isComplete: !expectsFetched)
    counter = Atomic(snapshot.generation)
    state = Mutex(State(pinned: pinned, expectsFetched: expectsFetched, snapshot: snapshot))
  }

  /// Rises whenever the accepted keys change; whatever was verified under another generation must be verified again.
  @inline(__always)
  public var generation: UInt64 { counter.load(ordering: .acquiring) }

  /// The keys of this moment with their generation. Takes a lock for the length of a copy.
  package var current: KeySnapshot { state.withLock(\.snapshot) }

  /// Puts fetched keys in force, or takes them out with `nil`. Returns whether anything changed.
  @discardableResult
  package func replaceFetched(_ keys: KeySet?) -> Bool {
    replace { $0.fetched = keys }
  }

  /// Puts other configured keys in force. Returns whether anything changed.
  @discardableResult
  package func replacePinned(_ keys: KeySet) -> Bool {
    replace { $0.pinned = keys }
  }

  private func replace(_ change: (inout State) -> Void) -> Bool {
    state.withLock { state in
      change(&state)
      let merged = state.fetched.map(state.pinned.merging) ?? state.pinned
      let isComplete = !state.expectsFetched || state.fetched != nil
      let isChanged = isComplete != state.snapshot.isComplete || !merged.isEquivalent(to: state.snapshot.keys)
      let generation = state.snapshot.generation + (isChanged ? 1 : 0)
      state.snapshot = KeySnapshot(generation: generation, keys: merged, isComplete: isComplete)
      counter.store(generation, ordering: .releasing)
      return isChanged
    }
  }
}

/// The keys of one generation.
package struct KeySnapshot: Sendable {
  package let generation: UInt64
  package let keys: KeySet
  /// Whether every source has delivered; while it has not, a missing key proves nothing.
  package let isComplete: Bool
}
