/// A running sum that keeps the rounding error apart (Kahan's method with Neumaier's improvement), so that adding a
/// small value to a large one loses nothing.
struct CompensatedSum {
  private(set) var sum: Double
  private(set) var compensation = 0.0

  init(_ first: Double = 0) {
    sum = first
  }

  @inline(__always)
  mutating func add(_ value: Double) {
    let total = sum + value
    if total.isInfinite {
      compensation = 0
    } else if sum.magnitude >= value.magnitude {
      compensation += (sum - total) + value
    } else {
      compensation += (value - total) + sum
    }
    sum = total
  }

  var value: Double { sum + compensation }

  mutating func scale(by factor: Double) {
    sum *= factor
    compensation *= factor
  }
}

/// The mean of numbers whose sum may not fit: sums as long as that is finite, then moves the mean by each number.
///
/// Direct summation is the more exact of the two, the moving mean does not overflow. Prometheus does the same.
struct CompensatedMean {
  private var sum: CompensatedSum
  private var count = 1.0
  private var isMoving = false

  init(_ first: Double) {
    sum = CompensatedSum(first)
  }

  @inline(__always)
  mutating func add(_ value: Double) {
    count += 1
    if !isMoving {
      var next = sum
      next.add(value)
      if !next.sum.isInfinite {
        sum = next
        return
      }
      isMoving = true
      sum.scale(by: 1 / (count - 1))
    }
    sum.scale(by: (count - 1) / count)
    sum.add(value / count)
  }

  var value: Double {
    isMoving ? sum.value : sum.sum / count + sum.compensation / count
  }
}
