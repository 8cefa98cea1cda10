import ControlModel
import Strategy
import TradingRuntime
import Venues

extension ConfigurationLoader {
  static func runtime(_ section: SettingsSection) -> Configuration.Runtime {
    let market = section.section("marketData")
    let replay = market.optional("replay", allowed: "a CSV file or a folder of them") { $0.isEmpty ? nil : $0 }
    let speed = market.number("speed", default: 60, in: 0.1...60_000)
    market.finish()
    let runtime = Configuration.Runtime(
      isEnabled: section.flag("enabled", default: true), replay: replay, speed: speed,
      loopInterval: section.duration("loopInterval", default: .seconds(1), in: .milliseconds(10)...(.seconds(60))),
      venue: section.choice("venue", default: paper, [("paper", paper)]),
      hours: section.choice(
        "hours", default: .continuous, [("always", .continuous), ("nyse", .nyse(.standard)), ("fx", .fxWeek)]),
      profiles: section.sections("profiles").compactMap(profile))
    section.finish()
    return runtime
  }

  private static var paper: VenueID {
    guard let venue = VenueID("paper") else { preconditionFailure("paper is an id") }
    return venue
  }

  /// `{ tenant, profile, user, symbols: [AAPL], capital: "100000", strategy: {…} }`
  private static func profile(_ section: SettingsSection) -> Profile? {
    let tenant = section.optional("tenant", allowed: "a name") { TenantID($0) }
    let id = section.optional("profile", allowed: "a name") { ProfileID($0) }
    let user = section.optional("user", allowed: "a name") { UserID($0) }
    let symbols = section.strings("symbols", default: []).compactMap { text -> Symbol? in
      let symbol = Symbol(text)
      if symbol == nil { section.reader.problem(section.node, section.full("symbols"), "\"\(text)\" is not a ticker") }
      return symbol
    }
    let capital = section.read("capital", default: Money(mantissa: 0), allowed: "dollars as a decimal, e.g. \"100000\"")
    {
      (try? Money($0)).flatMap { $0.isPositive ? $0 : nil }
    }
    let strategy = strategy(section.section("strategy"))
    for (name, isMissing) in [
      ("tenant", tenant == nil), ("profile", id == nil), ("user", user == nil), ("symbols", symbols.isEmpty),
      ("capital", !capital.isPositive),
    ] where isMissing && section.value(name) == nil {
      section.reader.problem(section.node, section.full(name), "is missing")
    }
    section.finish()
    guard let tenant, let id, let user else { return nil }
    return Profile(
      account: VenueAccount(tenant: tenant, profile: id), user: user, symbols: symbols, capital: capital,
      strategy: strategy)
  }

  /// The parameters that differ most from profile to profile; the rest keep their defaults.
  static func strategy(_ section: SettingsSection) -> Pipeline.Parameters {
    var parameters = Pipeline.Parameters()
    let fast = section.integer("fast", default: 50, in: 2...249)
    let slow = section.integer("slow", default: 200, in: 3...250)
    let lower = section.number("rsiLower", default: 50, in: 0...100)
    let upper = section.number("rsiUpper", default: 70, in: 0...100)
    let scoreMin = section.number("scoreMin", default: 0.55, in: 0...1)
    let zoneDistance = section.number("zoneDistanceATR", default: 1, in: 0.05...10)
    let zoneRoom = section.number("zoneRoomStops", default: 1.5, in: 0...10)
    let touches = section.integer("zoneTouches", default: 2, in: 1...10)
    parameters.allowsShort = section.flag("allowShort", default: false)
    do throws(ParameterError) {
      parameters.trend = try TrendBias.Parameters(fast: fast, slow: slow, slopeBars: 5, separationMinATR: 0.1)
      parameters.momentum = try Momentum.Parameters(period: 14, lower: lower, upper: upper)
      parameters.zone = try ZoneRule.Parameters(
        shape: .standard, touchesMin: touches, distanceMaxATR: zoneDistance, roomMinStops: zoneRoom)
      parameters.ai = try AIAnalysis.Parameters(mode: .off)
      // Daily bars end outside exchange hours; the calendar gates when orders may go, not which day a bar belongs to.
      parameters.session = try SessionRule.Parameters(
        calendar: .continuous, openBufferMinutes: 0, closeBufferMinutes: 0, isExtended: false, blackouts: [])
      try parameters.setScoreMin(scoreMin)
    } catch {
      section.reader.problem(section.node, section.full(error.problem.field), error.problem.problem)
    }
    section.finish()
    return parameters
  }
}
