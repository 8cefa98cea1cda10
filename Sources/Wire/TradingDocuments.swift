/// One order.
package struct OrderItem: Codable, Sendable {
  package var id: String
  package var profile: String
  package var venue: String
  package var symbol: String
  package var side: String
  package var type: String
  package var price: String?
  package var quantity: String
  package var filled: String
  package var averagePrice: String?
  package var purpose: String
  package var state: String
  package var reason: String?
  package var actor: String
  package var requestId: String
  package var createdAt: String
  package var sentAt: String?
  package var answeredAt: String?
  package var stop: String?

  package init(
    id: String, profile: String, venue: String, symbol: String, side: String, type: String, price: String? = nil,
    quantity: String, filled: String, averagePrice: String? = nil, purpose: String, state: String,
    reason: String? = nil, actor: String, requestId: String, createdAt: String, sentAt: String? = nil,
    answeredAt: String? = nil, stop: String? = nil
  ) {
    self.id = id
    self.profile = profile
    self.venue = venue
    self.symbol = symbol
    self.side = side
    self.type = type
    self.price = price
    self.quantity = quantity
    self.filled = filled
    self.averagePrice = averagePrice
    self.purpose = purpose
    self.state = state
    self.reason = reason
    self.actor = actor
    self.requestId = requestId
    self.createdAt = createdAt
    self.sentAt = sentAt
    self.answeredAt = answeredAt
    self.stop = stop
  }
}

/// An order as asked for: `POST /api/v1/orders`.
package struct OrderRequest: Codable, Sendable {
  package var profile: String?
  package var symbol: String?
  package var side: String?
  package var type: String?
  package var quantity: String?
  package var price: String?
  package var stop: String?

  package static let members = ["profile", "symbol", "side", "type", "quantity", "price", "stop"]
}

/// One open position.
package struct PositionItem: Codable, Sendable {
  package var profile: String
  package var symbol: String
  package var quantity: String
  package var averagePrice: String?
  package var lastPrice: String?
  package var unrealized: MoneyDocument?
  package var realized: MoneyDocument
  package var isProtected: Bool

  package init(
    profile: String, symbol: String, quantity: String, averagePrice: String? = nil, lastPrice: String? = nil,
    unrealized: MoneyDocument? = nil, realized: MoneyDocument, isProtected: Bool
  ) {
    self.profile = profile
    self.symbol = symbol
    self.quantity = quantity
    self.averagePrice = averagePrice
    self.lastPrice = lastPrice
    self.unrealized = unrealized
    self.realized = realized
    self.isProtected = isProtected
  }
}

/// What a tenant may see of its own trading.
package struct TradingStatusDocument: Codable, Sendable {
  package var tenant: String
  package var state: String
  package var level: String
  package var isHeld: Bool
  package var since: String?
  package var profiles: Int
  package var openOrders: Int
  package var positions: Int
  package var lastPassAt: String?
  package var marketTime: String?

  package init(
    tenant: String, state: String, level: String, isHeld: Bool, since: String? = nil, profiles: Int, openOrders: Int,
    positions: Int, lastPassAt: String? = nil, marketTime: String? = nil
  ) {
    self.tenant = tenant
    self.state = state
    self.level = level
    self.isHeld = isHeld
    self.since = since
    self.profiles = profiles
    self.openOrders = openOrders
    self.positions = positions
    self.lastPassAt = lastPassAt
    self.marketTime = marketTime
  }
}

/// One ledger posting.
package struct LedgerItem: Codable, Sendable {
  package var seq: Int64
  package var transaction: String
  package var at: String
  package var profile: String
  package var account: String
  package var commodity: String
  package var amount: String

  package init(
    seq: Int64, transaction: String, at: String, profile: String, account: String, commodity: String, amount: String
  ) {
    self.seq = seq
    self.transaction = transaction
    self.at = at
    self.profile = profile
    self.account = account
    self.commodity = commodity
    self.amount = amount
  }
}
