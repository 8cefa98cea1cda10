import BreakwaterTesting
import ControlModel
import Strategy
import Telemetry
import Testing
import TradingRuntime
import Venues

/// What the venue says of an order: taken in once, whatever the number of times and the order it is said in.
@Suite struct `A venue's answer` {
  @Test func `in parts fills an order in parts`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "10", key: "a")
    try bench.venue.fill(id, Quantity("4"), at: Price("100"), execution: "x1")
    try await bench.reaches(.partial, id)
    #expect(try bench.position() == Quantity("4"))
    #expect(try bench.summary()?.cash == Money("99600"))
    try bench.venue.fill(id, Quantity("6"), at: Price("110"), execution: "x2")
    try await bench.reaches(.filled, id)
    let order = try #require(try await bench.stored(id))
    #expect(try order.filled == Quantity("10") && order.averagePrice == Price("106"))
    #expect(try bench.summary()?.cash == Money("98940"))
    #expect(bench.summary()?.openOrders == 0)
  }

  @Test func `said three times is booked once`() async throws {
    let bench = try await Bench.started()
    bench.venue.manner.speech.copies = 3
    let id = try await bench.bought("10")
    bench.venue.say(id, .filled(execution: "x-\(id)", quantity: try Quantity("10"), price: try Price("100")))
    bench.venue.say(id, .accepted)
    let next = try await bench.bought("1", key: "next")
    #expect(try bench.position() == Quantity("11"))
    #expect(try await bench.records.ledger(of: Named.orchid, profile: nil, before: nil, limit: 100).count == 2 + 4 + 4)
    #expect(try await bench.stored(next)?.state == .filled)
  }

  @Test func `of more than was ordered is counted and not booked`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "10", key: "a")
    bench.venue.say(id, .filled(execution: "x1", quantity: try Quantity("11"), price: try Price("100")))
    let series = #"breakwater_invariant_violations_total{site="order_overfill"}"#
    #expect(await eventually { bench.metrics.value(series) == 1 })
    #expect(bench.position() == .zero)
    #expect(try await bench.stored(id)?.state == .working)
  }

  @Test func `about an order nobody placed is counted and changes nothing`() async throws {
    let bench = try await Bench.started()
    let stranger = OrderIDs.manual("stranger", of: Named.account)
    bench.venue.say(stranger, .filled(execution: "x1", quantity: try Quantity("1"), price: try Price("100")))
    let series = #"breakwater_invariant_violations_total{site="order_fill"}"#
    #expect(await eventually { bench.metrics.value(series) == 1 })
    #expect(try await bench.records.ledgerSums().values.allSatisfy { $0 == 0 })
    #expect(bench.position() == .zero)
  }

  @Test func `that fills an order after it was canceled is a fact and is booked`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "10", key: "a")
    try await bench.runtime.cancel(id)
    try await bench.reaches(.canceled, id)
    try bench.venue.fill(id, Quantity("4"), at: Price("100"), execution: "late")
    #expect(try await eventually { try bench.position() == Quantity("4") })
    let order = try #require(try await bench.stored(id))
    #expect(try order.state == .canceled && order.filled == Quantity("4"))
  }

  @Test func `that expires an order frees what it had reserved`() async throws {
    let bench = try await Bench.started([Named.profile(capital: "1000")])
    let id = try await bench.working(.buy, "9", key: "a")
    bench.venue.say(id, .expired)
    try await bench.reaches(.expired, id)
    _ = try await bench.working(.buy, "9", key: "b")
  }

  @Test func `that an order is filled places the stop that came with it`() async throws {
    let bench = try await Bench.started()
    let parent = try await bench.bought("5", stop: "90")
    let stop = try #require(bench.venue.report(parent)?.order.protection?.id)
    try await bench.reaches(.working, stop)
    let order = try #require(try await bench.stored(stop))
    #expect(order.purpose == .protective && order.isReducing && order.request.side == .sell)
    #expect(bench.summary()?.positions.map(\.isProtected) == [true])
    #expect(bench.runtime.exposure(.global).withoutVenueStop == 0)
    try bench.venue.fill(stop, Quantity("5"), at: Price("90"), execution: "stopped")
    try await bench.reaches(.filled, stop)
    #expect(bench.position() == .zero)
    #expect(try bench.summary()?.cash == Money("99950"))
  }

  @Test func `to a cancel ends the order, and asking again is refused`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "5", .limit(Price("90")), key: "a")
    #expect(try await bench.runtime.cancel(id).isCancelPending)
    try await bench.reaches(.canceled, id)
    let again = await #expect(throws: Refusal.self) { try await bench.runtime.cancel(id) }
    #expect(again?.code == .notFound)
    #expect(bench.venue.cancels == [id])
  }

  @Test func `that never comes because a cancel was not sent leaves the order working`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "5", .limit(Price("90")), key: "a")
    bench.venue.manner.refusesCancels = true
    let refused = await #expect(throws: Refusal.self) { try await bench.runtime.cancel(id) }
    #expect(refused?.code == .upstreamConnect)
    #expect(try await bench.stored(id)?.state == .working)
    bench.venue.manner.refusesCancels = false
    try await bench.runtime.cancel(id)
    try await bench.reaches(.canceled, id)
  }

  @Test func `to an exit whose quantity a stop has reserved: the stop goes, then the exit comes`() async throws {
    let bench = try await Bench.started()
    let parent = try await bench.bought("5", stop: "90")
    let stop = try #require(bench.venue.report(parent)?.order.protection?.id)
    try await bench.reaches(.working, stop)
    let exit = try bench.draft(.sell, "5", key: "exit", purpose: .exit)
    #expect(await bench.refusal(exit)?.code == .tradingRejected)
    try await bench.reaches(.canceled, stop)
    try await bench.reaches(.working, exit.id)
  }
}
