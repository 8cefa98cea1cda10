// public: stamped on every request and log line.

/// A moment for people and records: milliseconds since 1970 in UTC, shown as RFC 3339.
/// Never used to measure durations or to order effects; clocks jump.
public struct WallTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let unixMilliseconds: Int64

  @inlinable
  public init(unixMilliseconds: Int64) {
    self.unixMilliseconds = unixMilliseconds
  }

  @inlinable
  public init(unixSeconds: Int64) {
    self.unixMilliseconds = unixSeconds * 1000
  }

  @inlinable public var unixSeconds: Int64 {
    unixMilliseconds >= 0 ? unixMilliseconds / 1000 : (unixMilliseconds - 999) / 1000
  }

  public func adding(milliseconds: Int64) -> WallTime {
    WallTime(unixMilliseconds: unixMilliseconds + milliseconds)
  }

  @inlinable
  public static func < (a: WallTime, b: WallTime) -> Bool { a.unixMilliseconds < b.unixMilliseconds }

  /// `2026-11-22T14:02:31.412Z`, always 24 bytes for years 0000–9999.
  public var description: String {
    let (days, milliseconds) = Self.split(unixMilliseconds)
    let (year, month, day) = CivilDate.from(daysSince1970: days)
    let seconds = milliseconds / 1000
    return Self.pad(year, 4) + "-" + Self.pad(month, 2) + "-" + Self.pad(day, 2) + "T" + Self.pad(seconds / 3600, 2)
      + ":" + Self.pad(seconds / 60 % 60, 2) + ":" + Self.pad(seconds % 60, 2) + "."
      + Self.pad(milliseconds % 1000, 3) + "Z"
  }

  /// Reads RFC 3339 with `Z` or a numeric offset and up to nine fraction digits (kept to the millisecond).
  public init?(rfc3339 text: some StringProtocol) {
    var reader = DigitReader(Array(text.utf8))
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
      let day = reader.number(2), reader.take("T") || reader.take("t") || reader.take(" "),
      let hour = reader.number(2), reader.take(":"), let minute = reader.number(2), reader.take(":"),
      let second = reader.number(2), (1...12).contains(month), (1...CivilDate.days(in: month, of: year)).contains(day),
      hour < 24, minute < 60, second < 61
    else { return nil }
    var milliseconds = 0
    if reader.take(".") {
      guard let fraction = reader.fraction() else { return nil }
      milliseconds = fraction
    }
    var offsetMinutes = 0
    if !(reader.take("Z") || reader.take("z")) {
      let sign = reader.take("+") ? -1 : reader.take("-") ? 1 : 0
      guard sign != 0, let h = reader.number(2), reader.take(":"), let m = reader.number(2), h < 24, m < 60 else {
        return nil
      }
      offsetMinutes = sign * (h * 60 + m)
    }
    guard reader.isAtEnd else { return nil }
    let days = Int64(CivilDate.daysSince1970(year: year, month: month, day: day))
    let minutes = Int64(hour * 60 + minute + offsetMinutes)
    self.init(unixMilliseconds: ((days * 1440 + minutes) * 60 + Int64(second)) * 1000 + Int64(milliseconds))
  }

  private static func split(_ unixMilliseconds: Int64) -> (days: Int, milliseconds: Int) {
    let day: Int64 = 86_400_000
    var days = unixMilliseconds / day
    var rest = unixMilliseconds % day
    if rest < 0 { (days, rest) = (days - 1, rest + day) }
    return (Int(days), Int(rest))
  }

  private static func pad(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }
}

/// Gregorian calendar arithmetic (Howard Hinnant's days-from-civil), so that nothing here needs Foundation or a time zone.
public enum CivilDate {
  public static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  public static func from(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  public static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

/// Cursor over ASCII digits and separators.
private struct DigitReader {
  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { index == bytes.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  /// Exactly `count` digits.
  mutating func number(_ count: Int) -> Int? {
    guard index + count <= bytes.count else { return nil }
    var value = 0
    for byte in bytes[index..<index + count] {
      guard (48...57).contains(byte) else { return nil }
      value = value * 10 + Int(byte - 48)
    }
    index += count
    return value
  }

  /// One to nine digits after the point, as whole milliseconds.
  mutating func fraction() -> Int? {
    var digits = 0
    var milliseconds = 0
    while index < bytes.count, (48...57).contains(bytes[index]) {
      if digits < 3 { milliseconds = milliseconds * 10 + Int(bytes[index] - 48) }
      digits += 1
      index += 1
    }
    guard (1...9).contains(digits) else { return nil }
    for _ in min(digits, 3)..<3 { milliseconds *= 10 }
    return milliseconds
  }
}
