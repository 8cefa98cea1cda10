// public: the request path increments these; a call is one or two relaxed atomic operations.

import Synchronization

/// A number that only rises. Holds whole units (requests, bytes, nanoseconds), exposed in the metric's base unit.
public final class Counter: Sendable {
  private let units = Atomic<Int>(0)
  private let unitsPerBase: Double

  /// - Parameter unitsPerBase: 1e9 where nanoseconds are counted and seconds exposed.
  init(unitsPerBase: Double = 1) {
    self.unitsPerBase = unitsPerBase
  }

  /// Precondition: `amount` is not negative.
  public func increment(by amount: Int = 1) {
    assert(amount >= 0, "a counter never falls")
    units.wrappingAdd(amount, ordering: .relaxed)
  }

  /// Current total in the metric's base unit.
  public var value: Double { Double(units.load(ordering: .relaxed)) / unitsPerBase }
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
  private let unitsPerBase: Double
  private let slots = ExemplarSlots()

  /// - Parameter bounds: in the base unit, ascending.
  init(bounds: [Double], unitsPerBase: Double = 1) {
    precondition(bounds.count < Self.bucketsMax, "a histogram has at most \(Self.bucketsMax - 1) bounds")
    self.bounds = bounds.map { Int(($0 * unitsPerBase).rounded()) }
    self.unitsPerBase = unitsPerBase
    precondition(zip(self.bounds, self.bounds.dropFirst()).allSatisfy { $0 < $1 }, "the bounds \(bounds) do not rise")
  }

  public func observe(_ value: Int) {
    var index = 0
    while index < bounds.count, value > bounds[index] { index += 1 }
    counts[index].wrappingAdd(1, ordering: .relaxed)
    sum.wrappingAdd(value, ordering: .relaxed)
  }

  /// As `observe(_:)`, for a request that can be looked up by its ids.
  /// - Parameter time: Unix milliseconds.
  public func observe(_ value: Int, at time: Int64, trace: TraceContext, requestID: [UInt8]) {
    var index = 0
    while index < bounds.count, value > bounds[index] { index += 1 }
    counts[index].wrappingAdd(1, ordering: .relaxed)
    sum.wrappingAdd(value, ordering: .relaxed)
    if slots.wants(index, value, at: time) { slots.offer(index, value, at: time, trace, requestID) }
  }

  /// Exemplars newer than `time`, Unix milliseconds, by bucket.
  func exemplars(after time: Int64) -> [(bucket: Int, exemplar: ObservedExemplar)] {
    slots.read(after: time, unitsPerBase: unitsPerBase)
  }

  /// Cumulative counts per bound and +Inf, then the sum in the base unit, then the count, which always equals the +Inf
  /// bucket. An observation under way may be in the count and not yet in the sum.
  func read(into values: inout [Double]) {
    var cumulative = 0
    for index in 0...bounds.count {
      cumulative += counts[index].load(ordering: .relaxed)
      values.append(Double(cumulative))
    }
    values.append(Double(sum.load(ordering: .relaxed)) / unitsPerBase)
    values.append(Double(cumulative))
  }

  /// Changes the digest when anything was observed since.
  func mix(into digest: inout UInt64) {
    for index in 0...bounds.count { digest.mix(UInt64(bitPattern: Int64(counts[index].load(ordering: .relaxed)))) }
    digest.mix(UInt64(bitPattern: Int64(sum.load(ordering: .relaxed))))
  }

  /// Series it is exposed as: a bucket per bound, +Inf, sum and count.
  var seriesCount: Int { bounds.count + 3 }

  /// Observations so far.
  public var count: Int {
    (0...bounds.count).reduce(0) { $0 + counts[$1].load(ordering: .relaxed) }
  }
}
