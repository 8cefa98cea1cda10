import ControlModel
import Testing

@testable import Strategy

@Suite struct `Trading sessions` {
  private func time(_ text: some StringProtocol) throws -> WallTime {
    try #require(WallTime(rfc3339: String(text)))
  }

  private func days(_ from: CivilDay, _ to: CivilDay) -> [CivilDay] {
    (from.daysSince1970...to.daysSince1970).map(CivilDay.init(daysSince1970:))
  }

  @Test func `of the NYSE 2020-2027 open and close to the minute as two calendar libraries say`() throws {
    let table = try Fixture.table("sessions/xnys_sessions_2020_2027.csv")
    let calendar = NYSECalendar.standard
    let ours = days(CivilDay(2020, 1, 1), CivilDay(2027, 12, 31)).compactMap { calendar.session(on: $0) }
    #expect(ours.count == table.rows.count && ours.count == 2_010)
    var shortened = 0
    for (row, session) in ours.enumerated() {
      #expect(session.day.description == String(try table.text(row, "session")))
      #expect(session.open == (try time(table.text(row, "open_utc"))))
      #expect(session.close == (try time(table.text(row, "close_utc"))))
      #expect(session.isShortened == (try table.text(row, "half_day") == "1"))
      shortened += session.isShortened ? 1 : 0
    }
    #expect(shortened == 15)
  }

  @Test func `of the NYSE are missing on exactly the recorded weekdays`() throws {
    let table = try Fixture.table("sessions/xnys_weekday_closures_2020_2027.csv")
    let closed = days(CivilDay(2020, 1, 1), CivilDay(2027, 12, 31))
      .filter { !$0.isWeekend && NYSECalendar.standard.session(on: $0) == nil }
    #expect(closed.map(\.description) == (try table.rows.indices.map { String(try table.text($0, "weekday_closed")) }))
  }

  @Test(arguments: Fixture.symbols)
  func `of the NYSE 2000-2013 are the days on which shares traded`(_ symbol: String) throws {
    let traded = try Fixture.bars(symbol).map { CivilDay(daysSince1970: Int($0.start.unixSeconds / 86_400)) }
    let open = days(try #require(traded.first), try #require(traded.last))
      .filter { NYSECalendar.standard.session(on: $0) != nil }
    #expect(Set(open).symmetricDifference(traded).sorted().map(\.description) == [])
  }

  @Test func `end a day of mourning only through data`() throws {
    let mourning = CivilDay(2025, 1, 9)
    #expect(try NYSECalendar(overrides: []).session(on: mourning) != nil)
    #expect(NYSECalendar.standard.session(on: mourning) == nil)
  }

  @Test func `may be shortened or opened by data, which wins over the rules`() throws {
    let christmas = CivilDay(2026, 12, 25)
    let calendar = try NYSECalendar(overrides: [
      SessionOverride(christmas, .open(fromMinute: 600, toMinute: 720), reason: "test"),
      SessionOverride(CivilDay(2026, 11, 23), .open(fromMinute: 570, toMinute: 900), reason: "test"),
    ])
    #expect(calendar.session(on: christmas)?.open.description == "2026-12-25T15:00:00.000Z")
    #expect(calendar.session(on: CivilDay(2026, 11, 23))?.close.description == "2026-11-23T20:00:00.000Z")
    #expect(calendar.session(on: CivilDay(2026, 11, 23))?.isShortened == true)
    #expect(throws: ParameterError.self) {
      try SessionOverride(christmas, .open(fromMinute: 700, toMinute: 600), reason: "backwards")
    }
    #expect(throws: ParameterError.self) {
      try NYSECalendar(overrides: [
        SessionOverride(christmas, .closed, reason: "once"), SessionOverride(christmas, .closed, reason: "twice"),
      ])
    }
  }

  @Test func `of the FX week 2020-2027 agree with the time zone database`() throws {
    let table = try Fixture.table("sessions/fx_weeks_2020_2027.csv")
    #expect(table.rows.count == 418)
    var next = try time("2019-12-29T00:00:00Z")
    for row in table.rows.indices {
      let week = try #require(MarketCalendar.fxWeek.nextSession(from: next))
      #expect(week.open == (try time(table.text(row, "open_utc"))))
      #expect(week.close == (try time(table.text(row, "close_utc"))))
      #expect(MarketCalendar.fxWeek.status(at: week.open) == .open(week))
      #expect(MarketCalendar.fxWeek.status(at: week.open.adding(milliseconds: -1)) == .closed(.outsideHours))
      #expect(MarketCalendar.fxWeek.status(at: week.close) == .closed(.outsideHours))
      #expect(MarketCalendar.fxWeek.status(at: week.close.adding(milliseconds: -1)) == .open(week))
      next = week.close
    }
  }

  @Test func `of crypto never end`() throws {
    let calendar = MarketCalendar.continuous
    #expect(calendar.status(at: try time("2026-12-25T03:00:00Z")) == .open(nil))
    #expect(calendar.nextSession(from: try time("2026-12-25T03:00:00Z")) == nil)
  }

  @Test(arguments: [
    ("2026-11-23T14:29:59Z", "outsideHours"), ("2026-11-23T14:30:00Z", "open"), ("2026-11-23T20:59:59Z", "open"),
    ("2026-11-23T21:00:00Z", "outsideHours"), ("2026-11-26T16:00:00Z", "holiday"), ("2026-11-28T16:00:00Z", "weekend"),
    ("2026-11-27T17:59:59Z", "open"), ("2026-11-27T18:00:00Z", "outsideHours"),
    ("2026-11-24T03:30:00Z", "outsideHours"),
  ])
  func `say why they are closed`(_ moment: String, _ expected: String) throws {
    let status = MarketCalendar.nyse(.standard).status(at: try time(moment))
    switch status {
    case .open: #expect(expected == "open")
    case .closed(let reason): #expect("\(reason)" == expected)
    }
  }

  @Test func `extended run from 4:00 to four hours after the close`() throws {
    let calendar = MarketCalendar.nyse(.standard)
    for (moment, isOpen) in [
      ("2026-11-23T08:59:59Z", false), ("2026-11-23T09:00:00Z", true), ("2026-11-24T00:59:59Z", true),
      ("2026-11-24T01:00:00Z", false), ("2026-11-27T21:59:59Z", true), ("2026-11-27T22:00:00Z", false),
    ] {
      #expect(calendar.status(at: try time(moment), extended: true).isOpen == isOpen, "\(moment)")
    }
  }

  @Test func `next session skips nights, weekends and holidays`() throws {
    let calendar = MarketCalendar.nyse(.standard)
    #expect(calendar.nextSession(from: try time("2026-11-25T22:00:00Z"))?.day == CivilDay(2026, 11, 27))
    #expect(calendar.nextSession(from: try time("2026-11-27T14:30:00Z"))?.day == CivilDay(2026, 11, 27))
    #expect(calendar.nextSession(from: try time("2026-11-27T14:30:01Z"))?.day == CivilDay(2026, 11, 30))
  }
}

