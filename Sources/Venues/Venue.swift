package import ControlModel
package import Strategy

/// A place orders are sent to. Real connectors and the paper venue pass the same contract suite.
///
/// Two kinds of answers are kept apart: what the venue said (events), and what we know of our own sending (`write`).
/// Silence is never an answer: an order whose fate is not known stays unknown until it is looked up.
package protocol Venue: Sendable {
  var id: VenueID { get }

  /// The connection orders are written over now.
  var connection: VenueConnection { get }

  /// Hands an order over. Runs inside the gate's section, so it must not wait for the venue's answer.
  ///
  /// - Parameter connection: the one that stood before the section began. Over another the order does not leave, however
  ///   late this call runs: a stop that could not wait for it has reset the connection.
  ///
  /// Returns once the bytes are out of our hands. Throws `notSent` when none of them left, `uncertain` when some may have.
  func write(_ order: VenueOrder, over connection: VenueConnection) async throws(VenueFailure)

  /// Asks to cancel. Not gated: cancels always pass. The outcome comes as an event.
  func cancel(_ id: OrderID) async throws(VenueFailure)

  /// What the venue knows of an order by its client id; nil when it never saw it.
  func lookUp(_ id: OrderID) async throws(VenueFailure) -> VenueOrderReport?

  /// Whether a look-up without result proves that the order is not there and will not arrive later.
  var knowsEveryOrder: Bool { get }

  /// Working orders and positions at one moment, for reconciliation.
  func snapshot() async throws(VenueFailure) -> VenueSnapshot

  /// Whether the venue takes orders and cancels of `symbol` at `now`. Answered from what is known, without asking.
  func marketState(of symbol: Symbol, at now: WallTime) -> MarketStanding

  /// Drops the connection and takes a new one. When it returns, no order leaves over the old one any more; writes that hang
  /// on it throw. Called when draining takes too long.
  func reset() async

  /// Everything the venue says, in order. One consumer; at most `VenueLimits.eventsMax` wait for it.
  var events: AsyncStream<VenueEvent> { get }
}

/// What an instrument's market takes at a moment.
package enum MarketStanding: Hashable, Sendable {
  case open
  /// Nothing is taken; working orders rest untouched.
  case closed(opensAt: WallTime?)
  /// Orders are taken, cancels are not: an auction or another no-cancel period.
  case noCancel

  package var takesCancels: Bool { self == .open }

  /// The spelling in JSON.
  package var text: String {
    switch self {
    case .open: "open"
    case .closed: "closed"
    case .noCancel: "noCancel"
    }
  }
}

/// Which of a venue's connections: the number of times it was reset.
package struct VenueConnection: Equatable, Sendable {
  package var resets: UInt64 = 0

  package init() {}
}

package enum VenueLimits {
  /// Events waiting for the runtime. More means the runtime is not running: the newest are dropped, and reconciliation
  /// finds out what they said.
  package static let eventsMax = 100_000
}

package enum VenueFailure: Error, Equatable, Sendable {
  case notSent(String)
  case uncertain(String)
}

/// An order as a venue takes it.
package struct VenueOrder: Hashable, Sendable {
  package let id: OrderID
  /// Whose book it is in: accounts are per tenant and profile.
  package let account: VenueAccount
  package let symbol: Symbol
  package let side: OrderSide
  package let kind: OrderKind
  package let quantity: Quantity
  /// Placed by the venue itself when this order fills, so that no crash or halt of ours leaves a position unprotected.
  package let attachedStop: AttachedStop?
  /// A venue that takes such a time refuses the order after it: the last fence, for a process that was frozen between check
  /// and write. nil for ever.
  package var expiresAt: WallTime?

  package init(
    id: OrderID, account: VenueAccount, symbol: Symbol, side: OrderSide, kind: OrderKind, quantity: Quantity,
    attachedStop: AttachedStop? = nil
  ) {
    self.id = id
    self.account = account
    self.symbol = symbol
    self.side = side
    self.kind = kind
    self.quantity = quantity
    self.attachedStop = attachedStop
  }

  /// The protective order that comes to life with the fill of this one.
  package var protection: VenueOrder? {
    attachedStop.map {
      VenueOrder(
        id: $0.id, account: account, symbol: symbol, side: side.opposite, kind: .stop($0.price), quantity: quantity)
    }
  }
}

/// A stop order that waits for its parent's fill.
package struct AttachedStop: Hashable, Sendable {
  package let id: OrderID
  package let price: Price

  package init(id: OrderID, price: Price) {
    self.id = id
    self.price = price
  }
}

package struct VenueAccount: Hashable, Sendable {
  package let tenant: TenantID
  package let profile: ProfileID

  package init(tenant: TenantID, profile: ProfileID) {
    self.tenant = tenant
    self.profile = profile
  }
}

package enum OrderSide: String, Sendable {
  case buy, sell

  package var opposite: OrderSide { self == .buy ? .sell : .buy }
}

package enum OrderKind: Hashable, Sendable {
  case market
  case limit(Price)
  /// Becomes a market order when the price is reached.
  case stop(Price)

  package var name: String {
    switch self {
    case .market: "market"
    case .limit: "limit"
    case .stop: "stop"
    }
  }

  package var price: Price? {
    switch self {
    case .market: nil
    case .limit(let price), .stop(let price): price
    }
  }
}

/// One thing a venue said about an order.
package struct VenueEvent: Equatable, Sendable {
  package enum What: Equatable, Sendable {
    case accepted
    case rejected(reason: String)
    /// One execution; `execution` is unique per venue.
    case filled(execution: String, quantity: Quantity, price: Price)
    case canceled
    case expired
  }

  package let order: OrderID
  package let what: What
  package let at: WallTime

  package init(order: OrderID, what: What, at: WallTime) {
    self.order = order
    self.what = what
    self.at = at
  }
}

/// The venue's record of one order.
package struct VenueOrderReport: Equatable, Sendable {
  package enum Status: String, Sendable {
    case working, filled, canceled, rejected, expired
  }

  package struct Execution: Equatable, Sendable {
    package let id: String
    package let quantity: Quantity
    package let price: Price

    package init(id: String, quantity: Quantity, price: Price) {
      self.id = id
      self.quantity = quantity
      self.price = price
    }
  }

  package let order: VenueOrder
  package let status: Status
  package let executions: [Execution]

  package init(order: VenueOrder, status: Status, executions: [Execution]) {
    self.order = order
    self.status = status
    self.executions = executions
  }
}

package struct VenueSnapshot: Equatable, Sendable {
  package struct Holding: Hashable, Sendable {
    package let account: VenueAccount
    package let symbol: Symbol

    package init(account: VenueAccount, symbol: Symbol) {
      self.account = account
      self.symbol = symbol
    }
  }

  package var working: [OrderID: VenueOrderReport]
  /// Signed; flat ones are left out.
  package var positions: [Holding: Quantity]

  package init(working: [OrderID: VenueOrderReport], positions: [Holding: Quantity]) {
    self.working = working
    self.positions = positions
  }
}
