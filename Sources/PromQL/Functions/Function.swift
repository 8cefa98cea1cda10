/// The functions of PromQL that are defined for float samples: the 70 of Prometheus 2.42 and those 3.x made stable.
enum Function: String, CaseIterable, Sendable {
  case abs, absent, acos, acosh, asin, asinh, atan, atanh, ceil, changes, clamp, cos, cosh, deg, delta, deriv
  case exp, floor, hour, idelta, increase, irate, ln, log10, log2, minute, month, pi, rad, rate, resets, round
  case scalar, sgn, sin, sinh, sort, sqrt, tan, tanh, time, timestamp, vector, year
  case absentOverTime = "absent_over_time"
  case avgOverTime = "avg_over_time"
  case clampMax = "clamp_max"
  case clampMin = "clamp_min"
  case countOverTime = "count_over_time"
  case dayOfMonth = "day_of_month"
  case dayOfWeek = "day_of_week"
  case dayOfYear = "day_of_year"
  case daysInMonth = "days_in_month"
  case doubleExponentialSmoothing = "double_exponential_smoothing"
  case firstOverTime = "first_over_time"
  case histogramAvg = "histogram_avg"
  case histogramCount = "histogram_count"
  case histogramFraction = "histogram_fraction"
  case histogramQuantile = "histogram_quantile"
  case histogramStddev = "histogram_stddev"
  case histogramStdvar = "histogram_stdvar"
  case histogramSum = "histogram_sum"
  /// The name of `double_exponential_smoothing` before 3.0.
  case holtWinters = "holt_winters"
  case labelJoin = "label_join"
  case labelReplace = "label_replace"
  case lastOverTime = "last_over_time"
  case maxOverTime = "max_over_time"
  case minOverTime = "min_over_time"
  case predictLinear = "predict_linear"
  case presentOverTime = "present_over_time"
  case quantileOverTime = "quantile_over_time"
  case sortDesc = "sort_desc"
  case stddevOverTime = "stddev_over_time"
  case stdvarOverTime = "stdvar_over_time"
  case sumOverTime = "sum_over_time"

  /// The type of the result.
  var result: ValueType {
    switch self {
    case .pi, .scalar, .time: .scalar
    default: .vector
    }
  }

  /// Whether the result depends on the evaluation time even if the arguments do not, so that it must not be computed
  /// once for all steps.
  var dependsOnEvaluationTime: Bool {
    switch self {
    case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year, .predictLinear, .time,
      .timestamp:
      true
    default: false
    }
  }

  /// Whether a range function returns a sample of the series itself, so that the metric's name still fits.
  var keepsMetricName: Bool {
    self == .lastOverTime || self == .firstOverTime
  }
}
