import BreakwaterTesting
import ControlModel
import Foundation
import Strategy
import Testing
import Venues

/// The venue in the box: fills from bars, remembers across restarts, and can be told to misbehave.
@Suite struct `The paper venue` {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func open() throws -> PaperVenue {
    try PaperVenue(id: Named.paper, logPath: folder.file("paper.log"), seed: 1) { WallTime(unixMilliseconds: 7) }
  }

  private func order(_ key: String, _ side: OrderSide, _ kind: OrderKind, stop: String? = nil) throws -> VenueOrder {
    VenueOrder(
      id: OrderID(key) ?? OrderIDs.none, account: Named.account, symbol: Named.aapl, side: side, kind: kind,
      quantity: try Quantity("2"), attachedStop: try stop.map { AttachedStop(id: OrderIDs.stop, price: try Price($0)) })
  }

  private func bar(open: Double = 100, high: Double = 110, low: Double = 90) throws -> Bar {
    try Bar(start: WallTime(unixMilliseconds: 0), open: open, high: high, low: low, close: open, volume: 1)
  }

  private func price(_ venue: PaperVenue, _ id: OrderID) async throws -> Price? {
    try await venue.lookUp(id)?.executions.first?.price
  }

  @Test func `refuses an order that expired before it arrived, and takes one that did not`() async throws {
    let venue = try open()
    for (key, end) in [("a", 6), ("b", 7), ("c", nil)] as [(String, Int64?)] {
      var order = try order(key, .buy, .market)
      order.expiresAt = end.map { WallTime(unixMilliseconds: $0) }
      guard end == 6 else {
        try await venue.write(order, over: venue.connection)
        continue
      }
      await #expect(throws: VenueFailure.notSent("the order had expired when it reached the venue")) {
        try await venue.write(order, over: venue.connection)
      }
      #expect(try await venue.lookUp(order.id) == nil)
    }
  }

  @Test func `fills a market order at the next bar's open`() async throws {
    let venue = try open()
    let order = try order("a", .buy, .market)
    try await venue.write(order, over: venue.connection)
    #expect(try await venue.lookUp(order.id)?.status == .working)
    venue.advance(Named.ibm, try bar())
    #expect(try await venue.lookUp(order.id)?.status == .working, "another symbol's bar fills nothing")
    venue.advance(Named.aapl, try bar())
    #expect(try await venue.lookUp(order.id)?.status == .filled)
    #expect(try await price(venue, order.id) == Price("100"))
  }

  @Test(
    arguments: [
      (OrderSide.buy, "limit", "95", "95"), (.buy, "limit", "105", "100"), (.buy, "limit", "89", nil),
      (.sell, "limit", "105", "105"), (.sell, "limit", "95", "100"), (.sell, "limit", "111", nil),
      (.sell, "stop", "95", "95"), (.sell, "stop", "105", "100"), (.sell, "stop", "89", nil),
      (.buy, "stop", "105", "105"), (.buy, "stop", "95", "100"), (.buy, "stop", "111", nil),
    ] as [(OrderSide, String, String, String?)])
  func `fills limits and stops when a bar reaches them, never better for us than its open`(
    side: OrderSide, kind: String, level: String, filled: String?
  ) async throws {
    let venue = try open()
    let order = try order("a", side, kind == "limit" ? .limit(Price(level)) : .stop(Price(level)))
    try await venue.write(order, over: venue.connection)
    venue.advance(Named.aapl, try bar())
    #expect(try await price(venue, order.id) == filled.map { try Price($0) })
  }

  @Test func `places the stop that came with an order when it fills, not before`() async throws {
    let venue = try open()
    let order = try order("a", .buy, .market, stop: "80")
    try await venue.write(order, over: venue.connection)
    #expect(try await venue.lookUp(OrderIDs.stop) == nil)
    venue.advance(Named.aapl, try bar())
    #expect(try await venue.snapshot().working.keys.map(\.self) == [OrderIDs.stop])
    venue.advance(Named.aapl, try bar(open: 70, high: 75, low: 65))
    #expect(try await price(venue, OrderIDs.stop) == Price("70"), "a gap fills at the open")
    #expect(try await venue.snapshot().positions.isEmpty)
  }

  @Test func `remembers everything across a restart, also after a last line cut short`() async throws {
    let venue = try open()
    for key in ["a", "b", "c"] {
      try await venue.write(try order(key, .buy, key == "a" ? .market : .limit(Price("50"))), over: venue.connection)
    }
    venue.advance(Named.aapl, try bar())
    try await venue.cancel(try order("b", .buy, .market).id)
    let before = try await venue.snapshot()
    let log = try #require(FileHandle(forWritingAtPath: folder.file("paper.log")))
    try log.seekToEnd()
    try log.write(contentsOf: Data(#"{"id":"c","what":"fil"#.utf8))
    let again = try open()
    #expect(try await again.snapshot() == before)
    #expect(before.working.count == 1 && before.positions.count == 1)
  }

  @Test func `never takes an id twice, nor an order over a connection that was reset`() async throws {
    let venue = try open()
    let order = try order("a", .buy, .market)
    let old = venue.connection
    try await venue.write(order, over: old)
    await #expect(throws: VenueFailure.uncertain("the venue has an order of this id already")) {
      try await venue.write(order, over: old)
    }
    await venue.reset()
    await #expect(throws: VenueFailure.notSent("the connection was reset")) {
      try await venue.write(try self.order("b", .buy, .market), over: old)
    }
    #expect(try await venue.snapshot().working.count == 1)
  }

  @Test func `cancels what works and ignores what does not`() async throws {
    let venue = try open()
    let order = try order("a", .buy, .market)
    try await venue.cancel(order.id)
    try await venue.write(order, over: venue.connection)
    try await venue.cancel(order.id)
    try await venue.cancel(order.id)
    venue.advance(Named.aapl, try bar())
    #expect(try await venue.lookUp(order.id)?.status == .canceled)
  }

  @Test func `rejects the share and the symbol a drill asks for`() async throws {
    let venue = try open()
    var behaviour = PaperVenue.Behaviour()
    behaviour.rejectShare = 1
    behaviour.rejectSymbol = Named.ibm
    venue.setBehaviour(behaviour)
    try await venue.write(try order("a", .buy, .market), over: venue.connection)
    #expect(try await venue.lookUp(try order("a", .buy, .market).id)?.status == .working)
    behaviour.rejectSymbol = nil
    venue.setBehaviour(behaviour)
    try await venue.write(try order("b", .buy, .market), over: venue.connection)
    #expect(try await venue.lookUp(try order("b", .buy, .market).id)?.status == .rejected)
  }
}

private enum OrderIDs {
  static let none = named("none")
  static let stop = named("stop")

  private static func named(_ text: String) -> OrderID {
    guard let id = OrderID(text) else { preconditionFailure("\(text) is an id") }
    return id
  }
}
