import ControlModel

/// A calendar day without a time zone.
package struct CivilDay: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let daysSince1970: Int

  package init(daysSince1970: Int) {
    self.daysSince1970 = daysSince1970
  }

  /// - Precondition: the day exists.
  package init(_ year: Int, _ month: Int, _ day: Int) {
    precondition(
      (1...12).contains(month) && (1...CivilDate.days(in: month, of: year)).contains(day),
      "no such day: \(year)-\(month)-\(day)")
    daysSince1970 = CivilDate.daysSince1970(year: year, month: month, day: day)
  }

  package var date: (year: Int, month: Int, day: Int) { CivilDate.from(daysSince1970: daysSince1970) }

  /// Reads `2026-11-22`; nil for anything else or a day that does not exist.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 10, let midnight = WallTime(rfc3339: text + "T00:00:00Z") else { return nil }
    daysSince1970 = Int(midnight.unixSeconds / 86_400)
  }

  package var weekday: Weekday {
    // 1970-01-01 was a Thursday.
    let number = ((daysSince1970 + 4) % 7 + 7) % 7
    return Weekday(rawValue: number) ?? .sunday
  }

  package var isWeekend: Bool { weekday == .saturday || weekday == .sunday }

  package func adding(days: Int) -> CivilDay { CivilDay(daysSince1970: daysSince1970 + days) }

  /// `2026-11-22`
  package var description: String {
    String(WallTime(unixSeconds: Int64(daysSince1970) * 86_400).description.prefix(10))
  }

  package static func < (a: Self, b: Self) -> Bool { a.daysSince1970 < b.daysSince1970 }

  /// The `ordinal`th `weekday` of a month, counted from 1.
  static func nth(_ ordinal: Int, _ weekday: Weekday, of month: Int, _ year: Int) -> CivilDay {
    let first = CivilDay(year, month, 1)
    return first.adding(days: (weekday.rawValue - first.weekday.rawValue + 7) % 7 + (ordinal - 1) * 7)
  }

  static func last(_ weekday: Weekday, of month: Int, _ year: Int) -> CivilDay {
    let last = CivilDay(year, month, CivilDate.days(in: month, of: year))
    return last.adding(days: -((last.weekday.rawValue - weekday.rawValue + 7) % 7))
  }
}

/// Days of the week, Sunday first.
package enum Weekday: Int, Sendable {
  case sunday, monday, tuesday, wednesday, thursday, friday, saturday
}
