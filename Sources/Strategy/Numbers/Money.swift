// public: see FixedPoint.

/// An amount of US dollars in units of 1e-8, up to ±92 billion.
public struct Money: FixedPoint {
  public let mantissa: Int64
  @inlinable public static var decimals: Int { 8 }

  @inlinable
  public init(mantissa: Int64) {
    self.mantissa = mantissa
  }

  /// The price per unit at which `quantity` costs this, rounded half-even. Throws `.divisionByZero`, `.overflow`.
  @inlinable
  public func price(per quantity: Quantity) throws(NumberError) -> Price {
    guard quantity.mantissa != 0 else { throw .divisionByZero }
    let sign: Int128 = quantity.mantissa < 0 ? -1 : 1
    let dividend = Int128(mantissa) * Int128(DecimalText.unitsPerOne(Quantity.decimals)) * sign
    return try Price(exactly: Rounding.nearestEven.quotient(dividend, Int128(quantity.mantissa) * sign))
  }

  /// How much this buys at `price` each. Throws `.divisionByZero` unless the price is positive, `.overflow`.
  @inlinable
  public func quantity(at price: Price, _ rounding: Rounding) throws(NumberError) -> Quantity {
    guard price.mantissa > 0 else { throw .divisionByZero }
    let dividend = Int128(mantissa) * Int128(DecimalText.unitsPerOne(Quantity.decimals))
    return try Quantity(exactly: rounding.quotient(dividend, Int128(price.mantissa)))
  }
}
