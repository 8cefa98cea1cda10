/// Functions of the samples of one window, which holds at least one.
enum OverTime {
  static func sum(_ samples: SampleWindow) -> Double {
    var sum = CompensatedSum()
    for index in 0..<samples.count { sum.add(samples.values[index]) }
    return sum.value
  }

  static func mean(_ samples: SampleWindow) -> Double {
    var mean = CompensatedMean(samples.firstValue)
    for index in 1..<max(1, samples.count) { mean.add(samples.values[index]) }
    return mean.value
  }

  /// NaN only if there is nothing else.
  static func maximum(_ samples: SampleWindow) -> Double {
    var maximum = samples.firstValue
    for index in 0..<samples.count where samples.values[index] > maximum || maximum.isNaN {
      maximum = samples.values[index]
    }
    return maximum
  }

  /// NaN only if there is nothing else.
  static func minimum(_ samples: SampleWindow) -> Double {
    var minimum = samples.firstValue
    for index in 0..<samples.count where samples.values[index] < minimum || minimum.isNaN {
      minimum = samples.values[index]
    }
    return minimum
  }

  /// Population variance (Welford's method).
  static func variance(_ samples: SampleWindow) -> Double {
    var mean = CompensatedSum()
    var squares = CompensatedSum()
    for index in 0..<samples.count {
      let delta = samples.values[index] - mean.value
      mean.add(delta / Double(index + 1))
      squares.add(delta * (samples.values[index] - mean.value))
    }
    return squares.value / Double(samples.count)
  }

  /// How often the value differs from the one before. NaN equals NaN here.
  static func changes(_ samples: SampleWindow) -> Double {
    var changes = 0
    for index in stride(from: 1, to: samples.count, by: 1) {
      let (previous, value) = (samples.values[index - 1], samples.values[index])
      if value != previous, !(value.isNaN && previous.isNaN) { changes += 1 }
    }
    return Double(changes)
  }

  /// How often the value is lower than the one before.
  static func resets(_ samples: SampleWindow) -> Double {
    var resets = 0
    for index in stride(from: 1, to: samples.count, by: 1) where samples.values[index] < samples.values[index - 1] {
      resets += 1
    }
    return Double(resets)
  }

  /// The change from the last but one sample to the last; per second for a counter, which may have been reset.
  static func lastChange(_ samples: SampleWindow, isCounter: Bool) -> Double {
    guard samples.count >= 2 else { return .absent }
    let (previous, last) = (samples.values[samples.count - 2], samples.lastValue)
    let milliseconds = samples.lastTime - samples.times[samples.count - 2]
    guard milliseconds > 0 else { return .absent }
    let change = isCounter && last < previous ? last : last - previous
    return isCounter ? change / (Double(milliseconds) / 1000) : change
  }

  /// Double exponential smoothing (Holt): `smoothing` weighs the newest sample, `trend` the newest slope, both between
  /// 0 and 1.
  static func smoothed(_ samples: SampleWindow, smoothing: Double, trend: Double) -> Double {
    guard samples.count >= 2 else { return .absent }
    var previous = 0.0
    var level = samples.firstValue
    var slope = samples.values[1] - samples.firstValue
    for index in 1..<samples.count {
      if index > 1 { slope = trend * (level - previous) + (1 - trend) * slope }
      let next = smoothing * samples.values[index] + (1 - smoothing) * (level + slope)
      (previous, level) = (level, next)
    }
    return level
  }

  /// The line through the samples (least squares): its slope per second and its value at `time`.
  static func regression(_ samples: SampleWindow, at time: Int64) -> (slope: Double, intercept: Double) {
    var (sumX, sumY, sumXY, sumXX) = (CompensatedSum(), CompensatedSum(), CompensatedSum(), CompensatedSum())
    var isConstant = true
    for index in 0..<samples.count {
      let y = samples.values[index]
      let x = Double(samples.times[index] - time) / 1000
      if y != samples.firstValue { isConstant = false }
      sumX.add(x)
      sumY.add(y)
      sumXY.add(x * y)
      sumXX.add(x * x)
    }
    if isConstant {
      return samples.firstValue.isInfinite ? (.nan, .nan) : (0, samples.firstValue)
    }
    let count = Double(samples.count)
    let covariance = sumXY.value - sumX.value * sumY.value / count
    let variance = sumXX.value - sumX.value * sumX.value / count
    let slope = covariance / variance
    return (slope, sumY.value / count - slope * sumX.value / count)
  }
}
