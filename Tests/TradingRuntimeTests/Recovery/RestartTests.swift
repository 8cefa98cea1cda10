import BreakwaterTesting
import ControlModel
import Store
import Strategy
import Testing
import TradingRuntime
import Venues

/// A new process on the same disk: it asks the venue about everything that may have left, and only then trades.
@Suite struct `A restart of the runtime` {
  @Test func `finds positions, cash, open orders and stops as they were`() async throws {
    let bench = try await Bench.started()
    try await bench.bought("5", at: "99.99", stop: "90")
    let open = try await bench.working(.buy, "2", .limit(Price("50")), key: "open")
    let before = try await Picture(bench, [Named.account])
    await bench.stop()
    let again = try await bench.restarted()
    #expect(try await Picture(again, [Named.account]) == before)
    #expect(bench.venue.arrivals.contains(open))
    #expect(again.summary()?.openOrders == 2)
  }

  @Test func `settles an order that was in flight: taken if the venue has it`() async throws {
    let bench = try await Bench.started(manner: .init(.unanswered))
    bench.venue.manner.refusesQuestions = true
    let draft = try bench.draft(.buy, "3", key: "a")
    try await bench.runtime.submit(draft)
    await bench.stop()
    bench.venue.manner.refusesQuestions = false
    let again = try await bench.restarted()
    #expect(try await again.stored(draft.id)?.state == .working)
    #expect(again.venue.arrivals == [draft.id], "it was not sent again")
  }

  @Test func `denies an order that never reached the venue, and does not send it by itself`() async throws {
    let bench = try await Bench.started(manner: .init(.lost))
    bench.venue.manner.refusesQuestions = true
    let draft = try bench.draft(.buy, "3", key: "a")
    try await bench.runtime.submit(draft)
    await bench.stop()
    bench.venue.manner = .init()
    let again = try await bench.restarted()
    #expect(try await again.stored(draft.id)?.state == .denied)
    #expect(again.venue.arrivals.isEmpty)
  }

  @Test func `books what was filled while it was down, and the stop that came with it`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "5", key: "a", stop: "90")
    await bench.stop()
    try bench.venue.fill(id, Quantity("5"), at: Price("100"), execution: "x1")
    let stop = try #require(bench.venue.report(id)?.order.protection?.id)
    try bench.venue.fill(stop, Quantity("5"), at: Price("90"), execution: "x2")
    let again = try await bench.restarted()
    #expect(again.position() == .zero)
    #expect(try again.summary()?.cash == Money("99950"))
    #expect(try await again.stored(stop)?.state == .filled)
    #expect(try await again.records.ledgerSums() == ["USD": 0, "AAPL": 0])
  }

  @Test func `does not take place while the venue gives no account of itself`() async throws {
    let bench = try await Bench.started()
    await bench.stop()
    bench.venue.manner.refusesQuestions = true
    let again = try Bench(folder: bench.folder, clock: bench.clock, venue: bench.venue)
    await #expect(throws: StoreFailure.self) { try await again.start([Named.profile()]) }
    #expect(again.gate.held)
  }

  @Test func `keeps a key used: what was placed before is not placed again`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.bought("3", key: "a")
    await bench.stop()
    let again = try await bench.restarted()
    #expect(try await again.runtime.submit(try again.draft(.buy, "3", key: "a")).state == .filled)
    #expect(again.venue.arrivals == [id])
    #expect(try again.position() == Quantity("3"))
  }
}
