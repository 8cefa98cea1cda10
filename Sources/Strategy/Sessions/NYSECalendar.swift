import ControlModel

/// Trading days of the New York Stock Exchange (XNYS) from the exchange's rules, corrected by data.
///
/// Rules: NYSE Rule 7.2 holidays, moved from Saturday to Friday and from Sunday to Monday (New Year's Day never to
/// the old year), Juneteenth since 2022; 13:00 closes on 3 July, the day after Thanksgiving and 24 December when
/// these are ordinary trading days. No rule foresees a day of mourning or a storm: those come as `SessionOverride`s,
/// and an override wins.
package struct NYSECalendar: Hashable, Sendable {
  /// Ascending by day.
  package let overrides: [SessionOverride]

  /// Unscheduled days a calendar may carry: thirty years had ten.
  package static let overridesMax = 256

  /// - Throws: for more than `overridesMax` overrides or two for one day.
  package init(overrides: [SessionOverride] = SessionOverride.recorded) throws(ParameterError) {
    _ = try overrides.count.checked("session.overrides.count", 0...Self.overridesMax)
    self.overrides = overrides.sorted { $0.day < $1.day }
    for (one, next) in zip(self.overrides, self.overrides.dropFirst()) where one.day == next.day {
      throw ParameterError("session.overrides", "\(one.day) is named twice")
    }
  }

  private init(recorded: [SessionOverride]) {
    overrides = recorded
  }

  /// The rules with every unscheduled closure on record.
  package static let standard = NYSECalendar(recorded: SessionOverride.recorded)

  /// The session of a day; nil when the exchange is closed all day.
  package func session(on day: CivilDay) -> TradingSession? {
    guard !day.isWeekend else { return nil }
    var (open, close) = (Self.openMinute, Self.closeMinute)
    switch override(on: day)?.hours {
    case .closed: return nil
    case .open(let fromMinute, let toMinute): (open, close) = (fromMinute, toMinute)
    case nil:
      let date = day.date
      if Self.isHoliday(day, date) { return nil }
      if Self.closesEarly(day, date) { close = Self.earlyCloseMinute }
    }
    return TradingSession(
      day: day, open: NewYorkTime.moment(day, minute: open), close: NewYorkTime.moment(day, minute: close),
      isShortened: close - open < Self.closeMinute - Self.openMinute)
  }

  static let openMinute = 9 * 60 + 30
  static let closeMinute = 16 * 60
  static let earlyCloseMinute = 13 * 60
  /// Extended hours: from 4:00, and for four hours after the close.
  static let extendedOpenMinute = 4 * 60
  static let extendedAfterCloseSeconds: Int64 = 4 * 3600

  private func override(on day: CivilDay) -> SessionOverride? {
    guard let last = overrides.last, day <= last.day else { return nil }
    return overrides.first { $0.day == day }
  }

  private static func isHoliday(_ day: CivilDay, _ date: (year: Int, month: Int, day: Int)) -> Bool {
    let (year, month, dayOfMonth) = date
    switch month {
    case 1:
      return dayOfMonth == 1 || (dayOfMonth == 2 && day.weekday == .monday) || day == .nth(3, .monday, of: 1, year)
    case 2: return day == .nth(3, .monday, of: 2, year)
    case 3, 4: return day == goodFriday(year)
    case 5: return day == .last(.monday, of: 5, year)
    case 6: return year >= 2022 && isObserved(19, dayOfMonth, day.weekday)
    case 7: return isObserved(4, dayOfMonth, day.weekday)
    case 9: return day == .nth(1, .monday, of: 9, year)
    case 11: return day == .nth(4, .thursday, of: 11, year)
    case 12: return isObserved(25, dayOfMonth, day.weekday)
    default: return false
    }
  }

  /// The fixed day itself, or the Friday before or Monday after when it falls on a weekend.
  private static func isObserved(_ fixed: Int, _ dayOfMonth: Int, _ weekday: Weekday) -> Bool {
    dayOfMonth == fixed || (dayOfMonth == fixed - 1 && weekday == .friday)
      || (dayOfMonth == fixed + 1 && weekday == .monday)
  }

  private static func closesEarly(_ day: CivilDay, _ date: (year: Int, month: Int, day: Int)) -> Bool {
    switch (date.month, date.day) {
    case (7, 3), (12, 24): true
    case (11, 23...29): day.weekday == .friday
    default: false
    }
  }

  /// Two days before Easter Sunday (Meeus/Jones/Butcher, Gregorian).
  private static func goodFriday(_ year: Int) -> CivilDay {
    let a = year % 19
    let (b, c) = (year / 100, year % 100)
    let (d, e) = (b / 4, b % 4)
    let g = (8 * b + 13) / 25
    let h = (19 * a + b - d - g + 15) % 30
    let (i, k) = (c / 4, c % 4)
    let l = (32 + 2 * e + 2 * i - h - k) % 7
    let m = (a + 11 * h + 22 * l) / 451
    let n = h + l - 7 * m + 114
    return CivilDay(year, n / 31, n % 31 + 1).adding(days: -2)
  }
}

/// What the exchange announced for one day, against its rules.
package struct SessionOverride: Hashable, Sendable {
  /// Trading hours in place of those the rules give.
  package enum Hours: Hashable, Sendable {
    case closed
    /// Local minutes of the day.
    case open(fromMinute: Int, toMinute: Int)
  }

  package let day: CivilDay
  package let hours: Hours
  package let reason: String

  /// - Throws: unless `open` names a span within one day.
  package init(_ day: CivilDay, _ hours: Hours, reason: String) throws(ParameterError) {
    if case .open(let from, let to) = hours, !(0 <= from && from < to && to <= 1440) {
      throw ParameterError("session.overrides", "\(day): \(from) to \(to) is no span of minutes within a day")
    }
    self.init(recorded: day, hours, reason)
  }

  private init(recorded day: CivilDay, _ hours: Hours, _ reason: String) {
    self.day = day
    self.hours = hours
    self.reason = reason
  }

  /// Every unscheduled full closure since 2000, ascending.
  package static let recorded: [SessionOverride] = [
    (CivilDay(2001, 9, 11), "attacks of 11 September"),
    (CivilDay(2001, 9, 12), "attacks of 11 September"),
    (CivilDay(2001, 9, 13), "attacks of 11 September"),
    (CivilDay(2001, 9, 14), "attacks of 11 September"),
    (CivilDay(2004, 6, 11), "mourning for President Reagan"),
    (CivilDay(2007, 1, 2), "mourning for President Ford"),
    (CivilDay(2012, 10, 29), "hurricane Sandy"),
    (CivilDay(2012, 10, 30), "hurricane Sandy"),
    (CivilDay(2018, 12, 5), "mourning for President Bush"),
    (CivilDay(2025, 1, 9), "mourning for President Carter"),
  ].map { SessionOverride(recorded: $0.0, .closed, $0.1) }
}
