// public: the generic parts of FixedPoint specialise in other targets and call into this file.

/// The one text form of exact numbers: JSON's number grammar (RFC 8259 §6) without an exponent.
@usableFromInline
enum DecimalText {
  /// A sign, 19 digits and a point; anything longer cannot be a value and is refused unread.
  static let bytesMax = 21

  @inlinable
  static func unitsPerOne(_ decimals: Int) -> Int64 {
    var units: Int64 = 1
    for _ in 0..<decimals { units *= 10 }
    return units
  }

  @usableFromInline
  static func parse(_ text: some StringProtocol, decimals: Int) throws(NumberError) -> Int64 {
    let bytes = text.utf8
    guard bytes.count <= bytesMax else { throw bytes.allSatisfy(isNumeric) ? .overflow : .malformed }
    var index = bytes.startIndex
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative { index = bytes.index(after: index) }
    var units: Int64 = 0
    var wholeDigits = 0
    var fractionDigits: Int?
    var startsWithZero = false
    while index != bytes.endIndex {
      let byte = bytes[index]
      index = bytes.index(after: index)
      if byte == UInt8(ascii: "."), fractionDigits == nil {
        fractionDigits = 0
        continue
      }
      guard (48...57).contains(byte) else { throw .malformed }
      if let digits = fractionDigits {
        fractionDigits = digits + 1
      } else {
        if wholeDigits == 0 { startsWithZero = byte == 48 }
        wholeDigits += 1
      }
      // Negative accumulation reaches Int64.min, whose magnitude no positive Int64 holds.
      units = try appending(-Int64(byte - 48), to: units)
    }
    guard wholeDigits > 0, fractionDigits != 0, !(startsWithZero && wholeDigits > 1) else { throw .malformed }
    let fraction = fractionDigits ?? 0
    guard fraction <= decimals else { throw .tooPrecise }
    for _ in fraction..<decimals { units = try appending(0, to: units) }
    guard !isNegative else { return units }
    guard units != .min else { throw .overflow }
    return -units
  }

  /// The shortest text that reads back as the same value: no trailing zeros, no bare point.
  @usableFromInline
  static func print(_ mantissa: Int64, decimals: Int) -> String {
    let (whole, fraction) = mantissa.magnitude.quotientAndRemainder(dividingBy: UInt64(unitsPerOne(decimals)))
    var text = (mantissa < 0 ? "-" : "") + String(whole)
    guard fraction != 0 else { return text }
    var digits = String(fraction)
    digits = String(repeating: "0", count: decimals - digits.utf8.count) + digits
    while digits.last == "0" { digits.removeLast() }
    text += "." + digits
    return text
  }

  private static func appending(_ negatedDigit: Int64, to units: Int64) throws(NumberError) -> Int64 {
    let (shifted, tooBig) = units.multipliedReportingOverflow(by: 10)
    let (sum, tooBigStill) = shifted.addingReportingOverflow(negatedDigit)
    guard !tooBig, !tooBigStill else { throw .overflow }
    return sum
  }

  private static func isNumeric(_ byte: UInt8) -> Bool { (45...57).contains(byte) && byte != UInt8(ascii: "/") }
}

extension FixedPoint {
  /// Reads a plain decimal such as `-12.5`.
  ///
  /// - Throws: `.malformed` for anything but `-?digits(.digits)?` without a leading zero, `.tooPrecise` for more than
  ///   `decimals` fraction digits, `.overflow` outside the range.
  public init(_ text: some StringProtocol) throws(NumberError) {
    self.init(mantissa: try DecimalText.parse(text, decimals: Self.decimals))
  }

  /// The shortest decimal that reads back as the same value.
  public var description: String { DecimalText.print(mantissa, decimals: Self.decimals) }
}
