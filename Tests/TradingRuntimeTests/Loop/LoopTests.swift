import BreakwaterTesting
import ControlModel
import Foundation
import Strategy
import Telemetry
import Testing
import TradingRuntime
import Venues

/// Users → profiles → symbols: bars come in; orders, fills, positions and postings come out.
@Suite struct `The trading loop` {
  /// Days of a market that swings around a rising price.
  private func bars(_ count: Int, seed: UInt64) throws -> [Bar] {
    var random = SeededRandom(seed)
    var close = 100.0
    return try (0..<count).map { day in
      let open = close
      let drift = 0.0008 + 0.012 * sin(Double(day) / 9)
      close = max(5, open * (1 + drift + Double.random(in: -0.012...0.012, using: &random)))
      return try Bar(
        start: WallTime(unixMilliseconds: Int64(day) * 86_400_000), open: open, high: max(open, close) * 1.004,
        low: min(open, close) * 0.996, close: close, volume: 1_000_000)
    }
  }

  /// A profile whose rules let most trends through.
  private func eager(_ account: VenueAccount) throws -> Profile {
    var strategy = Pipeline.Parameters()
    strategy.allowsShort = true
    strategy.session = try SessionRule.Parameters(calendar: .continuous, openBufferMinutes: 0, closeBufferMinutes: 0)
    strategy.zone = try ZoneRule.Parameters(
      shape: .standard, touchesMin: 1, distanceMaxATR: 10, roomMinStops: 0)
    strategy.momentum = try Momentum.Parameters(period: 14, lower: 0, upper: 100)
    try strategy.setScoreMin(0)
    let sample = try Named.profile(account)
    return Profile(
      account: account, user: sample.user, symbols: sample.symbols, capital: sample.capital, strategy: strategy)
  }

  @Test func `makes orders, fills, positions and a balanced ledger out of bars`() async throws {
    let clock = TestClock()
    let venue = try PaperVenue(id: Named.paper, logPath: nil, seed: 1) { clock.clocks.now }
    let bars = try bars(1_200, seed: 3)
    let market = ScriptedMarket([Named.aapl: Array(bars[..<1_000])])
    let bench = try RuntimeBench(
      folder: TemporaryFolder(), clock: clock, venue: venue, market: market, onBar: { venue.advance($0, $1) })
    let profiles = [try eager(Named.account), try eager(Named.otherAccount)]
    try await bench.start(profiles)
    for bar in bars[1_000...] {
      market.push(Named.aapl, bar)
      await bench.runtime.pass()
      #expect(await eventually { bench.runtime.inDoubt(.global).isEmpty })
    }
    #expect(await bench.runtime.reconcile())

    for tenant in [Named.orchid, Named.heron] {
      let orders = try await bench.records.orders(of: tenant, profile: nil, open: nil, before: nil, limit: 1_000)
        .map(\.order)
      #expect(orders.contains { $0.purpose == .entry && $0.state == .filled })
      #expect(orders.contains { $0.purpose == .protective })
      #expect(orders.allSatisfy { $0.request.account.tenant == tenant && $0.actor == "strategy" })
      #expect(Set(orders.compactMap(\.signal)).count == orders.compactMap(\.signal).count, "a signal acts once")
    }
    #expect(try await bench.records.ledgerSums().values.allSatisfy { $0 == 0 })
    #expect(bench.runtime.state.mismatches.values.allSatisfy { $0 == 0 })
    #expect(bench.runtime.marketTime == bars.last?.start)
    let entered = bench.metrics.value(#"breakwater_signals_total{result="enter"}"#)
    #expect((entered ?? 0) > 0)
  }

  @Test func `decides and sends nothing while no bar comes`() async throws {
    let bench = try await Bench.started()
    for _ in 0..<5 { await bench.runtime.pass() }
    #expect(bench.venue.arrivals.isEmpty)
    #expect(bench.runtime.state.passes >= 6)
    #expect(bench.runtime.state.lastPassAt == bench.clock.clocks.now)
  }

  @Test func `goes on under a halt without sending, and says how many it refused`() async throws {
    let bench = try await Bench.started()
    bench.publish(Sample.control())
    await bench.runtime.pass()
    #expect(await bench.refusal(try bench.draft(.buy, "1", key: "a")) != nil)
    await bench.runtime.pass()
    #expect(bench.venue.arrivals.isEmpty)
    #expect(bench.runtime.refusedCount == 1)
  }
}
