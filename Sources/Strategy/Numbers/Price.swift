// public: see FixedPoint.

/// US dollars per unit of an instrument, in units of 1e-8.
public struct Price: FixedPoint {
  public let mantissa: Int64
  @inlinable public static var decimals: Int { 8 }

  @inlinable
  public init(mantissa: Int64) {
    self.mantissa = mantissa
  }

  /// What `quantity` costs at this price: the 128-bit product, rounded half-even once to 1e-8. Throws `.overflow`.
  @inlinable
  public func notional(of quantity: Quantity) throws(NumberError) -> Money {
    let product = Int128(mantissa) * Int128(quantity.mantissa)
    return try Money(
      exactly: Rounding.nearestEven.quotient(product, Int128(DecimalText.unitsPerOne(Quantity.decimals))))
  }
}
