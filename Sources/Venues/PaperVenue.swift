package import ControlModel
import Foundation
package import Strategy
import Synchronization

/// A venue that fills orders from recorded bars: market orders at the next bar's open, limits and stops when a bar reaches
/// their price. It remembers across restarts, as a real venue would, in a log of its own.
package final class PaperVenue: Venue {
  /// What the venue gets wrong on purpose, for drills.
  package struct Behaviour: Sendable, Equatable {
    /// Share of orders rejected, 0...1.
    package var rejectShare = 0.0
    package var rejectReason = "asset not tradable"
    /// Reject only this symbol's orders.
    package var rejectSymbol: Symbol?

    package init() {}
  }

  package let id: VenueID
  package let events: AsyncStream<VenueEvent>
  /// It is in this process: an order it does not know was never handed over.
  package let knowsEveryOrder = true
  private let output: AsyncStream<VenueEvent>.Continuation
  private let now: @Sendable () -> WallTime
  private let sessions: @Sendable (WallTime) -> MarketStanding
  private let state: Mutex<State>
  private let log: PaperLog?

  private struct State {
    var book: PaperBook
    var connection = VenueConnection()
    var behaviour = Behaviour()
  }

  /// Reads what an earlier run left in `logPath`; nil keeps nothing.
  /// - Parameter sessions: what the market takes at a moment; by default it never closes.
  package init(
    id: VenueID, logPath: String?, seed: UInt64,
    sessions: @escaping @Sendable (WallTime) -> MarketStanding = { _ in .open },
    now: @escaping @Sendable () -> WallTime
  ) throws {
    self.id = id
    self.now = now
    self.sessions = sessions
    (events, output) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(VenueLimits.eventsMax))
    var book = PaperBook(seed: seed)
    log = try logPath.map { try PaperLog($0) }
    for entry in try log?.read() ?? [] { book.replay(entry) }
    state = Mutex(State(book: book))
  }

  package var connection: VenueConnection { state.withLock { $0.connection } }

  package func write(_ order: VenueOrder, over connection: VenueConnection) async throws(VenueFailure) {
    let failure = state.withLock { state -> VenueFailure? in
      guard connection == state.connection else { return .notSent("the connection was reset") }
      if let end = order.expiresAt, now() > end { return .notSent("the order had expired when it reached the venue") }
      guard state.book.report(order.id) == nil else { return .uncertain("the venue has an order of this id already") }
      publish(state.book.take(order, state.behaviour, at: now()))
      return nil
    }
    if let failure { throw failure }
  }

  package func marketState(of symbol: Symbol, at now: WallTime) -> MarketStanding { sessions(now) }

  /// Outside a session nothing is canceled, as at a real venue.
  package func cancel(_ id: OrderID) async throws(VenueFailure) {
    guard sessions(now()).takesCancels else { throw .notSent("the market is closed") }
    state.withLock { publish($0.book.cancel(id, at: now())) }
  }

  package func lookUp(_ id: OrderID) async throws(VenueFailure) -> VenueOrderReport? {
    state.withLock { $0.book.report(id) }
  }

  package func snapshot() async throws(VenueFailure) -> VenueSnapshot {
    state.withLock { $0.book.snapshot() }
  }

  package func reset() async { state.withLock { $0.connection.resets += 1 } }

  /// The market moved one bar: fills what the bar reaches; nothing while the market is closed.
  package func advance(_ symbol: Symbol, _ bar: Bar) {
    if case .closed = sessions(now()) { return }
    state.withLock { publish($0.book.advance(symbol, bar, at: now())) }
  }

  package func setBehaviour(_ new: Behaviour) { state.withLock { $0.behaviour = new } }

  /// Called under the lock, so that log and events have the order in which things happened.
  private func publish(_ entries: [PaperBook.Entry]) {
    for entry in entries {
      log?.append(entry)
      output.yield(entry.event)
    }
  }
}
