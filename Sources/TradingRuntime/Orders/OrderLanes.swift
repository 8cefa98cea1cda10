import ControlModel
import Synchronization

/// One change of an order at a time. A change is memory, then disk; two of one order that crossed could leave the older on
/// disk. Not re-entrant.
final class OrderLanes: Sendable {
  /// Orders being changed, with who waits for each.
  private let lanes = Mutex<[OrderID: [CheckedContinuation<Void, Never>]]>([:])

  func run<Result: Sendable>(_ id: OrderID, _ change: () async -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      let isFree = lanes.withLock { lanes in
        if lanes[id] != nil {
          lanes[id]?.append(continuation)
          return false
        }
        lanes[id] = []
        return true
      }
      if isFree { continuation.resume() }
    }
    let result = await change()
    let next = lanes.withLock { lanes -> CheckedContinuation<Void, Never>? in
      guard var waiting = lanes[id], !waiting.isEmpty else {
        lanes[id] = nil
        return nil
      }
      defer { lanes[id] = waiting }
      return waiting.removeFirst()
    }
    next?.resume()
    return result
  }
}
