/// What an aggregation remembers of the samples of one group at one step.
protocol AggregationCell {
  init(first: Double)
  mutating func add(_ value: Double)
  var result: Double { get }
}

extension Optional where Wrapped: AggregationCell {
  @inline(__always)
  mutating func add(_ value: Double) {
    if self == nil { self = Wrapped(first: value) } else { self?.add(value) }
  }
}

struct SumCell: AggregationCell {
  private var sum: CompensatedSum
  init(first: Double) { sum = CompensatedSum(first) }
  mutating func add(_ value: Double) { sum.add(value) }
  var result: Double { sum.value }
}

struct MeanCell: AggregationCell {
  private var mean: CompensatedMean
  init(first: Double) { mean = CompensatedMean(first) }
  mutating func add(_ value: Double) { mean.add(value) }
  var result: Double { mean.value }
}

struct CountCell: AggregationCell {
  private var count = 1.0
  init(first: Double) {}
  mutating func add(_ value: Double) { count += 1 }
  var result: Double { count }
}

/// `group`: always 1.
struct PresenceCell: AggregationCell {
  init(first: Double) {}
  mutating func add(_ value: Double) {}
  var result: Double { 1 }
}

/// NaN only if there is nothing else.
struct MaximumCell: AggregationCell {
  private(set) var result: Double
  init(first: Double) { result = first }
  mutating func add(_ value: Double) { if value > result || result.isNaN { result = value } }
}

/// NaN only if there is nothing else.
struct MinimumCell: AggregationCell {
  private(set) var result: Double
  init(first: Double) { result = first }
  mutating func add(_ value: Double) { if value < result || result.isNaN { result = value } }
}

/// Population variance (Welford's method); NaN if any value is infinite.
struct VarianceCell: AggregationCell {
  private var count = 1.0
  private var mean: Double
  private var squares: Double

  init(first: Double) {
    mean = first
    squares = first.isFinite ? 0 : .nan
  }

  mutating func add(_ value: Double) {
    count += 1
    let delta = value - mean
    mean += delta / count
    squares += delta * (value - mean)
  }

  var result: Double { squares / count }
}
