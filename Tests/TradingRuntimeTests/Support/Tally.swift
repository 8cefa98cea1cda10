import Synchronization

/// A number several tasks share.
final class Tally: Sendable {
  private let content = Mutex(0)

  var count: Int { content.withLock { $0 } }
  func add() { content.withLock { $0 += 1 } }
}
