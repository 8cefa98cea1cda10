package import ControlModel
import Strategy
package import TradingRuntime
package import Venues

/// The names tests of trading share.
package enum Named {
  package static let orchid = tenant("orchid")
  package static let heron = tenant("heron")
  package static let scalper = profile("scalper-1")
  package static let swing = profile("swing-1")
  package static let account = VenueAccount(tenant: orchid, profile: scalper)
  package static let otherAccount = VenueAccount(tenant: heron, profile: scalper)

  package static let aapl = symbol("AAPL")
  package static let ibm = symbol("IBM")

  package static let paper: VenueID = {
    guard let id = VenueID("paper") else { preconditionFailure("paper is an id") }
    return id
  }()

  package static let replica: ReplicaID = {
    guard let id = ReplicaID("r1") else { preconditionFailure("r1 is an id") }
    return id
  }()

  package static func tenant(_ text: String) -> TenantID {
    guard let id = TenantID(text) else { preconditionFailure("\(text) is not an id") }
    return id
  }

  package static func profile(_ text: String) -> ProfileID {
    guard let id = ProfileID(text) else { preconditionFailure("\(text) is not an id") }
    return id
  }

  package static func symbol(_ text: String) -> Symbol {
    guard let symbol = Symbol(text) else { preconditionFailure("\(text) is not a ticker") }
    return symbol
  }

  package static func order(_ tenant: TenantID = orchid, _ profile: ProfileID = scalper, _ symbol: Symbol = aapl)
    -> OrderScope
  {
    OrderScope(tenant: tenant, profile: profile, venue: paper, symbol: symbol)
  }

  /// A profile with 100,000 USD that trades AAPL.
  package static func profile(
    _ account: VenueAccount = account, capital: String = "100000", allowsShort: Bool = false,
    limits: ProfileLimits = ProfileLimits()
  ) throws -> Profile {
    var strategy = Pipeline.Parameters()
    strategy.allowsShort = allowsShort
    guard let user = UserID("u1") else { preconditionFailure("u1 is an id") }
    return Profile(
      account: account, user: user, symbols: [aapl], capital: try Money(capital), limits: limits, strategy: strategy)
  }
}
