package import Strategy
package import Venues

/// What a profile holds of one symbol: signed quantity at average cost, with what closing parts of it has earned.
package struct Position: Equatable, Sendable {
  /// Negative is short.
  package private(set) var quantity = Quantity.zero
  /// What the open quantity cost; always positive.
  package private(set) var cost = Money.zero
  package private(set) var realized = Money.zero

  package init() {}

  /// Takes in one execution. Throws when a number leaves its range; nothing has changed then.
  package mutating func apply(_ side: OrderSide, _ amount: Quantity, at price: Price) throws(NumberError) {
    let signed = side == .buy ? amount : try -amount
    let notional = try price.notional(of: amount)
    let opens = quantity.isZero || quantity.isPositive == (side == .buy)
    if opens {
      let sum = try quantity + signed
      cost = try cost + notional
      quantity = sum
      return
    }
    let open = try quantity.absolute()
    let closed = min(amount, open)
    let closedCost = closed == open ? cost : try cost.price(per: open).notional(of: closed)
    let proceeds = try price.notional(of: closed)
    let gain = quantity.isPositive ? try proceeds - closedCost : try closedCost - proceeds
    let earned = try realized + gain
    let rest = try quantity + signed
    let opened = try amount - closed
    let restCost = opened.isZero ? try cost - closedCost : try price.notional(of: opened)
    (quantity, cost, realized) = (rest, rest.isZero ? .zero : restCost, earned)
  }

  package var averagePrice: Price? {
    guard let open = try? quantity.absolute(), open.isPositive else { return nil }
    return try? cost.price(per: open)
  }
}
