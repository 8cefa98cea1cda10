import ControlModel
import Strategy
import Venues

/// Orders, positions and money in memory: what risk decides on. Everything in it is also durable, or follows from what is.
struct Book {
  struct Account {
    let profile: Profile
    let seat: GateSeat
    var cash: Money
    var positions: [Symbol: Position] = [:]
    var open: Set<OrderID> = []
  }

  private(set) var accounts: [VenueAccount: Account] = [:]
  /// Orders that are not final.
  private(set) var open: [OrderID: Order] = [:]
  /// Exits that wait for a protective stop to be taken back, by the stop's id.
  private var pendingExits: [OrderID: OrderDraft] = [:]

  mutating func addAccount(_ profile: Profile, seat: GateSeat, cash: Money, positions: [Symbol: Position]) {
    accounts[profile.account] = Account(profile: profile, seat: seat, cash: cash, positions: positions)
  }

  mutating func add(_ order: Order) {
    open[order.id] = order
    accounts[order.request.account]?.open.insert(order.id)
  }

  /// Remembers an exit until `stop` is gone. False when one waits for it already.
  mutating func postpone(_ exit: OrderDraft, until stop: OrderID) -> Bool {
    guard open[stop] != nil, pendingExits[stop] == nil else { return false }
    pendingExits[stop] = exit
    return true
  }

  mutating func takePostponedExit(_ stop: OrderID) -> OrderDraft? { pendingExits.removeValue(forKey: stop) }

  /// Takes back an order that could not be made durable.
  mutating func remove(_ id: OrderID) {
    guard let order = open.removeValue(forKey: id) else { return }
    accounts[order.request.account]?.open.remove(id)
  }

  /// Applies an input to an open order; nil when it is not open.
  mutating func apply(_ input: Order.Input, to id: OrderID, at now: WallTime) -> (order: Order, Order.Outcome)? {
    guard var order = open[id] else { return nil }
    let outcome = order.apply(input, at: now)
    replace(order)
    return (order, outcome)
  }

  /// Takes in a booked execution in one step: cash, position, the order as it is now, and the stop placed with it. So a
  /// position is never seen without the stop that has reserved it. Throws when a number leaves its range.
  mutating func book(
    _ execution: VenueOrderReport.Execution, of order: Order, protection: Order?
  ) throws(NumberError) {
    if open[order.id] != nil { replace(order) }
    if let protection { add(protection) }
    if var account = accounts[order.request.account] {
      var position = account.positions[order.request.symbol] ?? Position()
      try position.apply(order.request.side, execution.quantity, at: execution.price)
      let money = try execution.price.notional(of: execution.quantity)
      account.cash = order.request.side == .buy ? try account.cash - money : try account.cash + money
      account.positions[order.request.symbol] = position
      accounts[order.request.account] = account
    }
  }

  private mutating func replace(_ order: Order) {
    if order.state.isFinal { remove(order.id) } else { open[order.id] = order }
  }

  // MARK: Questions

  func openOrders(of account: VenueAccount) -> [Order] {
    (accounts[account]?.open ?? []).compactMap { open[$0] }
  }

  /// Cash that open buy orders may still take.
  func reserved(_ account: VenueAccount) -> Money {
    var sum = Money.zero
    for order in openOrders(of: account) where order.request.side == .buy && !order.isReducing {
      guard let money = try? order.holdPrice.notional(of: order.leaves), let next = try? sum + money else {
        return .max  // more than can be counted is more than there is
      }
      sum = next
    }
    return sum
  }

  func buyingPower(_ account: VenueAccount) -> Money {
    guard let cash = accounts[account]?.cash, let left = try? cash - reserved(account) else { return .zero }
    return max(left, .zero)
  }

  /// How much of a position is not yet spoken for by open orders on the side that closes it, whatever they were meant for:
  /// so that all of them filling can at most close it.
  func reducible(_ account: VenueAccount, _ symbol: Symbol) -> Quantity {
    guard let position = accounts[account]?.positions[symbol], var left = try? position.quantity.absolute() else {
      return .zero
    }
    let closing: OrderSide = position.quantity.isPositive ? .sell : .buy
    for order in openOrders(of: account) where order.request.symbol == symbol && order.request.side == closing {
      left = (try? left - order.leaves) ?? .zero
    }
    return max(left, .zero)
  }

  /// Cash and positions at `prices`.
  func equity(_ account: VenueAccount, _ prices: [Symbol: Price]) -> Money {
    guard let held = accounts[account] else { return .zero }
    var sum = held.cash
    for (symbol, position) in held.positions where !position.quantity.isZero {
      guard let price = prices[symbol] ?? position.averagePrice, let open = try? position.quantity.absolute(),
        let value = try? price.notional(of: open),
        let next = try? position.quantity.isPositive ? sum + value : sum - value
      else { continue }
      sum = next
    }
    return sum
  }
}
