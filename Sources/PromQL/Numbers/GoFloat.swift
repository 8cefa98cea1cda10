// public: the exposition, the query API and the alert templates print every value with these.

/// Floating point as Go's `strconv` prints and reads it, so that values and label values equal Prometheus' byte for
/// byte. All printed forms give the fewest digits that read back as the same number.
public enum GoFloat {
  /// `FormatFloat(value, 'f', -1, 64)`: never an exponent, e.g. `1000000`, `+Inf`, `NaN`. `count_values` writes label
  /// values this way. Up to 327 bytes.
  public static func decimal(_ value: Double) -> String {
    guard let digits = ShortestDigits(value) else { return special(value) }
    return digits.decimal
  }

  /// `FormatFloat(value, 'g', -1, 64)`, which is also `fmt`'s `%v`: an exponent below 1e-4 and from 1e+06 up.
  public static func shortest(_ value: Double) -> String {
    guard let digits = ShortestDigits(value) else { return special(value) }
    return (-4..<6).contains(digits.exponent) ? digits.decimal : digits.scientific
  }

  /// A sample value as Prometheus' query API writes it: an exponent only below 1e-6 and from 1e+21 up.
  public static func sampleValue(_ value: Double) -> String {
    var out: [UInt8] = []
    append(sampleValue: value, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends what `sampleValue` prints: a range result has thousands of values.
  public static func append(sampleValue value: Double, to out: inout [UInt8]) {
    if value.magnitude < wholeMax, value != 0, let whole = Int64(exactly: value) {
      if whole < 0 { out.append(UInt8(ascii: "-")) }
      return append(whole.magnitude, to: &out)
    }
    guard value.isFinite else { return out.append(contentsOf: special(value).utf8) }
    // Swift's description is Go's as long as it has no exponent, but for the fraction of whole numbers.
    var text = value.description
    let isDone = text.withUTF8 { text in
      guard !text.contains(UInt8(ascii: "e")) else { return false }
      let isWhole =
        text.count > 2 && text[text.count - 1] == UInt8(ascii: "0") && text[text.count - 2] == UInt8(ascii: ".")
      out.append(contentsOf: text.dropLast(isWhole ? 2 : 0))
      return true
    }
    guard !isDone, let digits = ShortestDigits(value) else { return }
    let isPlain = value == 0 || (1e-6..<1e21).contains(value.magnitude)
    out.append(contentsOf: (isPlain ? digits.decimal : digits.scientific).utf8)
  }

  /// Appends a whole number in decimal.
  public static func append(_ number: UInt64, to out: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var start = 20
      var rest = number
      repeat {
        start -= 1
        digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      out.append(contentsOf: digits[start...])
    }
  }

  /// Whole numbers below are told apart by a double.
  private static let wholeMax = 9_007_199_254_740_992.0

  private static func special(_ value: Double) -> String {
    value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf"
  }
}

/// The digits of the shortest decimal that reads back as a finite number.
private struct ShortestDigits {
  private var isNegative: Bool
  /// ASCII, no leading or trailing zeros; empty for zero.
  private var digits: [UInt8] = []
  /// Where the decimal point stands, counted in digits from the first one.
  private var pointPosition = 0

  /// `nil` for NaN and the infinities.
  init?(_ value: Double) {
    guard value.isFinite else { return nil }
    isNegative = value.sign == .minus
    // Swift's description already holds the shortest digits; only their layout differs from Go's.
    var isFraction = false
    var exponent = 0
    var scan = value.magnitude.description.utf8[...]
    while let byte = scan.popFirst() {
      switch byte {
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "e"):
        exponent = Int(Substring(scan)) ?? 0
        scan = scan[scan.endIndex...]
      default:
        if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) }
        if !isFraction, !digits.isEmpty { pointPosition += 1 }
        if isFraction, digits.isEmpty { pointPosition -= 1 }
      }
    }
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    pointPosition = digits.isEmpty ? 0 : pointPosition + exponent
  }

  /// Power of ten of the first digit.
  var exponent: Int { digits.isEmpty ? 0 : pointPosition - 1 }

  var decimal: String {
    var out: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
    let zero = UInt8(ascii: "0")
    if pointPosition <= 0 {
      out.append(zero)
    } else {
      out.append(contentsOf: digits.prefix(pointPosition))
      out.append(contentsOf: repeatElement(zero, count: max(0, pointPosition - digits.count)))
    }
    if digits.count > max(0, pointPosition) {
      out.append(UInt8(ascii: "."))
      out.append(contentsOf: repeatElement(zero, count: max(0, -pointPosition)))
      out.append(contentsOf: digits.dropFirst(max(0, pointPosition)))
    }
    return String(decoding: out, as: UTF8.self)
  }

  var scientific: String {
    var out: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
    out.append(digits.first ?? UInt8(ascii: "0"))
    if digits.count > 1 {
      out.append(UInt8(ascii: "."))
      out.append(contentsOf: digits.dropFirst())
    }
    out.append(contentsOf: exponent < 0 ? "e-".utf8 : "e+".utf8)
    if exponent.magnitude < 10 { out.append(UInt8(ascii: "0")) }
    out.append(contentsOf: exponent.magnitude.description.utf8)
    return String(decoding: out, as: UTF8.self)
  }
}
