package import ControlModel
package import Foundation

/// Times of the week, month and year as Alertmanager's `time_intervals` name them. Each part that is given must hold; an
/// empty part holds always (https://prometheus.io/docs/alerting/latest/configuration/#time_interval).
package struct CalendarInterval: Sendable {
  /// Minutes of the day, the end excluded.
  package var times: [Range<Int>] = []
  /// 0 is Sunday.
  package var weekdays: [ClosedRange<Int>] = []
  /// From 1; negative ones count from the end of the month.
  package var daysOfMonth: [(from: Int, to: Int)] = []
  package var months: [ClosedRange<Int>] = []
  package var years: [ClosedRange<Int>] = []
  package var location: TimeZone = .gmt

  package struct Problem: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  package init() {}

  package func contains(_ time: WallTime) -> Bool {
    let offset = location.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.unixMilliseconds) / 1000))
    let local = time.unixMilliseconds.flooredQuotient(1000) + Int64(offset)
    let day = Int(local.flooredQuotient(86_400))
    let minute = Int((local - Int64(day) * 86_400) / 60)
    let date = CivilDate.from(daysSince1970: day)
    // 1 January 1970 was a Thursday.
    let weekday = ((day + 4) % 7 + 7) % 7
    let length = CivilDate.days(in: date.month, of: date.year)
    return holds(times) { $0.contains(minute) } && holds(weekdays) { $0.contains(weekday) }
      && holds(months) { $0.contains(date.month) } && holds(years) { $0.contains(date.year) }
      && holds(daysOfMonth) { range in
        let from = range.from < 0 ? length + range.from + 1 : range.from
        let to = range.to < 0 ? length + range.to + 1 : range.to
        return max(from, 1) <= date.day && date.day <= min(to, length) && from <= to
      }
  }

  private func holds<Part>(_ parts: [Part], _ test: (Part) -> Bool) -> Bool {
    parts.isEmpty || parts.contains(where: test)
  }

  // MARK: Reading

  /// `09:00`, up to `24:00`.
  package static func minute(_ text: String) throws(Problem) -> Int {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]),
      let minute = Int(parts[1]), (0...59).contains(minute), (0...24).contains(hour), hour < 24 || minute == 0
    else { throw Problem(description: "\"\(text)\" is not a time of day; write e.g. 09:00, at most 24:00") }
    return hour * 60 + minute
  }

  package static func times(from start: String, to end: String) throws(Problem) -> Range<Int> {
    let (from, to) = (try minute(start), try minute(end))
    guard from < to else {
      throw Problem(description: "\(start) is not before \(end); a night takes two: until 24:00 and from 00:00")
    }
    return from..<to
  }

  private static let weekdayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
  private static let monthNames = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
  ]

  /// `monday:friday` or `saturday`.
  package static func weekdays(_ text: String) throws(Problem) -> ClosedRange<Int> {
    try range(text, "a weekday, e.g. monday or monday:friday") { weekdayNames.firstIndex(of: $0) }
  }

  /// `january:march`, `5` or `11:12`.
  package static func months(_ text: String) throws(Problem) -> ClosedRange<Int> {
    try range(text, "a month, e.g. may, 5 or november:december") { name in
      monthNames.firstIndex(of: name).map { $0 + 1 } ?? Int(name).flatMap { (1...12).contains($0) ? $0 : nil }
    }
  }

  package static func years(_ text: String) throws(Problem) -> ClosedRange<Int> {
    try range(text, "a year, e.g. 2027 or 2027:2028") { Int($0).flatMap { (1...9999).contains($0) ? $0 : nil } }
  }

  /// `1:5`, `-3:-1` or `15`.
  package static func daysOfMonth(_ text: String) throws(Problem) -> (from: Int, to: Int) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let from = parts[0], let to = parts[parts.count - 1],
      (1...31).contains(abs(from)), (1...31).contains(abs(to))
    else { throw Problem(description: "\"\(text)\" is not days of a month; write e.g. 1:5, 15 or -3:-1") }
    guard from < 0 ? to < 0 && from <= to : to < 0 || from <= to else {
      throw Problem(description: "\"\(text)\" ends before it begins")
    }
    return (from, to)
  }

  private static func range(
    _ text: String, _ allowed: String, _ value: (String) -> Int?
  ) throws(Problem) -> ClosedRange<Int> {
    let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(parts.count), let from = value(parts[0]), let to = value(parts[parts.count - 1]) else {
      throw Problem(description: "\"\(text)\" is not \(allowed)")
    }
    guard from <= to else { throw Problem(description: "\"\(text)\" ends before it begins") }
    return from...to
  }

  package static func zone(_ name: String) throws(Problem) -> TimeZone {
    guard let zone = TimeZone(identifier: name) else {
      throw Problem(description: "\"\(name)\" is not a time zone; write e.g. UTC or Europe/Berlin")
    }
    return zone
  }
}

extension Int64 {
  fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
