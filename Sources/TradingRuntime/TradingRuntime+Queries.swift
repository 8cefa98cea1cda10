package import ControlModel
package import Strategy
import Synchronization
import Venues

/// One profile's account as readers see it.
package struct AccountSummary: Sendable {
  package let profile: Profile
  package let cash: Money
  package let equity: Money
  package let openOrders: Int
  /// Open positions, with their last price and whether a working stop protects them.
  package let positions: [PositionSummary]
}

package struct PositionSummary: Sendable {
  package let symbol: Symbol
  package let position: Position
  package let lastPrice: Price?
  package let isProtected: Bool

  /// What closing at the last price would earn; nil without a price.
  package var unrealized: Money? {
    guard let lastPrice, let open = try? position.quantity.absolute(), let value = try? lastPrice.notional(of: open)
    else { return nil }
    return position.quantity.isPositive ? try? value - position.cost : try? position.cost - value
  }

  /// Market value, always positive; zero without a price.
  package var notional: Money {
    guard let lastPrice, let open = try? position.quantity.absolute() else { return .zero }
    return (try? lastPrice.notional(of: open)) ?? .zero
  }
}

extension TradingRuntime {
  /// Accounts, sorted by tenant and profile; only one tenant's when named.
  package func accounts(of tenant: TenantID? = nil) -> [AccountSummary] {
    let prices = market.withLock { $0.lastPrice }
    return book.withLock { book in
      book.accounts.values
        .filter { tenant == nil || $0.profile.account.tenant == tenant }
        .sorted {
          ($0.profile.account.tenant, $0.profile.account.profile) < (
            $1.profile.account.tenant, $1.profile.account.profile
          )
        }
        .map { held in
          let open = book.openOrders(of: held.profile.account)
          let positions = held.positions.filter { !$0.value.quantity.isZero }.sorted { $0.key < $1.key }
          return AccountSummary(
            profile: held.profile, cash: held.cash, equity: book.equity(held.profile.account, prices),
            openOrders: open.count,
            positions: positions.map { symbol, position in
              PositionSummary(
                symbol: symbol, position: position, lastPrice: prices[symbol],
                isProtected: open.contains {
                  $0.request.symbol == symbol && $0.purpose == .protective && $0.state == .working
                })
            })
        }
    }
  }

  /// Whether a tenant, or a tenant's profile, exists here.
  package func knows(_ tenant: TenantID, profile: ProfileID? = nil) -> Bool {
    book.withLock { book in
      guard let profile else { return book.accounts.keys.contains { $0.tenant == tenant } }
      return book.accounts[VenueAccount(tenant: tenant, profile: profile)] != nil
    }
  }

  /// Tenants, sorted.
  package var tenants: [TenantID] {
    book.withLock { Set($0.accounts.keys.map(\.tenant)).sorted() }
  }

  /// Start of the newest bar played, in market time.
  package var marketTime: WallTime? { market.withLock { $0.lastBarStart } }
  /// When the newest bar came.
  package var lastBarAt: WallTime? { market.withLock { $0.lastBarAt } }
}
