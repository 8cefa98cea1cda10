package import Store
import Synchronization

/// What a simulated disk or store does to its next operations, until told otherwise.
package enum Fault: Sendable, Equatable {
  case none
  /// Refuses and changes nothing.
  case refuses
  /// Takes the change and says it failed, as a network may.
  case liesAboutFailure
  /// Keeps only so many bytes of a write, and refuses.
  case tears(after: Int)

  package static let failure = StoreFailure(.unavailable, "The simulated disk refuses.")
}

/// A faulty part's mood, and a door that holds its callers while it is shut.
package final class FaultSwitch: Sendable {
  private struct State {
    var fault = Fault.none
    var tries = 0
    var isShut = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  package init() {}

  package var fault: Fault {
    get { state.withLock { $0.fault } }
    set { state.withLock { $0.fault = newValue } }
  }

  /// How often the faulty part was asked for something, whatever came of it.
  package var tries: Int { state.withLock { $0.tries } }
  func noteTry() { state.withLock { $0.tries += 1 } }

  /// From now on callers of `pass` wait: the disk hangs.
  package func shut() { state.withLock { $0.isShut = true } }

  package func open() { letThrough(isShut: false) }

  /// Lets those through who wait, and stays shut for the next.
  package func letThrough() { letThrough(isShut: true) }

  private func letThrough(isShut: Bool) {
    let waiting = state.withLock { state in
      state.isShut = isShut
      defer { state.waiting = [] }
      return state.waiting
    }
    for one in waiting { one.resume() }
  }

  /// How many wait at the shut door.
  package var waitingCount: Int { state.withLock { $0.waiting.count } }

  package func pass() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if state.isShut { state.waiting.append(continuation) }
        return !state.isShut
      }
      if isOpen { continuation.resume() }
    }
  }
}
