import BreakwaterTesting
import ControlModel
import Strategy
import Telemetry
import Testing
import TradingRuntime
import Venues

/// A venue takes no cancels while its market is closed: they wait, and are asked for when it opens.
@Suite struct `Cancels of a stop` {
  @Test(arguments: [MarketStanding.closed(opensAt: nil), .noCancel])
  func `wait for a market that takes none, and go out when it does`(market: MarketStanding) async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "3", .limit(Price("90")), key: "a")
    bench.clock.advance(by: .milliseconds(5))
    bench.publish(Sample.control(at: bench.clock.clocks.now))
    bench.venue.manner.market = market
    let report = await bench.runtime.cancel(bench.runtime.orders(takenBackBy: .entries, scope: .global))
    #expect(report == CancelReport(requested: 1, confirmed: 0, pendingMarketOpen: 1))
    await bench.runtime.pass()
    #expect(bench.venue.cancels.isEmpty)
    bench.venue.manner.market = .open
    await bench.runtime.pass()
    try await bench.reaches(.canceled, id)
  }

  @Test func `reach entries from before a clock that was set back`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "3", .limit(Price("90")), key: "a")
    bench.clock.jumpWall(by: .seconds(-3600))
    bench.publish(Sample.control(at: bench.clock.clocks.now))
    await bench.runtime.pass()
    try await bench.reaches(.canceled, id)
  }

  @Test func `leave protective stops alone by any clock unless all go`() async throws {
    let bench = try await Bench.started()
    let parent = try await bench.bought("5", stop: "90")
    let stop = try #require(bench.venue.report(parent)?.order.protection?.id)
    try await bench.reaches(.working, stop)
    bench.clock.jumpWall(by: .seconds(-3600))
    bench.publish(Sample.control(at: bench.clock.clocks.now))
    await bench.runtime.pass()
    #expect(bench.venue.report(stop)?.status == .working)
  }
}

/// What has to be so before trading starts again.
@Suite struct `The runtime's obstacles` {
  private func names(_ bench: Bench, _ scope: ControlScope = .global) async -> [Obstacle.Name] {
    await bench.runtime.obstacles(scope).map(\.name)
  }

  private func fresh() async throws -> Bench {
    let bench = try await Bench.started()
    bench.market.push(Named.aapl, try ScriptedMarket.bar(day: 2, at: 100))
    await bench.runtime.pass()
    return bench
  }

  @Test func `are none while books agree and prices come`() async throws {
    #expect(await names(try await fresh()) == [])
  }

  @Test func `are old prices, and prices that never came, while the market is open`() async throws {
    let silent = try await Bench.started()
    #expect(await names(silent) == [.feed])
    let bench = try await fresh()
    bench.clock.advance(by: .seconds(31))
    #expect(await names(bench) == [.feed])
    #expect(bench.runtime.alarm(.global)?.name == .feed)
    bench.venue.manner.market = .closed(opensAt: nil)
    #expect(await names(bench) == [])
  }

  @Test func `are prices from a time that has not come, after a clock was set back`() async throws {
    let bench = try await fresh()
    bench.clock.jumpWall(by: .seconds(-3600))
    #expect(await names(bench) == [.feed])
  }

  @Test func `are books that differ, and a venue that gives none`() async throws {
    let bench = try await fresh()
    bench.venue.manner.refusesQuestions = true
    #expect(await names(bench) == [.reconciliation])
    bench.venue.manner.refusesQuestions = false
    let id = try await bench.working(.buy, "1", key: "a")
    try bench.venue.fill(id, Quantity("1"), at: Price("100"), execution: "x1")
    try await bench.reaches(.filled, id)
    #expect(await names(bench) == [])
  }

  @Test func `do not concern a scope in which nobody trades`() async throws {
    let bench = try await Bench.started()
    #expect(await names(bench, ControlScope(tenant: Named.heron)) == [])
    #expect(bench.runtime.alarm(ControlScope(tenant: Named.heron)) == nil)
  }

  @Test func `end a stage when an order stays in doubt`() async throws {
    let bench = try await fresh()
    bench.venue.manner = SimulatedVenue.Manner(.lost, knowsEveryOrder: false)
    _ = try? await bench.runtime.submit(try bench.draft(.buy, "1", key: "a"))
    #expect(bench.runtime.alarm(.global) == nil)
    bench.clock.advance(by: .seconds(11))
    #expect(bench.runtime.alarm(.global)?.name == .inDoubt)
  }
}
