import ControlModel
import Testing

@testable import Alerting

/// Times of the week, month and year.
@Suite struct `A time interval` {
  private func interval(_ change: (inout CalendarInterval) throws -> Void) rethrows -> CalendarInterval {
    var interval = CalendarInterval()
    try change(&interval)
    return interval
  }

  private func holds(_ interval: CalendarInterval, _ time: String) throws -> Bool {
    interval.contains(try #require(WallTime(rfc3339: time)))
  }

  @Test func `without parts holds always`() throws { #expect(try holds(CalendarInterval(), "2026-11-22T12:00:00Z")) }

  @Test func `of hours has its first minute and not its last`() throws {
    let office = try interval { $0.times = [try CalendarInterval.times(from: "09:00", to: "17:00")] }
    #expect(try holds(office, "2026-11-23T09:00:00Z"))
    #expect(try holds(office, "2026-11-23T16:59:59Z"))
    #expect(try !holds(office, "2026-11-23T17:00:00Z"))
    #expect(try !holds(office, "2026-11-23T08:59:59Z"))
    let late = try interval { $0.times = [try CalendarInterval.times(from: "22:00", to: "24:00")] }
    #expect(try holds(late, "2026-11-23T23:59:59Z"))
  }

  @Test func `knows weekdays, also before 1970`() throws {
    let week = try interval { $0.weekdays = [try CalendarInterval.weekdays("monday:friday")] }
    #expect(try !holds(week, "2026-11-22T12:00:00Z"))
    #expect(try holds(week, "2026-11-23T12:00:00Z"))
    #expect(try holds(week, "1969-12-31T12:00:00Z"))
    #expect(try !holds(week, "1969-12-28T12:00:00Z"))
  }

  @Test func `counts days from either end of the month`() throws {
    let last = try interval { $0.daysOfMonth = [try CalendarInterval.daysOfMonth("-3:-1")] }
    #expect(try holds(last, "2027-02-26T00:00:00Z"))
    #expect(try !holds(last, "2027-02-25T23:59:00Z"))
    let most = try interval { $0.daysOfMonth = [try CalendarInterval.daysOfMonth("5:-2")] }
    #expect(try holds(most, "2026-11-29T00:00:00Z"))
    #expect(try !holds(most, "2026-11-30T00:00:00Z"))
    #expect(try !holds(most, "2026-11-04T00:00:00Z"))
  }

  @Test func `holds when each of its parts holds`() throws {
    let winter = try interval {
      $0.months = [try CalendarInterval.months("december"), try CalendarInterval.months("1:2")]
      $0.years = [try CalendarInterval.years("2026:2027")]
    }
    #expect(try holds(winter, "2026-12-05T00:00:00Z"))
    #expect(try holds(winter, "2027-02-05T00:00:00Z"))
    #expect(try !holds(winter, "2026-11-05T00:00:00Z"))
    #expect(try !holds(winter, "2028-01-05T00:00:00Z"))
  }

  @Test func `is in the time of its place, through summer time`() throws {
    let berlin = try interval {
      $0.times = [try CalendarInterval.times(from: "09:00", to: "10:00")]
      $0.location = try CalendarInterval.zone("Europe/Berlin")
    }
    #expect(try holds(berlin, "2026-11-23T08:30:00Z"))
    #expect(try holds(berlin, "2026-07-01T07:30:00Z"))
    #expect(try !holds(berlin, "2026-07-01T08:30:00Z"))
  }

  @Test func `that is wrong says how`() {
    func words(_ work: () throws -> Void) -> String {
      do {
        try work()
        return "taken"
      } catch {
        return "\(error)"
      }
    }
    #expect(words { _ = try CalendarInterval.minute("9:00") }.contains("is not a time of day"))
    #expect(words { _ = try CalendarInterval.minute("24:01") }.contains("is not a time of day"))
    #expect(words { _ = try CalendarInterval.times(from: "22:00", to: "06:00") }.contains("a night takes two"))
    #expect(words { _ = try CalendarInterval.weekdays("friday:monday") }.contains("ends before it begins"))
    #expect(words { _ = try CalendarInterval.weekdays("freitag") }.contains("is not a weekday"))
    #expect(words { _ = try CalendarInterval.daysOfMonth("0") }.contains("is not days of a month"))
    #expect(words { _ = try CalendarInterval.daysOfMonth("-1:3") }.contains("ends before it begins"))
    #expect(words { _ = try CalendarInterval.months("13") }.contains("is not a month"))
    #expect(words { _ = try CalendarInterval.zone("Mars/Base") }.contains("is not a time zone"))
  }
}
