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
  private let output: AsyncStream<VenueEvent>.Continuation
  private let now: @Sendable () -> WallTime
  private let book: Mutex<PaperBook>
  private let behaviour = Mutex(Behaviour())
  private let log: PaperLog?

  /// Reads what an earlier run left in `logPath`; nil keeps nothing.
  package init(id: VenueID, logPath: String?, seed: UInt64, now: @escaping @Sendable () -> WallTime) throws {
    self.id = id
    self.now = now
    (events, output) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(VenueLimits.eventsMax))
    var book = PaperBook(seed: seed)
    if let logPath {
      let log = try PaperLog(logPath)
      for entry in try log.read() { book.replay(entry) }
      self.log = log
    } else {
      log = nil
    }
    self.book = Mutex(book)
  }

  package func write(_ order: VenueOrder) async throws(VenueFailure) {
    let behaviour = behaviour.withLock { $0 }
    let events = book.withLock { $0.take(order, behaviour, at: now()) }
    publish(events)
  }

  package func cancel(_ id: OrderID) async throws(VenueFailure) {
    publish(book.withLock { $0.cancel(id, at: now()) })
  }

  package func lookUp(_ id: OrderID) async throws(VenueFailure) -> VenueOrderReport? {
    book.withLock { $0.report(id) }
  }

  package func snapshot() async throws(VenueFailure) -> VenueSnapshot {
    book.withLock { $0.snapshot() }
  }

  package func reset() async {}

  /// The market moved one bar: fills what the bar reaches.
  package func advance(_ symbol: Symbol, _ bar: Bar) {
    publish(book.withLock { $0.advance(symbol, bar, at: now()) })
  }

  package func setBehaviour(_ new: Behaviour) { behaviour.withLock { $0 = new } }

  private func publish(_ entries: [PaperBook.Entry]) {
    for entry in entries {
      log?.append(entry)
      if let event = entry.event { output.yield(event) }
    }
  }
}
