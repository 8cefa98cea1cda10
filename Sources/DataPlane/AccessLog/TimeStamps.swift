import ControlModel

/// The time as text, made anew only when its second changes: an event loop writes thousands of lines in one.
struct TimeStamps {
  /// `2026-11-22T14:02:31.412Z`
  private var stamp: [UInt8] = []
  private var stampSecond = Int64.min
  /// `Date: Sun, 22 Nov 2026 14:02:31 GMT` with its line end (RFC 9110 §5.6.7).
  private var date: [UInt8] = []
  private var dateSecond = Int64.min

  /// RFC 3339 with milliseconds.
  mutating func timestamp(_ unixMilliseconds: Int64) -> [UInt8] {
    let time = WallTime(unixMilliseconds: unixMilliseconds)
    if time.unixSeconds != stampSecond {
      stampSecond = time.unixSeconds
      stamp = Array(time.description.utf8)
    }
    let milliseconds = unixMilliseconds - time.unixSeconds * 1000
    stamp[20] = UInt8(48 + milliseconds / 100)
    stamp[21] = UInt8(48 + milliseconds / 10 % 10)
    stamp[22] = UInt8(48 + milliseconds % 10)
    return stamp
  }

  mutating func dateLine(_ unixMilliseconds: Int64) -> [UInt8] {
    let time = WallTime(unixMilliseconds: unixMilliseconds)
    guard time.unixSeconds != dateSecond else { return date }
    dateSecond = time.unixSeconds
    let days = Int((time.unixSeconds >= 0 ? time.unixSeconds : time.unixSeconds - 86_399) / 86_400)
    let (year, month, day) = CivilDate.from(daysSince1970: days)
    let clock = time.description.dropFirst(11).prefix(8)
    let weekday = Self.weekdays[(days % 7 + 7) % 7]
    date = Array("Date: \(weekday), \(Self.two(day)) \(Self.months[month - 1]) \(year) \(clock) GMT\r\n".utf8)
    return date
  }

  private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  /// 1 January 1970 was a Thursday.
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
