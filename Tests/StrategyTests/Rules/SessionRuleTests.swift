import ControlModel
import Testing

@testable import Strategy

@Suite struct `The session rule` {
  private func time(_ text: String) throws -> WallTime { try #require(WallTime(rfc3339: text)) }

  private func evaluate(
    _ now: String, _ parameters: SessionRule.Parameters = .init(), venue: VenueClock? = nil
  ) throws -> RuleResult {
    var context = try Scene.long().context
    context.now = try time(now)
    context.venueClock = venue
    return SessionRule.evaluate(context, parameters)
  }

  @Test(arguments: [
    // The half day after Thanksgiving, 9:30 to 13:00 in New York: open buffer to 9:35, close buffer from 12:45.
    ("2026-11-27T14:29:59.999Z", RuleCode?.some(.closed)), ("2026-11-27T14:30:00Z", .openBuffer),
    ("2026-11-27T14:34:59.999Z", .openBuffer), ("2026-11-27T14:35:00Z", nil), ("2026-11-27T17:44:59.999Z", nil),
    ("2026-11-27T17:45:00Z", .closeBuffer), ("2026-11-27T17:59:59Z", .closeBuffer), ("2026-11-27T18:00:00Z", .closed),
    ("2026-11-26T17:00:00Z", .holiday), ("2026-11-28T17:00:00Z", .closed),
  ])
  func `keeps entries away from the edges of a session`(_ now: String, _ code: RuleCode?) throws {
    #expect(try evaluate(now).code == code)
  }

  @Test func `knows extended hours, crypto and foreign exchange`() throws {
    let extended = try SessionRule.Parameters(calendar: .nyse(.standard), isExtended: true)
    #expect(try evaluate("2026-11-23T22:00:00Z", extended).verdict == .pass)
    #expect(try evaluate("2026-11-23T22:00:00Z").code == .closed)
    let crypto = try SessionRule.Parameters(calendar: .continuous)
    #expect(try evaluate("2026-12-25T03:00:00Z", crypto) == .pass(.session, nil, score: 1, RuleValues()))
    let fx = try SessionRule.Parameters(calendar: .fxWeek)
    #expect(try evaluate("2026-11-22T21:59:59Z", fx).code == .closed)
    #expect(try evaluate("2026-11-22T22:04:59Z", fx).code == .openBuffer)
    #expect(try evaluate("2026-11-22T22:05:00Z", fx).verdict == .pass)
  }

  @Test func `ends a blackout at its end`() throws {
    let span = SessionRule.Blackout(from: try time("2026-11-23T17:00:00Z"), to: try time("2026-11-23T17:30:00Z"))
    let parameters = try SessionRule.Parameters(calendar: .nyse(.standard), blackouts: [try #require(span)])
    #expect(try evaluate("2026-11-23T16:59:59Z", parameters).verdict == .pass)
    #expect(try evaluate("2026-11-23T17:00:00Z", parameters).code == .blackout)
    #expect(try evaluate("2026-11-23T17:30:00Z", parameters).verdict == .pass)
    #expect(SessionRule.Blackout(from: try time("2026-11-23T17:00:00Z"), to: try time("2026-11-23T17:00:00Z")) == nil)
  }

  @Test func `stops when the venue closes at another time than we think`() throws {
    let now = "2026-11-23T17:00:00Z"
    func venue(_ isOpen: Bool, close: String, asOf: String = now) throws -> VenueClock {
      VenueClock(isOpen: isOpen, nextClose: try time(close), asOf: try time(asOf))
    }
    #expect(try evaluate(now, venue: venue(true, close: "2026-11-23T21:00:00Z")).verdict == .pass)
    #expect(try evaluate(now, venue: venue(true, close: "2026-11-23T21:01:00Z")).verdict == .pass)
    #expect(try evaluate(now, venue: venue(true, close: "2026-11-23T21:01:01Z")).code == .calendarDisagrees)
    #expect(try evaluate(now, venue: venue(true, close: "2026-11-23T18:00:00Z")).code == .calendarDisagrees)
    #expect(try evaluate(now, venue: venue(false, close: "2026-11-24T21:00:00Z")).code == .calendarDisagrees)
    // A clock a minute apart at an edge is no contradiction.
    let opening = try venue(false, close: "2026-11-23T21:00:00Z", asOf: "2026-11-23T14:30:59Z")
    #expect(try evaluate(now, venue: opening).verdict == .pass)
    let late = try venue(false, close: "2026-11-23T21:00:00Z", asOf: "2026-11-23T14:31:01Z")
    #expect(try evaluate(now, venue: late).code == .calendarDisagrees)
    // The venue trades on a day we hold for a holiday.
    let holiday = try venue(true, close: "2026-11-26T21:00:00Z", asOf: "2026-11-26T17:00:00Z")
    #expect(try evaluate("2026-11-26T17:00:00Z", venue: holiday).code == .calendarDisagrees)
  }
}
