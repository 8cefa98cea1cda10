package import ControlModel
package import Strategy
package import Venues

/// One order of ours, from the decision to its final state.
package struct Order: Equatable, Sendable {
  package enum Purpose: String, Sendable {
    /// Opens or enlarges a position.
    case entry
    /// Closes one because the strategy says so.
    case exit
    /// A stop at the venue that closes one by itself.
    case protective
    /// Placed by a person through REST.
    case manual
    /// Closes one under a stop, in a flattening that two people wanted.
    case flatten
  }

  package let request: VenueOrder
  package let venue: VenueID
  package let purpose: Purpose
  /// Only shrinks a position, by quantity reserved for it.
  package let isReducing: Bool
  /// Which signal it follows; nil for people's orders and protective stops.
  package let signal: String?
  package let actor: String
  package let requestID: RequestID
  package let createdAt: WallTime
  /// What one unit is assumed to cost while the order is open, for buying power.
  package let holdPrice: Price

  package internal(set) var state = OrderState.intent
  package internal(set) var isCancelPending = false
  package internal(set) var filled = Quantity.zero
  /// Money paid or received for what is filled.
  package internal(set) var filledNotional = Money.zero
  package internal(set) var reason: String?
  package internal(set) var sentAt: WallTime?
  package internal(set) var answeredAt: WallTime?

  package init(
    request: VenueOrder, venue: VenueID, purpose: Purpose, isReducing: Bool, signal: String?, actor: String,
    requestID: RequestID, createdAt: WallTime, holdPrice: Price
  ) {
    self.request = request
    self.venue = venue
    self.purpose = purpose
    self.isReducing = isReducing
    self.signal = signal
    self.actor = actor
    self.requestID = requestID
    self.createdAt = createdAt
    self.holdPrice = holdPrice
  }

  package var id: OrderID { request.id }
  package var scope: OrderScope {
    OrderScope(
      tenant: request.account.tenant, profile: request.account.profile, venue: venue, symbol: request.symbol)
  }
  /// Opens exposure while it works: what `cancel: entries` takes back.
  package var opensExposure: Bool { !isReducing }
  /// The stop the venue places when this order has filled, as an order of ours: handed over, its answer still to come.
  func protection(at now: WallTime) -> Order? {
    guard let request = request.protection else { return nil }
    var order = Order(
      request: request, venue: venue, purpose: .protective, isReducing: true, signal: nil, actor: actor,
      requestID: requestID, createdAt: now, holdPrice: request.kind.price ?? holdPrice)
    order.state = .inFlight
    order.sentAt = now
    return order
  }

  /// What is still to be filled.
  package var leaves: Quantity { (try? request.quantity - filled) ?? .zero }
}

/// Where an order stands. A pending cancel is kept beside it, so that a fill never erases one.
package enum OrderState: String, CaseIterable, Sendable {
  /// Decided and durable; no byte has left.
  case intent
  /// Durable mark before the first byte; no answer yet.
  case inFlight
  /// Handed over, and we do not know what became of it. Unknown is not rejected.
  case unknown
  case working
  case partial
  case filled
  case canceled
  case rejected
  case expired
  /// Refused by us before anything left.
  case denied
  /// Looked for and not found; a person decides.
  case quarantined

  package var isFinal: Bool {
    switch self {
    case .filled, .canceled, .rejected, .expired, .denied: true
    case .intent, .inFlight, .unknown, .working, .partial, .quarantined: false
    }
  }

  /// Handed to a venue without a known outcome: named in a receipt's `inDoubt`.
  package var isInDoubt: Bool { self == .inFlight || self == .unknown || self == .quarantined }
}
