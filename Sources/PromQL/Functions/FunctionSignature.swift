/// What a function takes.
struct FunctionSignature {
  /// Types of the arguments; the last one is repeated for arguments beyond.
  let arguments: [ValueType]
  let argumentsMin: Int
  /// `nil` if there is no limit.
  let argumentsMax: Int?

  init(_ arguments: ValueType..., optional: Int = 0, isVariadic: Bool = false) {
    self.arguments = arguments
    argumentsMin = arguments.count - (isVariadic ? 1 : optional)
    argumentsMax = isVariadic ? nil : arguments.count
  }
}

extension Function {
  var signature: FunctionSignature {
    switch self {
    case .pi, .time: FunctionSignature()
    case .vector: FunctionSignature(.scalar)
    case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year:
      FunctionSignature(.vector, optional: 1)
    case .round: FunctionSignature(.vector, .scalar, optional: 1)
    case .clamp: FunctionSignature(.vector, .scalar, .scalar)
    case .clampMax, .clampMin: FunctionSignature(.vector, .scalar)
    case .histogramFraction: FunctionSignature(.scalar, .scalar, .vector)
    case .histogramQuantile: FunctionSignature(.scalar, .vector)
    case .labelReplace: FunctionSignature(.vector, .string, .string, .string, .string)
    case .labelJoin: FunctionSignature(.vector, .string, .string, .string, isVariadic: true)
    case .quantileOverTime: FunctionSignature(.scalar, .range)
    case .predictLinear: FunctionSignature(.range, .scalar)
    case .holtWinters, .doubleExponentialSmoothing: FunctionSignature(.range, .scalar, .scalar)
    case .absentOverTime, .avgOverTime, .changes, .countOverTime, .delta, .deriv, .firstOverTime, .idelta, .increase,
      .irate, .lastOverTime, .maxOverTime, .minOverTime, .presentOverTime, .rate, .resets, .stddevOverTime,
      .stdvarOverTime, .sumOverTime:
      FunctionSignature(.range)
    case .scalar, .abs, .absent, .acos, .acosh, .asin, .asinh, .atan, .atanh, .ceil, .cos, .cosh, .deg, .exp, .floor,
      .histogramAvg, .histogramCount, .histogramStddev, .histogramStdvar, .histogramSum, .ln, .log10, .log2, .rad,
      .sgn, .sin, .sinh, .sort, .sortDesc, .sqrt, .tan, .tanh, .timestamp:
      FunctionSignature(.vector)
    }
  }
}
