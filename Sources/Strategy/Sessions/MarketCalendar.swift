package import ControlModel

/// When an instrument trades.
package enum MarketCalendar: Hashable, Sendable {
  case nyse(NYSECalendar)
  /// Foreign exchange: Sunday 17:00 to Friday 17:00 in New York, without holidays.
  case fxWeek
  /// Crypto: never closes.
  case continuous

  /// Whether `time` is inside a session. The opening moment is inside, the closing moment is not.
  /// - Parameter extended: also count 4:00 to four hours after the close; only the NYSE has extended hours.
  package func status(at time: WallTime, extended: Bool = false) -> SessionStatus {
    switch self {
    case .continuous: return .open(nil)
    case .fxWeek:
      let week = Self.fxWeek(containing: NewYorkTime.local(time).day)
      return week.contains(time) ? .open(week) : .closed(.outsideHours)
    case .nyse(let calendar):
      let day = NewYorkTime.local(time).day
      guard var session = calendar.session(on: day) else {
        return .closed(day.isWeekend ? .weekend : .holiday)
      }
      if extended { session = session.extended }
      return session.contains(time) ? .open(session) : .closed(.outsideHours)
    }
  }

  /// The first session that opens at or after `time`; nil if the market never closes or none opens within three weeks.
  package func nextSession(from time: WallTime) -> TradingSession? {
    if case .continuous = self { return nil }
    let today = NewYorkTime.local(time).day
    for days in 0..<21 {
      let session: TradingSession? =
        switch self {
        case .nyse(let calendar): calendar.session(on: today.adding(days: days))
        default: Self.fxWeek(containing: today.adding(days: days))
        }
      if let session, session.open >= time { return session }
    }
    return nil
  }

  /// The trading week that begins on the Sunday of `day`'s week.
  private static func fxWeek(containing day: CivilDay) -> TradingSession {
    let sunday = day.adding(days: -day.weekday.rawValue)
    return TradingSession(
      day: sunday, open: NewYorkTime.moment(sunday, minute: 17 * 60),
      close: NewYorkTime.moment(sunday.adding(days: 5), minute: 17 * 60), isShortened: false)
  }
}

/// One span of trading.
package struct TradingSession: Equatable, Sendable {
  /// The local day it is named after.
  package let day: CivilDay
  package let open: WallTime
  package let close: WallTime
  /// Shorter than an ordinary session.
  package let isShortened: Bool

  /// The opening moment is inside, the closing moment is not.
  package func contains(_ time: WallTime) -> Bool { open <= time && time < close }

  /// From 4:00 local time to four hours after the close.
  var extended: TradingSession {
    TradingSession(
      day: day, open: NewYorkTime.moment(day, minute: NYSECalendar.extendedOpenMinute),
      close: close.adding(milliseconds: NYSECalendar.extendedAfterCloseSeconds * 1000), isShortened: isShortened)
  }
}

/// Whether a market trades at a moment.
package enum SessionStatus: Equatable, Sendable {
  /// Within this session; nil where the market never closes.
  case open(TradingSession?)
  case closed(Reason)

  /// Why it does not.
  package enum Reason: Equatable, Sendable {
    case outsideHours, weekend, holiday
  }

  package var isOpen: Bool {
    if case .open = self { true } else { false }
  }
}

/// What the venue itself says about its hours; the check on our own calendar.
package struct VenueClock: Equatable, Sendable {
  package let isOpen: Bool
  /// When the present or next session closes.
  package let nextClose: WallTime
  /// When the venue said so.
  package let asOf: WallTime

  package init(isOpen: Bool, nextClose: WallTime, asOf: WallTime) {
    self.isOpen = isOpen
    self.nextClose = nextClose
    self.asOf = asOf
  }
}