@Suite struct `New York time` {
  @Test(arguments: [
    // Before and after each change; 2006 and 2007 are under different laws.
    ("2026-03-08T06:59:59Z", -5), ("2026-03-08T07:00:00Z", -4), ("2026-11-01T05:59:59Z", -4),
    ("2026-11-01T06:00:00Z", -5),
    ("2006-04-02T06:59:59Z", -5), ("2006-04-02T07:00:00Z", -4), ("2006-10-29T05:59:59Z", -4),
    ("2006-10-29T06:00:00Z", -5),
    ("2007-03-11T07:00:00Z", -4), ("2007-11-04T05:59:59Z", -4), ("2007-11-04T06:00:00Z", -5),
    ("2026-01-15T12:00:00Z", -5), ("2026-07-15T12:00:00Z", -4), ("2026-12-31T23:59:59Z", -5),
    ("2027-01-01T03:00:00Z", -5),
    ("2015-11-01T12:00:00Z", -5), ("2020-03-08T12:00:00Z", -4), ("2004-10-31T12:00:00Z", -5),
    ("2001-04-01T12:00:00Z", -4),
  ])
  func `follows the daylight-saving law of the year`(_ moment: String, _ hours: Int64) throws {
    #expect(NewYorkTime.offsetSeconds(at: try #require(WallTime(rfc3339: moment))) == hours * 3600)
  }

  @Test func `goes back and forth, but for the hour that does not exist`() {
    for day in CivilDay(2000, 1, 1).daysSince1970...CivilDay(2030, 12, 31).daysSince1970 {
      let day = CivilDay(daysSince1970: day)
      for minute in [0, 59, 179, 570, 960, 1_439] where !(minute == 179 && day.weekday == .sunday) {
        let local = NewYorkTime.local(NewYorkTime.moment(day, minute: minute))
        #expect(local.day == day && local.minute == minute)
      }
    }
  }

  @Test func `changes exactly twice a year`() throws {
    for year in 2000...2040 {
      let start = Int64(CivilDay(year, 1, 1).daysSince1970) * 24
      let offsets = (0..<8_784).map { NewYorkTime.offsetSeconds(at: WallTime(unixSeconds: (start + $0) * 3600)) }
      #expect(zip(offsets, offsets.dropFirst()).count { $0 != $1 } == 2)
    }
  }
}

@Suite struct `A civil day` {
  @Test func `reads and prints ISO dates`() {
    #expect(CivilDay("2026-11-22")?.description == "2026-11-22")
    #expect(CivilDay("2026-11-22")?.weekday == .sunday)
    #expect(CivilDay("1969-12-31")?.weekday == .wednesday)
    for wrong in ["", "2026-02-29", "2026-1-1", "26-01-01", "2026-11-22T", "2026/11/22", "abcdefghij"] {
      #expect(CivilDay(wrong) == nil)
    }
  }

  @Test func `finds the nth and the last weekday of a month`() {
    #expect(CivilDay.nth(4, .thursday, of: 11, 2026) == CivilDay(2026, 11, 26))
    #expect(CivilDay.nth(1, .sunday, of: 11, 2026) == CivilDay(2026, 11, 1))
    #expect(CivilDay.last(.monday, of: 5, 2026) == CivilDay(2026, 5, 25))
    #expect(CivilDay.last(.sunday, of: 10, 2004) == CivilDay(2004, 10, 31))
  }
}
