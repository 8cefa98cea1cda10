/// The newest bars of one symbol, oldest first, in a ring that never grows past its capacity.
package struct BarSeries: RandomAccessCollection, Sendable {
  package let capacity: Int
  private var storage: [Bar] = []
  private var oldest = 0

  /// How many bars an indicator must have seen before a decision may rest on it.
  ///
  /// An EMA never forgets its seed: after `n` bars `((p-1)/(p+1))^n` of the seed's error is left. For EMA200 that is
  /// 1.8 % after 400 bars and 0.03 % after 800, so two replicas that began at different bars would decide differently.
  /// With 1,000 bars (200 for the seed, 800 to forget it) they agree closely, and every replica must feed at least
  /// these.
  package static let warmUpBars = 1_000

  /// - Precondition: `capacity` is positive.
  package init(capacity: Int = BarSeries.warmUpBars) {
    precondition(capacity > 0, "a bar series holds at least one bar, got capacity \(capacity)")
    self.capacity = capacity
    storage.reserveCapacity(capacity)
  }

  /// Adds the newest bar, dropping the oldest when full. Throws `.notAscending` unless it starts after the last one.
  package mutating func append(_ bar: Bar) throws(BarProblem) {
    if let last, bar.start <= last.start { throw .notAscending }
    if storage.count < capacity {
      storage.append(bar)
    } else {
      storage[oldest] = bar
      oldest = oldest + 1 == capacity ? 0 : oldest + 1
    }
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { storage.count }

  /// The bar at `position` counted from the oldest.
  package subscript(position: Int) -> Bar {
    precondition(position >= 0 && position < storage.count, "bar \(position) of \(storage.count)")
    let index = oldest + position
    return storage[index < storage.count ? index : index - storage.count]
  }

  /// The bar `ago` bars before the newest one; nil when the series is not that long.
  package func bar(ago: Int) -> Bar? {
    ago >= 0 && ago < storage.count ? self[storage.count - 1 - ago] : nil
  }
}
