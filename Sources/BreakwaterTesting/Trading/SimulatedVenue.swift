package import ControlModel
package import Strategy
import Synchronization
package import Venues

/// A venue with a bad connection: tests say what becomes of the next orders and when they fill. It outlives the runtimes
/// that use it.
package final class SimulatedVenue: Venue {
  /// What becomes of an order that is handed over.
  package enum Write: Sendable, Equatable {
    case taken
    case rejected
    /// No byte leaves.
    case notSent
    /// Lost on the way, and the connection cannot tell.
    case lost
    /// It arrives, and the connection cannot tell.
    case unanswered
  }

  /// How the venue's words reach us.
  package struct Speech: Sendable, Equatable {
    package var copies = 1
  }

  package struct Manner: Sendable {
    package var write = Write.taken
    package var speech = Speech()
    package var refusesCancels = false
    package var refusesQuestions = false
    package var knowsEveryOrder = true
    package var market = MarketStanding.open

    package init(_ write: Write = .taken, knowsEveryOrder: Bool = true) {
      self.write = write
      self.knowsEveryOrder = knowsEveryOrder
    }
  }

  fileprivate struct State {
    var manner = Manner()
    var connection = VenueConnection()
    var orders: [OrderID: VenueOrderReport] = [:]
    var arrivals: [OrderID] = []
    var cancels: [OrderID] = []
    var events: AsyncStream<VenueEvent>.Continuation?
    /// Said before anybody listened.
    var unheard: [VenueEvent] = []
  }

  package let id: VenueID
  /// Shut it and writes hang.
  package let line = FaultSwitch()
  private let now: @Sendable () -> WallTime
  private let arrived: @Sendable (VenueOrder) -> Void
  private let state = Mutex(State())

  /// - Parameter arrived: hears of each order at the moment the venue takes it.
  package init(now: @escaping @Sendable () -> WallTime, arrived: @escaping @Sendable (VenueOrder) -> Void = { _ in }) {
    guard let id = VenueID("paper") else { preconditionFailure("paper is an id") }
    self.id = id
    self.now = now
    self.arrived = arrived
  }

  package var manner: Manner {
    get { state.withLock { $0.manner } }
    set { state.withLock { $0.manner = newValue } }
  }

  /// Orders that reached the venue, in order.
  package var arrivals: [OrderID] { state.withLock { $0.arrivals } }
  package var cancels: [OrderID] { state.withLock { $0.cancels } }
  package func report(_ id: OrderID) -> VenueOrderReport? { state.withLock { $0.orders[id] } }

  // MARK: What the venue does by itself

  /// Executes part or all of an order; a stop attached to it is placed when it has filled.
  package func fill(_ id: OrderID, _ quantity: Quantity, at price: Price, execution: String) throws {
    try state.withLock { state in
      guard let report = state.orders[id] else { return }
      let executions = report.executions + [.init(id: execution, quantity: quantity, price: price)]
      let filled = try executions.reduce(Quantity.zero) { try $0 + $1.quantity }
      let isFilled = filled == report.order.quantity
      state.orders[id] = VenueOrderReport(
        order: report.order, status: isFilled ? .filled : report.status, executions: executions)
      state.say(id, .filled(execution: execution, quantity: quantity, price: price), at: now())
      if isFilled, let stop = report.order.protection {
        state.orders[stop.id] = VenueOrderReport(order: stop, status: .working, executions: [])
        state.say(stop.id, .accepted, at: now())
      }
    }
  }

  /// Says something again, or something that is not so.
  package func say(_ id: OrderID, _ what: VenueEvent.What) {
    state.withLock { $0.say(id, what, at: now()) }
  }

  // MARK: Venue

  package var knowsEveryOrder: Bool { manner.knowsEveryOrder }
  package func marketState(of symbol: Symbol, at now: WallTime) -> MarketStanding { manner.market }
  package var connection: VenueConnection { state.withLock { $0.connection } }

  /// A new stream for each asker: only the newest runtime hears.
  package var events: AsyncStream<VenueEvent> {
    let (stream, output) = AsyncStream<VenueEvent>.makeStream()
    state.withLock { state in
      state.events?.finish()
      state.events = output
      for event in state.unheard { output.yield(event) }
      state.unheard = []
    }
    return stream
  }

  package func write(_ order: VenueOrder, over connection: VenueConnection) async throws(VenueFailure) {
    guard connection == self.connection else { throw .notSent("the connection was reset") }
    await line.pass()
    let failure = state.withLock { state -> VenueFailure? in
      guard connection == state.connection else { return .uncertain("the connection was reset") }
      switch state.manner.write {
      case .notSent: return .notSent("no route")
      case .lost: return .uncertain("timeout")
      case .unanswered:
        arrived(order)
        state.take(order, rejects: false, at: nil)
        return .uncertain("timeout")
      case .taken:
        arrived(order)
        state.take(order, rejects: false, at: now())
      case .rejected: state.take(order, rejects: true, at: now())
      }
      return nil
    }
    if let failure { throw failure }
  }

  package func cancel(_ id: OrderID) async throws(VenueFailure) {
    let isRefused = state.withLock { state in
      if state.manner.refusesCancels { return true }
      state.cancels.append(id)
      guard let report = state.orders[id], report.status == .working else { return false }
      state.orders[id] = VenueOrderReport(order: report.order, status: .canceled, executions: report.executions)
      state.say(id, .canceled, at: now())
      return false
    }
    if isRefused { throw .notSent("no route") }
  }

  package func lookUp(_ id: OrderID) async throws(VenueFailure) -> VenueOrderReport? {
    if manner.refusesQuestions { throw .notSent("no route") }
    return report(id)
  }

  package func snapshot() async throws(VenueFailure) -> VenueSnapshot {
    if manner.refusesQuestions { throw .notSent("no route") }
    return state.withLock { state in
      var positions: [VenueSnapshot.Holding: Quantity] = [:]
      for report in state.orders.values {
        let holding = VenueSnapshot.Holding(account: report.order.account, symbol: report.order.symbol)
        for execution in report.executions {
          let before = positions[holding] ?? .zero
          positions[holding] =
            report.order.side == .buy ? try? before + execution.quantity : try? before - execution.quantity
        }
      }
      return VenueSnapshot(
        working: state.orders.filter { $0.value.status == .working }, positions: positions.filter { !$0.value.isZero })
    }
  }

  package func reset() async {
    state.withLock { $0.connection.resets += 1 }
    line.open()
  }
}

extension SimulatedVenue.State {
  fileprivate mutating func take(_ order: VenueOrder, rejects: Bool, at now: WallTime?) {
    arrivals.append(order.id)
    orders[order.id] = VenueOrderReport(order: order, status: rejects ? .rejected : .working, executions: [])
    if let now { say(order.id, rejects ? .rejected(reason: "not tradable") : .accepted, at: now) }
  }

  fileprivate mutating func say(_ id: OrderID, _ what: VenueEvent.What, at now: WallTime) {
    let event = VenueEvent(order: id, what: what, at: now)
    for _ in 0..<manner.speech.copies {
      if let events { events.yield(event) } else { unheard.append(event) }
    }
  }
}
