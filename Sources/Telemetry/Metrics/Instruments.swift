// public: the request path increments these; a call is one or two relaxed atomic operations.

import Synchronization

/// A number that only rises. Holds whole units (requests, bytes, nanoseconds); `scale` turns them into the base unit.
public final class Counter: Sendable {
  private let units = Atomic<Int>(0)
  let scale: Double

  init(scale: Double = 1) {
    self.scale = scale
  }

  public func increment(by amount: Int = 1) {
    units.wrappingAdd(amount, ordering: .relaxed)
  }

  /// Current total in the metric's base unit.
  public var value: Double { Double(units.load(ordering: .relaxed)) * scale }
}

/// A number that rises and falls.
public final class Gauge: Sendable {
  private let bits = Atomic<UInt64>(0)

  init() {}

  public func set(_ value: Double) {
    bits.store(value.bitPattern, ordering: .relaxed)
  }

  public func add(_ delta: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = (Double(bitPattern: old) + delta).bitPattern
      let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
      if exchanged { return }
      old = original
    }
  }

  public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// Counts observations in fixed buckets. Durations are observed in nanoseconds and exposed in seconds.
public final class Histogram: Sendable {
  /// Most buckets a histogram can have, +Inf included.
  static let bucketsMax = 24

  private let counts = InlineArray<24, Atomic<Int>> { _ in Atomic<Int>(0) }
  private let sum = Atomic<Int>(0)
  /// Upper bounds in the unit observed, ascending.
  private let bounds: [Int]
  private let scale: Double

  /// `bounds` are in the base unit; one base unit is `1 / scale` observed units.
  init(bounds: [Double], scale: Double) {
    precondition(bounds.count < Self.bucketsMax, "a histogram has at most \(Self.bucketsMax - 1) bounds")
    self.bounds = bounds.map { Int(($0 / scale).rounded()) }
    self.scale = scale
  }

  public func observe(_ value: Int) {
    var index = 0
    while index < bounds.count, value > bounds[index] { index += 1 }
    counts[index].wrappingAdd(1, ordering: .relaxed)
    sum.wrappingAdd(value, ordering: .relaxed)
  }

  /// Cumulative counts per bound and +Inf, then the sum in the base unit, then the count.
  func read(into values: inout [Double]) {
    var cumulative = 0
    for index in 0...bounds.count {
      cumulative += counts[index].load(ordering: .relaxed)
      values.append(Double(cumulative))
    }
    values.append(Double(sum.load(ordering: .relaxed)) * scale)
    values.append(Double(cumulative))
  }

  /// Observations so far.
  public var count: Int {
    (0...bounds.count).reduce(0) { $0 + counts[$1].load(ordering: .relaxed) }
  }
}
