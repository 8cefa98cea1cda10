/// The best rows seen so far, at most `limit`: a heap with the worst of them on top, so that most rows cost one
/// comparison.
///
/// A NaN is worse than any number. Of equal values the earlier row is better.
struct Ranking {
  private let isTop: Bool
  private var limit = 0
  private var heap: [(value: Double, row: Int)] = []

  init(isTop: Bool) {
    self.isTop = isTop
  }

  /// Starts over.
  mutating func clear(limit: Int) {
    self.limit = limit
    heap.removeAll(keepingCapacity: true)
  }

  mutating func offer(_ value: Double, _ row: Int) {
    if heap.count < limit {
      heap.append((value, row))
      rise(heap.count - 1)
    } else if isWorse(heap[0], (value, row)) {
      heap[0] = (value, row)
      sink()
    }
  }

  /// The rows, best first.
  func sorted() -> [Int] {
    heap.sorted { isWorse($1, $0) }.map(\.row)
  }

  private func isWorse(_ a: (value: Double, row: Int), _ b: (value: Double, row: Int)) -> Bool {
    if a.value.isNaN || b.value.isNaN {
      return a.value.isNaN && b.value.isNaN ? a.row > b.row : a.value.isNaN
    }
    if a.value == b.value { return a.row > b.row }
    return isTop ? a.value < b.value : a.value > b.value
  }

  private mutating func rise(_ index: Int) {
    var index = index
    while index > 0, isWorse(heap[index], heap[(index - 1) / 2]) {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private mutating func sink() {
    var index = 0
    while true {
      let (left, right) = (2 * index + 1, 2 * index + 2)
      var worst = index
      if left < heap.count, isWorse(heap[left], heap[worst]) { worst = left }
      if right < heap.count, isWorse(heap[right], heap[worst]) { worst = right }
      guard worst != index else { return }
      heap.swapAt(index, worst)
      index = worst
    }
  }
}
