/// The newest `capacity` numbers of a series, in a ring.
struct SlidingWindow: Sendable {
  let capacity: Int
  private(set) var values: [Double] = []
  /// Where the next number goes; 0 whenever the ring has come full circle.
  private(set) var next = 0

  init(capacity: Int) {
    precondition(capacity > 0, "a window holds at least one number, got capacity \(capacity)")
    self.capacity = capacity
    values.reserveCapacity(capacity)
  }

  var isFull: Bool { values.count == capacity }

  /// Adds the newest number; returns the one that fell out.
  mutating func push(_ value: Double) -> Double? {
    defer { next = next + 1 == capacity ? 0 : next + 1 }
    guard isFull else {
      values.append(value)
      return nil
    }
    let dropped = values[next]
    values[next] = value
    return dropped
  }

  /// The number pushed `ago` pushes before the newest; nil when there is none.
  func value(ago: Int) -> Double? {
    guard ago >= 0, ago < values.count else { return nil }
    let index = next - 1 - ago
    return values[index >= 0 ? index : index + values.count]
  }

  /// The numbers' sum from the oldest to the newest.
  var sum: Double {
    var sum = 0.0
    let split = isFull ? next : 0
    for value in values[split...] { sum += value }
    for value in values[..<split] { sum += value }
    return sum
  }
}
