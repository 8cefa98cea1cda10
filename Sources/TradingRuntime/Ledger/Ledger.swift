package import ControlModel
package import Strategy
package import Venues

/// Double-entry bookkeeping: each transaction's postings sum to zero per commodity, rows are only ever appended.
package struct LedgerTransaction: Equatable, Sendable {
  package struct Posting: Equatable, Sendable {
    /// `assets:cash`, `assets:position:AAPL`, `trading:AAPL`, `equity:external`.
    package let account: String
    /// `USD` or the symbol.
    package let commodity: String
    /// Mantissa at the commodity's fixed scale: 1e-8 for money, 1e-9 for quantities.
    package let amount: Int64
  }

  /// Id of the event it books; booking an id twice is refused by the store.
  package let id: String
  package let owner: VenueAccount
  package let at: WallTime
  package let postings: [Posting]

  package init(id: String, owner: VenueAccount, at: WallTime, postings: [Posting]) {
    self.id = id
    self.owner = owner
    self.at = at
    self.postings = postings
  }

  /// Whether every commodity sums to zero.
  package var isBalanced: Bool {
    var sums: [String: Int128] = [:]
    for posting in postings { sums[posting.commodity, default: 0] += Int128(posting.amount) }
    return sums.values.allSatisfy { $0 == 0 }
  }

  /// Money that comes from outside when a profile is opened.
  package static func deposit(_ money: Money, to owner: VenueAccount, at now: WallTime) -> LedgerTransaction {
    LedgerTransaction(
      id: "deposit:\(owner.tenant)/\(owner.profile)", owner: owner, at: now,
      postings: [
        Posting(account: "assets:cash", commodity: "USD", amount: money.mantissa),
        Posting(account: "equity:external", commodity: "USD", amount: -money.mantissa),
      ])
  }

  /// One execution: units against money, through the symbol's trading account. Throws `.overflow`.
  package static func execution(
    _ execution: VenueOrderReport.Execution, venue: VenueID, of order: Order, at now: WallTime
  ) throws(NumberError) -> LedgerTransaction {
    let units = order.request.side == .buy ? execution.quantity : try -execution.quantity
    let money = try execution.price.notional(of: units)
    let (otherUnits, otherMoney) = (try -units, try -money)
    let symbol = order.request.symbol.text
    return LedgerTransaction(
      id: "execution:\(venue)/\(execution.id)", owner: order.request.account, at: now,
      postings: [
        Posting(account: "assets:position:\(symbol)", commodity: symbol, amount: units.mantissa),
        Posting(account: "trading:\(symbol)", commodity: symbol, amount: otherUnits.mantissa),
        Posting(account: "assets:cash", commodity: "USD", amount: otherMoney.mantissa),
        Posting(account: "trading:\(symbol)", commodity: "USD", amount: money.mantissa),
      ])
  }
}
