#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The functions of Go's `math` whose corner cases differ from Swift's, and names for the C library's others.
enum GoMath {
  /// `math.Max`: NaN if either is, except that +Inf beats NaN.
  static func maximum(_ a: Double, _ b: Double) -> Double {
    if a == .infinity || b == .infinity { return .infinity }
    if a.isNaN || b.isNaN { return .nan }
    if a == 0, b == 0 { return a.sign == .minus ? b : a }
    return a > b ? a : b
  }

  /// `math.Min`: NaN if either is, except that -Inf beats NaN.
  static func minimum(_ a: Double, _ b: Double) -> Double {
    if a == -.infinity || b == -.infinity { return -.infinity }
    if a.isNaN || b.isNaN { return .nan }
    if a == 0, b == 0 { return a.sign == .minus ? a : b }
    return a < b ? a : b
  }

  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
  static func remainder(_ a: Double, _ b: Double) -> Double { fmod(a, b) }
  static func arcTangent(_ y: Double, _ x: Double) -> Double { atan2(y, x) }

  /// What a function of PromQL does to each value alone, `nil` for functions that do more.
  static func elementary(_ function: Function) -> ((Double) -> Double)? {
    switch function {
    case .abs: { $0.magnitude }
    case .ceil: { $0.rounded(.up) }
    case .floor: { $0.rounded(.down) }
    case .sqrt: { $0.squareRoot() }
    case .rad: { $0 * .pi / 180 }
    case .deg: { $0 * 180 / .pi }
    case .sgn: { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
    case .acos: acos
    case .acosh: acosh
    case .asin: asin
    case .asinh: asinh
    case .atan: atan
    case .atanh: atanh
    case .cos: cos
    case .cosh: cosh
    case .exp: exp
    case .ln: log
    case .log10: log10
    case .log2: log2
    case .sin: sin
    case .sinh: sinh
    case .tan: tan
    case .tanh: tanh
    default: nil
    }
  }
}
