/// The buckets of one histogram at one time: cumulative counts by upper bound.
struct ClassicHistogram {
  private var bounds: [Double] = []
  private var counts: [Double] = []

  /// Relative difference up to which two counts are the same: floating point addition in another order gives as much.
  private static let tolerance = 1e-12

  var isEmpty: Bool { bounds.isEmpty }

  mutating func clear() {
    bounds.removeAll(keepingCapacity: true)
    counts.removeAll(keepingCapacity: true)
  }

  /// Adds a bucket. Precondition: bounds come in ascending order. Equal bounds (`1` and `1.0`) are one bucket.
  mutating func append(bound: Double, count: Double) {
    if bound == bounds.last {
      counts[counts.count - 1] += count
    } else {
      bounds.append(bound)
      counts.append(count)
    }
  }

  /// The value below which the share `quantile` of the observations lies, as if they were spread evenly in a bucket.
  ///
  /// NaN without an infinite bucket, a second bucket or an observation; the bound of the last finite bucket if the
  /// answer lies beyond it.
  mutating func quantile(_ quantile: Double) -> Double {
    if quantile.isNaN { return .nan }
    if quantile < 0 { return -.infinity }
    if quantile > 1 { return .infinity }
    guard bounds.last == .infinity else { return .nan }
    makeMonotonic()
    let last = bounds.count - 1
    guard last >= 1, counts[last] != 0 else { return .nan }
    let rank = quantile * counts[last]
    let bucket = counts[..<last].firstIndex { $0 >= rank } ?? last
    if bucket == last { return bounds[last - 1] }
    if bucket == 0, bounds[0] <= 0 { return bounds[0] }
    let start = bucket > 0 ? bounds[bucket - 1] : 0
    let below = bucket > 0 ? counts[bucket - 1] : 0
    return start + (bounds[bucket] - start) * ((rank - below) / (counts[bucket] - below))
  }

  /// The share of the observations between two values.
  func fraction(from lower: Double, to upper: Double) -> Double {
    guard bounds.last == .infinity, let total = counts.last, total != 0, !lower.isNaN, !upper.isNaN else { return .nan }
    if lower >= upper { return 0 }
    return (observations(below: upper) - observations(below: lower)) / total
  }

  private func observations(below value: Double) -> Double {
    var start = bounds[0] <= 0 ? -Double.infinity : 0
    var below = 0.0
    for (bound, count) in zip(bounds, counts) {
      if start >= value { return min(below, counts[counts.count - 1]) }
      if bound > value {
        // Nothing is known about where in an endless bucket its observations lie.
        let inside = start == -.infinity ? count : below + (count - below) * (value - start) / (bound - start)
        return min(inside, counts[counts.count - 1])
      }
      (start, below) = (bound, count)
    }
    return counts[counts.count - 1]
  }

  /// Scrapes of different buckets can be of different times, so that a larger bucket shows fewer observations.
  private mutating func makeMonotonic() {
    var previous = counts[0]
    for index in 1..<max(1, counts.count) {
      let count = counts[index]
      if count < previous || Self.areAlmostEqual(previous, count) {
        counts[index] = previous
      } else {
        previous = count
      }
    }
  }

  private static func areAlmostEqual(_ a: Double, _ b: Double) -> Bool {
    if a == b { return true }
    let sum = a.magnitude + b.magnitude
    let difference = (a - b).magnitude
    if a == 0 || b == 0 || sum < .leastNormalMagnitude { return difference < tolerance * .leastNormalMagnitude }
    return difference / min(sum, .greatestFiniteMagnitude) < tolerance
  }
}
