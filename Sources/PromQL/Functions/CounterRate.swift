/// `rate`, `increase` and `delta`: the change over a window, extended to the window's ends.
struct CounterRate {
  /// Whether a fall of the value is a reset to zero, after which counting went on.
  let isCounter: Bool
  /// Whether the result is per second.
  let isPerSecond: Bool
  let isV2: Bool

  /// A window is extended to its end if that is nearer than this many average distances between samples: the next
  /// sample, a little late, would still have been there.
  private static let reachInIntervals = 1.1

  /// The result for one window, `absent` with fewer than two samples.
  /// - Parameters:
  ///   - resets: what the resets inside the window took away.
  ///   - end: the time the window ends at.
  ///   - range: its length in milliseconds.
  @inline(__always)
  func value(of samples: SampleWindow, resets: Double, end: Int64, range: Int64) -> Double {
    guard samples.count >= 2 else { return .absent }
    let change = samples.lastValue - samples.firstValue + resets
    let sampled = Double(samples.lastTime - samples.firstTime) / 1000
    let interval = sampled / Double(samples.count - 1)
    let reach = interval * Self.reachInIntervals
    var toStart = Double(samples.firstTime - (end - range)) / 1000
    var toEnd = Double(end - samples.lastTime) / 1000
    // A counter cannot have been negative: do not extend past the time its line crosses zero.
    let toZero =
      isCounter && change > 0 && samples.firstValue >= 0 ? sampled * (samples.firstValue / change) : .infinity
    if isV2 { toStart = min(toStart, toZero) }
    if toStart >= reach { toStart = interval / 2 }
    if !isV2 { toStart = min(toStart, toZero) }
    if toEnd >= reach { toEnd = interval / 2 }
    let factor = (sampled + toStart + toEnd) / sampled
    return change * (isPerSecond ? factor / (Double(range) / 1000) : factor)
  }
}

/// How much the resets of a counter took away, up to each sample: the difference of two entries is what they took
/// between them, so that a sliding window need not look at its samples again.
struct CounterResets {
  private var totals: [Double] = []
  private var hasResets = false

  mutating func measure(_ samples: SampleWindow) {
    hasResets = false
    for index in stride(from: 1, to: samples.count, by: 1) where samples.values[index] < samples.values[index - 1] {
      hasResets = true
      break
    }
    guard hasResets else { return }
    totals.removeAll(keepingCapacity: true)
    var total = 0.0
    for index in 0..<samples.count {
      if index > 0, samples.values[index] < samples.values[index - 1] { total += samples.values[index - 1] }
      totals.append(total)
    }
  }

  /// What resets took away among the samples `lower..<upper`.
  @inline(__always)
  func between(_ lower: Int, _ upper: Int, of samples: SampleWindow) -> Double {
    guard hasResets else { return 0 }
    let taken = totals[upper - 1] - totals[lower]
    return taken.isFinite ? taken : Self.sum(samples.part(lower, upper))
  }

  /// The same from the samples themselves, for totals that left the range of numbers.
  private static func sum(_ samples: SampleWindow) -> Double {
    var total = 0.0
    for index in stride(from: 1, to: samples.count, by: 1) where samples.values[index] < samples.values[index - 1] {
      total += samples.values[index - 1]
    }
    return total
  }
}
