package import ControlModel
package import Strategy
package import Venues

/// One trading configuration of a user: what it trades, with which strategy and how much money.
package struct Profile: Equatable, Sendable {
  package let account: VenueAccount
  package let user: UserID
  package let symbols: [Symbol]
  package let capital: Money
  package let limits: ProfileLimits
  package let strategy: Pipeline.Parameters

  package init(
    account: VenueAccount, user: UserID, symbols: [Symbol], capital: Money, limits: ProfileLimits = ProfileLimits(),
    strategy: Pipeline.Parameters
  ) {
    self.account = account
    self.user = user
    self.symbols = symbols
    self.capital = capital
    self.limits = limits
    self.strategy = strategy
  }

  /// Symbols one profile may trade.
  package static let symbolsMax = 100
}

/// What one profile may have open at once.
package struct ProfileLimits: Equatable, Sendable {
  package var openOrdersMax = 10
  package var orderNotionalMax = Money(mantissa: 10_000 * 100_000_000)

  package init() {}
}
