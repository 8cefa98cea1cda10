// public: part of the checked arithmetic other targets specialise.

/// Which neighbour an inexact result becomes.
public enum Rounding: Sendable {
  /// To the nearer one; a tie to the even one (IEEE 754 §4.3.1, banker's rounding): no drift over many roundings.
  case nearestEven
  /// Towards minus infinity.
  case down
  /// Towards plus infinity.
  case up

  /// `dividend / divisor` as a whole number. Precondition: `divisor > 0`.
  @inlinable
  func quotient(_ dividend: Int128, _ divisor: Int128) -> Int128 {
    precondition(divisor > 0, "a quotient needs a positive divisor, got \(divisor)")
    var (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    guard remainder != 0 else { return quotient }
    if remainder < 0 { (quotient, remainder) = (quotient - 1, remainder + divisor) }
    switch self {
    case .down: return quotient
    case .up: return quotient + 1
    case .nearestEven:
      let upper = divisor - remainder
      return remainder > upper || (remainder == upper && quotient % 2 != 0) ? quotient + 1 : quotient
    }
  }
}
