// public: see FixedPoint.

/// Units of an instrument in steps of 1e-9, ±9.2 billion. Negative is short.
public struct Quantity: FixedPoint {
  public let mantissa: Int64
  @inlinable public static var decimals: Int { 9 }

  @inlinable
  public init(mantissa: Int64) {
    self.mantissa = mantissa
  }
}
