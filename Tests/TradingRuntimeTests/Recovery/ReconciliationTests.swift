import BreakwaterTesting
import ControlModel
import Strategy
import Telemetry
import Testing
import TradingRuntime
import Venues

/// Our book against the venue's. What a look-up explains is repaired; what it does not is reported, and never traded away.
@Suite struct `Reconciliation` {
  @Test func `finds nothing where the books agree`() async throws {
    let bench = try await Bench.started()
    try await bench.bought("5", stop: "90")
    _ = try await bench.working(.buy, "1", .limit(Price("50")), key: "a")
    #expect(await bench.runtime.reconcile())
    #expect(bench.runtime.state.mismatches == ["foreign_order": 0, "missing_order": 0, "position": 0])
    #expect(bench.runtime.state.lastReconciledAt == bench.clock.clocks.now)
  }

  @Test func `reports an order at the venue that is not ours, and what it made of the position`() async throws {
    let bench = try await Bench.started()
    let stranger = VenueOrder(
      id: OrderIDs.manual("stranger", of: Named.account), account: Named.account, symbol: Named.aapl, side: .buy,
      kind: .market, quantity: try Quantity("7"))
    try await bench.venue.write(stranger, over: bench.venue.connection)
    #expect(await bench.runtime.reconcile())
    #expect(bench.runtime.state.mismatches["foreign_order"] == 1)
    try bench.venue.fill(stranger.id, Quantity("7"), at: Price("100"), execution: "x1")
    #expect(await bench.runtime.reconcile())
    #expect(bench.runtime.state.mismatches == ["foreign_order": 0, "missing_order": 0, "position": 1])
    #expect(bench.metrics.value(#"breakwater_reconciliation_mismatches{kind="position"}"#) == 1)
    #expect(bench.position() == .zero)
    #expect(bench.venue.arrivals == [stranger.id], "no corrective trade is sent")
  }

  @Test func `books a fill whose event was lost`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "5", key: "a")
    bench.venue.manner.speech.copies = 0
    try bench.venue.fill(id, Quantity("5"), at: Price("101"), execution: "x1")
    #expect(bench.position() == .zero)
    #expect(await bench.runtime.reconcile())
    #expect(try bench.position() == Quantity("5"))
    #expect(try await bench.stored(id)?.state == .filled)
  }

  @Test func `ends an order whose cancel or end was not heard`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "5", .limit(Price("50")), key: "a")
    bench.venue.manner.speech.copies = 0
    try await bench.venue.cancel(id)
    #expect(await bench.runtime.reconcile())
    #expect(try await bench.stored(id)?.state == .canceled)
  }

  @Test func `names an order of ours the venue does not know as missing`() async throws {
    let bench = try await Bench.started(manner: .init(.lost, knowsEveryOrder: false))
    let draft = try bench.draft(.buy, "3", key: "a")
    try await bench.runtime.submit(draft)
    bench.clock.advance(by: .seconds(61))
    #expect(await bench.runtime.reconcile())
    #expect(bench.runtime.state.mismatches["missing_order"] == 1)
  }

  @Test func `repeats a cancel the venue did not have the order for yet`() async throws {
    let bench = try await Bench.started(manner: .init(.unanswered))
    let draft = try bench.draft(.buy, "3", key: "a")
    bench.venue.manner.refusesQuestions = true
    try await bench.runtime.submit(draft)
    try await bench.runtime.cancel(draft.id)
    bench.venue.manner.refusesQuestions = false
    #expect(await bench.runtime.reconcile())
    try await bench.reaches(.canceled, draft.id)
  }

  @Test func `without the venue's answer says that nothing is known`() async throws {
    let bench = try await Bench.started()
    let last = bench.runtime.state.lastReconciledAt
    bench.clock.advance(by: .milliseconds(10))
    bench.venue.manner.refusesQuestions = true
    #expect(await bench.runtime.reconcile() == false)
    #expect(bench.runtime.state.lastReconciledAt == last)
  }
}
