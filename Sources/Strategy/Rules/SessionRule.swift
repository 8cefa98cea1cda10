package import ControlModel

/// Rule b: open positions only inside the session, away from its edges. Exits are never held back by it.
package enum SessionRule {
  /// What a profile may set. Bounds stand at each parameter; values within them are all that exists.
  package struct Parameters: Hashable, Sendable {
    package private(set) var calendar: MarketCalendar = .nyse(.standard)
    /// 0...240: the first minutes have wide spreads.
    package private(set) var openBufferMinutes = 5
    /// 0...240: an entry needs time to be managed.
    package private(set) var closeBufferMinutes = 15
    /// Whether extended hours count as inside.
    package private(set) var isExtended = false
    /// Spans without entries, e.g. around announcements; at most `blackoutsMax`.
    package private(set) var blackouts: [Blackout] = []

    package static let blackoutsMax = 64

    /// The defaults.
    package init() {}

    /// - Throws: naming the first parameter outside the bounds written at it.
    package init(
      calendar: MarketCalendar, openBufferMinutes: Int = 5, closeBufferMinutes: Int = 15, isExtended: Bool = false,
      blackouts: [Blackout] = []
    ) throws(ParameterError) {
      self.calendar = calendar
      self.openBufferMinutes = try openBufferMinutes.checked("session.openBufferMinutes", 0...240)
      self.closeBufferMinutes = try closeBufferMinutes.checked("session.closeBufferMinutes", 0...240)
      self.isExtended = isExtended
      _ = try blackouts.count.checked("session.blackouts.count", 0...Self.blackoutsMax)
      self.blackouts = blackouts
    }

    var text: String {
      let hours: String
      switch calendar {
      case .nyse(let nyse):
        hours = "nyse[" + nyse.overrides.map { "\($0.day):\($0.hours)" }.joined(separator: ",") + "]"
      case .fxWeek: hours = "fxWeek"
      case .continuous: hours = "continuous"
      }
      let spans = blackouts.map { "\($0.from)/\($0.to)" }.joined(separator: ",")
      return "session(calendar=\(hours),openBufferMinutes=\(openBufferMinutes),"
        + "closeBufferMinutes=\(closeBufferMinutes),isExtended=\(isExtended),blackouts=[\(spans)])"
    }
  }

  /// A span without entries; `to` is outside it.
  package struct Blackout: Hashable, Sendable {
    package let from: WallTime
    package let to: WallTime

    /// nil unless `from < to`.
    package init?(from: WallTime, to: WallTime) {
      guard from < to else { return nil }
      self.from = from
      self.to = to
    }
  }

  /// How far our calendar and the venue's clock may differ before neither is believed.
  package static let venueToleranceMilliseconds: Int64 = 60_000

  /// Judges `context`; pure.
  package static func evaluate(_ context: RuleContext, _ parameters: Parameters) -> RuleResult {
    if let venue = context.venueClock, isContradicted(parameters.calendar, by: venue) {
      return .fail(.session, .calendarDisagrees)
    }
    let session: TradingSession?
    switch parameters.calendar.status(at: context.now, extended: parameters.isExtended) {
    case .closed(let reason): return .fail(.session, reason == .holiday ? .holiday : .closed)
    case .open(let inside): session = inside
    }
    var values = RuleValues()
    if let session {
      let sinceOpen = minutes(from: session.open, to: context.now)
      let toClose = minutes(from: context.now, to: session.close)
      values = RuleValues(.init(.minutesSinceOpen, sinceOpen), .init(.minutesToClose, toClose))
      if sinceOpen < Double(parameters.openBufferMinutes) { return .fail(.session, .openBuffer, nil, values) }
      if toClose <= Double(parameters.closeBufferMinutes) { return .fail(.session, .closeBuffer, nil, values) }
    }
    if parameters.blackouts.contains(where: { $0.from <= context.now && context.now < $0.to }) {
      return .fail(.session, .blackout, nil, values)
    }
    return .pass(.session, nil, score: 1, values)
  }

  private static func minutes(from start: WallTime, to end: WallTime) -> Double {
    Double(end.unixMilliseconds - start.unixMilliseconds) / 60_000
  }

  /// Compared at the moment the venue spoke, in regular hours, leaving both sides a minute around an edge. A close at
  /// another time is the important case: an early close nobody entered here.
  private static func isContradicted(_ calendar: MarketCalendar, by venue: VenueClock) -> Bool {
    let status = calendar.status(at: venue.asOf)
    if case .open(let session) = status, venue.isOpen {
      guard let session else { return false }
      return abs(session.close.unixMilliseconds - venue.nextClose.unixMilliseconds) > venueToleranceMilliseconds
    }
    guard status.isOpen != venue.isOpen else { return false }
    return ![-venueToleranceMilliseconds, venueToleranceMilliseconds].contains {
      calendar.status(at: venue.asOf.adding(milliseconds: $0)).isOpen == venue.isOpen
    }
  }
}
