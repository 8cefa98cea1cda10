import Synchronization

/// Virtual time and what is to happen in it: one thing at a time, in an order that the seed alone decides.
final class Agenda {
  /// True time, in nanoseconds. Read by gates' clocks through `Time`.
  let time = Time()
  private var heap: [Item] = []
  private var count = 0

  final class Time: Sendable {
    private let value = Atomic<Int64>(0)
    var now: Int64 { value.load(ordering: .relaxed) }
    fileprivate func set(_ now: Int64) { value.store(now, ordering: .relaxed) }
  }

  private struct Item {
    let at: Int64
    let turn: Int
    let work: () -> Void

    func isBefore(_ other: Item) -> Bool { (at, turn) < (other.at, other.turn) }
  }

  var now: Int64 { time.now }

  func after(_ delay: Int64, _ work: @escaping () -> Void) {
    count += 1
    heap.append(Item(at: now + max(0, delay), turn: count, work: work))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Runs until nothing is left or `end` has come.
  func run(until end: Int64) {
    while let first = heap.first, first.at <= end {
      let last = heap.removeLast()
      if !heap.isEmpty {
        heap[0] = last
        sink()
      }
      time.set(max(now, first.at))
      first.work()
    }
  }

  private func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least]) {
        least = child
      }
      if least == parent { return }
      heap.swapAt(least, parent)
      parent = least
    }
  }
}

extension Int64 {
  static func milliseconds(_ count: Double) -> Int64 { Int64(count * 1_000_000) }
}
