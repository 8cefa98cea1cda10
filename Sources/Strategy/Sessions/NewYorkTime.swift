package import ControlModel

/// Clock time in New York from the daylight-saving rule in law, without a time zone database.
///
/// Since 2007 (Energy Policy Act of 2005): second Sunday of March to first Sunday of November. Before, since 1987:
/// first Sunday of April to last Sunday of October. Both changes happen at 2:00 local time. Years before 1987 follow
/// the 1987 rule. A new law needs a new version of this file; the venue's own clock is compared with it at run time
/// (`VenueClock`).
package enum NewYorkTime {
  /// UTC offset in seconds: -14,400 in summer, -18,000 in winter.
  package static func offsetSeconds(at time: WallTime) -> Int64 {
    isSummer(standardSeconds: time.unixSeconds + winter) ? summer : winter
  }

  /// The local day and minute of the day (0..<1440) at `time`.
  package static func local(_ time: WallTime) -> (day: CivilDay, minute: Int) {
    let seconds = time.unixSeconds + offsetSeconds(at: time)
    let day = floorDivision(seconds, 86_400)
    return (CivilDay(daysSince1970: Int(day)), Int(seconds - day * 86_400) / 60)
  }

  /// The moment of a local clock time; in the hour that is skipped in spring, the moment an hour later on the clock.
  package static func moment(_ day: CivilDay, minute: Int) -> WallTime {
    let local = Int64(day.daysSince1970) * 86_400 + Int64(minute) * 60
    let inSummer = WallTime(unixSeconds: local - summer)
    return offsetSeconds(at: inSummer) == summer ? inSummer : WallTime(unixSeconds: local - winter)
  }

  private static let summer: Int64 = -4 * 3600
  private static let winter: Int64 = -5 * 3600

  /// - Parameter standardSeconds: seconds since 1970 on a clock that stays on winter time all year.
  private static func isSummer(standardSeconds: Int64) -> Bool {
    let day = CivilDay(daysSince1970: Int(floorDivision(standardSeconds, 86_400)))
    let (year, month, dayOfMonth) = day.date
    let (startMonth, endMonth) = year >= 2007 ? (3, 11) : (4, 10)
    guard month == startMonth || month == endMonth else { return startMonth < month && month < endMonth }
    let isStart = month == startMonth
    // Earliest date of the Sunday in question: second of March, first of November; first of April, last of October.
    let firstDate =
      switch month {
      case 3: 8
      case 10: 25
      default: 1
      }
    let lastSunday = dayOfMonth - day.weekday.rawValue
    guard lastSunday >= firstDate else { return !isStart }
    guard day.weekday == .sunday, dayOfMonth < firstDate + 7 else { return isStart }
    // On the day itself: at 2:00 winter time in spring, at 2:00 summer time, which is 1:00, in autumn.
    let secondOfDay = standardSeconds - Int64(day.daysSince1970) * 86_400
    return isStart ? secondOfDay >= 7200 : secondOfDay < 3600
  }

  private static func floorDivision(_ dividend: Int64, _ divisor: Int64) -> Int64 {
    dividend >= 0 ? dividend / divisor : (dividend - divisor + 1) / divisor
  }
}
