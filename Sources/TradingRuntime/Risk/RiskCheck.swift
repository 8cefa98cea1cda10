package import ControlModel
package import Strategy
package import Venues

/// An order as asked for, before risk has seen it.
package struct OrderDraft: Sendable {
  package var account: VenueAccount
  package var symbol: Symbol
  package var side: OrderSide
  package var kind: OrderKind
  package var quantity: Quantity
  package var purpose: Order.Purpose
  package var stop: Price?
  package var signal: String?
  package var actor: String
  package var requestID: RequestID
  /// Client order id; the same id is the same order.
  package var id: OrderID

  package init(
    account: VenueAccount, symbol: Symbol, side: OrderSide, kind: OrderKind, quantity: Quantity,
    purpose: Order.Purpose, stop: Price? = nil, signal: String? = nil, actor: String, requestID: RequestID, id: OrderID
  ) {
    self.account = account
    self.symbol = symbol
    self.side = side
    self.kind = kind
    self.quantity = quantity
    self.purpose = purpose
    self.stop = stop
    self.signal = signal
    self.actor = actor
    self.requestID = requestID
    self.id = id
  }
}

/// Why risk refuses an order. Stable codes, shown with the numbers that decided.
package enum RiskCode: String, CaseIterable, Sendable {
  case unknownProfile = "UNKNOWN_PROFILE"
  case symbolNotInProfile = "SYMBOL_NOT_IN_PROFILE"
  case quantityNotPositive = "QUANTITY_NOT_POSITIVE"
  case noPrice = "NO_PRICE"
  case notionalTooLarge = "NOTIONAL_TOO_LARGE"
  case tooManyOpenOrders = "TOO_MANY_OPEN_ORDERS"
  case buyingPower = "BUYING_POWER"
  case duplicate = "DUPLICATE"
  case unknownOrderOpen = "UNKNOWN_ORDER_OPEN"
  case nothingToReduce = "NOTHING_TO_REDUCE"
  case shortNotAllowed = "SHORT_NOT_ALLOWED"
}

struct RiskDenial: Error, Equatable {
  let code: RiskCode
  let detail: String
}

/// Decides whether a draft may become an order, and makes it one. Runs under the book's lock: the check and the
/// reservation it rests on are one step, or ten concurrent orders would all see the same buying power.
enum RiskCheck {
  /// What a market order may cost above the last price (Alpaca holds 2.5–4 %).
  static let marketHoldBasisPoints = 10_300

  static func order(
    _ draft: OrderDraft, venue: VenueID, in book: Book, lastPrice: Price?, now: WallTime
  ) throws(RiskDenial) -> Order {
    guard let account = book.accounts[draft.account] else {
      throw RiskDenial(code: .unknownProfile, detail: "profile \(draft.account.profile) is not loaded")
    }
    guard account.profile.symbols.contains(draft.symbol) else {
      throw RiskDenial(code: .symbolNotInProfile, detail: "\(draft.symbol) is not one of the profile's symbols")
    }
    guard draft.quantity.isPositive else {
      throw RiskDenial(code: .quantityNotPositive, detail: "quantity \(draft.quantity) is not positive")
    }
    let isReducing = reduces(draft, account)
    let open = book.openOrders(of: draft.account)
    if let blocking = open.first(where: { $0.request.symbol == draft.symbol && $0.state.isInDoubt }), !isReducing {
      throw RiskDenial(code: .unknownOrderOpen, detail: "order \(blocking.id) on \(draft.symbol) has no known outcome")
    }
    let hold = try holdPrice(draft, lastPrice)
    let price = draft.kind.price ?? lastPrice ?? hold
    if isReducing {
      let left = book.reducible(draft.account, draft.symbol)
      guard draft.quantity <= left else {
        throw RiskDenial(code: .nothingToReduce, detail: "\(draft.quantity) asked, \(left) of the position is free")
      }
    } else {
      try checkOpening(draft, account, open, price: price, hold: hold, book)
    }
    return Order(
      request: VenueOrder(
        id: draft.id, account: draft.account, symbol: draft.symbol, side: draft.side, kind: draft.kind,
        quantity: draft.quantity, attachedStop: attachedStop(draft, isReducing: isReducing)),
      venue: venue, purpose: draft.purpose, isReducing: isReducing, signal: draft.signal, actor: draft.actor,
      requestID: draft.requestID, createdAt: now, holdPrice: hold)
  }

  /// Opposite to an existing position; whether the quantity fits is checked apart.
  private static func reduces(_ draft: OrderDraft, _ account: Book.Account) -> Bool {
    guard let position = account.positions[draft.symbol], !position.quantity.isZero else { return false }
    return position.quantity.isPositive == (draft.side == .sell)
  }

  private static func checkOpening(
    _ draft: OrderDraft, _ account: Book.Account, _ open: [Order], price: Price, hold: Price, _ book: Book
  ) throws(RiskDenial) {
    guard draft.purpose != .exit, draft.purpose != .flatten else {
      throw RiskDenial(code: .nothingToReduce, detail: "there is no \(draft.symbol) position to close")
    }
    guard draft.side == .buy || account.profile.strategy.allowsShort else {
      throw RiskDenial(code: .shortNotAllowed, detail: "the profile may not sell \(draft.symbol) short")
    }
    let limits = account.profile.limits
    guard open.count < limits.openOrdersMax else {
      throw RiskDenial(
        code: .tooManyOpenOrders, detail: "\(open.count) orders are open, \(limits.openOrdersMax) allowed")
    }
    if draft.purpose == .entry,
      open.contains(where: { $0.request.symbol == draft.symbol && $0.request.side == draft.side && $0.opensExposure })
    {
      throw RiskDenial(code: .duplicate, detail: "an order for \(draft.symbol) in the same direction is open")
    }
    guard let notional = try? price.notional(of: draft.quantity), notional <= limits.orderNotionalMax else {
      throw RiskDenial(code: .notionalTooLarge, detail: "above \(limits.orderNotionalMax) USD per order")
    }
    let power = book.buyingPower(draft.account)
    guard draft.side == .sell || (try? hold.notional(of: draft.quantity)).map({ $0 <= power }) == true else {
      throw RiskDenial(code: .buyingPower, detail: "\(notional) USD and a margin needed, \(power) USD free")
    }
  }

  private static func holdPrice(_ draft: OrderDraft, _ last: Price?) throws(RiskDenial) -> Price {
    if let price = draft.kind.price, price.isPositive { return price }
    guard let last, let padded = try? last.portion(basisPoints: marketHoldBasisPoints, .up) else {
      throw RiskDenial(code: .noPrice, detail: "there is no current price of \(draft.symbol)")
    }
    return padded
  }

  private static func attachedStop(_ draft: OrderDraft, isReducing: Bool) -> AttachedStop? {
    guard !isReducing, let price = draft.stop else { return nil }
    return OrderIDs.protection(of: draft.id).map { AttachedStop(id: $0, price: price) }
  }
}
