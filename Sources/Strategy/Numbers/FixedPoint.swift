// public: order, fill and ledger arithmetic of other targets runs through these operators and must specialise there.

/// An exact decimal, held as a whole number of its smallest unit.
///
/// Arithmetic is checked: a result outside 64 bits throws `NumberError.overflow`; it never wraps, traps or becomes
/// approximate. Values of two conforming types cannot be mixed by accident.
public protocol FixedPoint: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Digits after the decimal point: one unit is `10^-decimals`. At most 9, so that no text of a value exceeds 21
  /// bytes.
  static var decimals: Int { get }
  /// How many units this is.
  var mantissa: Int64 { get }
  init(mantissa: Int64)
}

/// Why a number could not be made.
public enum NumberError: Error, Equatable, Sendable {
  /// The exact result does not fit the type.
  case overflow
  /// The text is not a plain decimal: an exponent, a sign other than `-`, spaces, a bare point, a leading zero, no
  /// digit.
  case malformed
  /// The text has more fraction digits than the type holds; rounding it would be a silent change of somebody's number.
  case tooPrecise
  /// A floating-point input was NaN or infinite.
  case notFinite
  case divisionByZero
  /// A tick or lot that is zero or negative.
  case invalidStep
}

extension FixedPoint {
  @inlinable public static var zero: Self { Self(mantissa: 0) }
  /// The largest value; the smallest is one unit beyond its negative.
  @inlinable public static var max: Self { Self(mantissa: .max) }
  @inlinable public var isZero: Bool { mantissa == 0 }
  @inlinable public var isPositive: Bool { mantissa > 0 }
  @inlinable public var isNegative: Bool { mantissa < 0 }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.mantissa < b.mantissa }

  /// Throws `.overflow`.
  @inlinable
  public static func + (a: Self, b: Self) throws(NumberError) -> Self {
    let (sum, overflow) = a.mantissa.addingReportingOverflow(b.mantissa)
    guard !overflow else { throw .overflow }
    return Self(mantissa: sum)
  }

  /// Throws `.overflow`.
  @inlinable
  public static func - (a: Self, b: Self) throws(NumberError) -> Self {
    let (difference, overflow) = a.mantissa.subtractingReportingOverflow(b.mantissa)
    guard !overflow else { throw .overflow }
    return Self(mantissa: difference)
  }

  /// Throws `.overflow` for the smallest value, whose negative does not exist.
  @inlinable
  public static prefix func - (a: Self) throws(NumberError) -> Self { try zero - a }

  /// Throws `.overflow`.
  @inlinable
  public static func * (a: Self, factor: Int64) throws(NumberError) -> Self {
    let (product, overflow) = a.mantissa.multipliedReportingOverflow(by: factor)
    guard !overflow else { throw .overflow }
    return Self(mantissa: product)
  }

  /// The distance from zero.
  @inlinable
  public func absolute() throws(NumberError) -> Self { mantissa < 0 ? try -self : self }

  /// `basisPoints` ten-thousandths of this, e.g. 100 is one per cent.
  @inlinable
  public func portion(basisPoints: Int, _ rounding: Rounding) throws(NumberError) -> Self {
    try Self(exactly: rounding.quotient(Int128(mantissa) * Int128(basisPoints), 10_000))
  }

  /// The multiple of `step` (a tick or a lot) this rounds to.
  @inlinable
  public func rounded(to step: Self, _ rounding: Rounding) throws(NumberError) -> Self {
    guard step.mantissa > 0 else { throw .invalidStep }
    let steps = rounding.quotient(Int128(mantissa), Int128(step.mantissa))
    return try Self(exactly: steps * Int128(step.mantissa))
  }

  /// The nearest `Double`, for indicators and display; never the way back into an exact number of money.
  @inlinable public var double: Double { Double(mantissa) / Double(DecimalText.unitsPerOne(Self.decimals)) }

  @inlinable
  init(exactly mantissa: Int128) throws(NumberError) {
    guard let mantissa = Int64(exactly: mantissa) else { throw .overflow }
    self.init(mantissa: mantissa)
  }
}
