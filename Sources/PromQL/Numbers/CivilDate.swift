/// A date and time of day in UTC, from seconds since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms").
struct CivilDate {
  let year: Int64
  /// 1–12.
  let month: Int64
  /// 1–31.
  let day: Int64
  /// 0 is Sunday.
  let weekday: Int64
  let hour: Int64
  let minute: Int64

  /// Largest distance from 1970 in seconds, three billion years, so that no step below overflows.
  static let secondsMax = 1e17

  /// `nil` if `seconds` is no number or beyond `secondsMax`. Fractions are cut off towards zero.
  init?(secondsSince1970 seconds: Double) {
    guard seconds.magnitude <= Self.secondsMax else { return nil }
    self.init(Int64(seconds))
  }

  init(_ seconds: Int64) {
    let days = Self.floorDivide(seconds, 86_400)
    let secondOfDay = seconds - days * 86_400
    hour = secondOfDay / 3600
    minute = secondOfDay % 3600 / 60
    weekday = ((days % 7) + 11) % 7
    let shifted = days + 719_468
    let era = Self.floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayFromMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayFromMarch + 2) / 153
    day = dayFromMarch - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// 1–366.
  var dayOfYear: Int64 {
    let februaryShortfall: Int64 = month <= 2 ? 0 : isLeap ? 1 : 2
    return 275 * month / 9 - februaryShortfall + day - 30
  }

  var daysInMonth: Int64 {
    switch month {
    case 2: isLeap ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private var isLeap: Bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
  }

  private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
    let quotient = a / b
    return a % b < 0 ? quotient - 1 : quotient
  }
}

extension CivilDate {
  /// What a date function of PromQL reads, `nil` for other functions.
  static func field(_ function: Function) -> ((CivilDate) -> Int64)? {
    switch function {
    case .dayOfMonth: { $0.day }
    case .dayOfWeek: { $0.weekday }
    case .dayOfYear: { $0.dayOfYear }
    case .daysInMonth: { $0.daysInMonth }
    case .hour: { $0.hour }
    case .minute: { $0.minute }
    case .month: { $0.month }
    case .year: { $0.year }
    default: nil
    }
  }
}
