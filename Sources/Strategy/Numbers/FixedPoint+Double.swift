// public: bars and levels computed in floating point become prices in other targets through this.

extension FixedPoint {
  /// The multiple of `step` nearest to `value`, decided on the exact binary value of the `Double`.
  ///
  /// No floating-point multiplication takes part, so a price that lies on the tick grid comes back exactly: the
  /// `Double` read from `"101.37"` becomes 101.37 for every value of up to 15 significant digits.
  /// - Throws: `.notFinite`, `.invalidStep` if `step <= 0`, `.overflow`.
  @inlinable
  public init(_ value: Double, step: Self, _ rounding: Rounding = .nearestEven) throws(NumberError) {
    self.init(
      mantissa: try ExactDouble.mantissa(
        of: value, unitsPerOne: DecimalText.unitsPerOne(Self.decimals), step: step.mantissa, rounding))
  }
}

/// Conversion of a `Double` to whole units without rounding twice.
@usableFromInline
enum ExactDouble {
  /// A `Double` is `significand × 2^exponent` with both whole, so the wanted quotient is one integer division whose
  /// binary point is shifted; only whether something is left behind the shift matters beyond its integer part.
  @usableFromInline
  static func mantissa(
    of value: Double, unitsPerOne: Int64, step: Int64, _ rounding: Rounding
  ) throws(NumberError) -> Int64 {
    guard value.isFinite else { throw .notFinite }
    guard step > 0 else { throw .invalidStep }
    let isSubnormal = value.exponentBitPattern == 0
    let significand = value.significandBitPattern | (isSubnormal ? 0 : 1 << 52)
    let exponent = isSubnormal ? -1074 : Int(value.exponentBitPattern) - 1075
    // Twice the value in units: the doubled scale puts the midpoint between two steps on an integer.
    let doubled = UInt128(significand) * UInt128(unitsPerOne) * 2
    let (twice, hasRest) = try shifted(doubled, by: exponent)

    let width = UInt128(step)
    var steps = twice / (2 * width)
    let floor = 2 * width * steps
    let midpoint = floor + width
    let isExact = twice == floor && !hasRest
    let isNegative = value.sign == .minus
    let isAway =
      switch rounding {
      case .nearestEven: twice > midpoint || (twice == midpoint && (hasRest || steps % 2 == 1))
      case .down: isNegative && !isExact
      case .up: !isNegative && !isExact
      }
    if isAway { steps += 1 }
    guard steps <= UInt128(Int64.max) / width else { throw .overflow }
    let magnitude = Int64(steps * width)
    return isNegative ? -magnitude : magnitude
  }

  /// `number × 2^exponent` as its integer part and whether bits were left behind.
  private static func shifted(
    _ number: UInt128, by exponent: Int
  ) throws(NumberError) -> (whole: UInt128, hasRest: Bool) {
    if exponent >= 0 {
      // A normal significand is at least 2^52: shifted by 12 it is past 64 bits, whatever the unit.
      guard exponent <= 12 else { throw .overflow }
      return (number << UInt128(exponent), false)
    }
    guard -exponent < 128 else { return (0, number != 0) }
    let whole = number >> UInt128(-exponent)
    return (whole, whole << UInt128(-exponent) != number)
  }
}
