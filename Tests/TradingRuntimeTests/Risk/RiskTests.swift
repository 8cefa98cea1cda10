import BreakwaterTesting
import ControlModel
import Strategy
import Testing
import TradingRuntime
import Venues

/// Why risk refuses an order: a stable code, and nothing reaches the venue.
@Suite struct `Risk refuses` {
  private func code(_ bench: Bench, _ draft: OrderDraft) async -> String? {
    let arrivals = bench.venue.arrivals.count
    let refusal = await bench.refusal(draft)
    #expect(bench.venue.arrivals.count == arrivals)
    #expect(refusal?.code == .tradingRejected)
    return refusal?.fields.first?.problem
  }

  @Test func `a profile that is not loaded`() async throws {
    let bench = try await Bench.started()
    #expect(await code(bench, try bench.draft(.buy, "1", key: "a", account: Named.otherAccount)) == "UNKNOWN_PROFILE")
  }

  @Test func `a symbol that is not the profile's`() async throws {
    let bench = try await Bench.started()
    var draft = try bench.draft(.buy, "1", key: "a")
    draft.symbol = Named.ibm
    #expect(await code(bench, draft) == "SYMBOL_NOT_IN_PROFILE")
  }

  @Test(arguments: ["0", "-1"])
  func `a quantity that is not positive`(quantity: String) async throws {
    let bench = try await Bench.started()
    #expect(await code(bench, try bench.draft(.buy, quantity, key: "a")) == "QUANTITY_NOT_POSITIVE")
  }

  @Test func `a market order without a price to judge it by`() async throws {
    let bench = try await Bench.started(market: ScriptedMarket([Named.aapl: []]))
    #expect(await code(bench, try bench.draft(.buy, "1", key: "a")) == "NO_PRICE")
  }

  @Test func `more money in one order than the profile may move`() async throws {
    let bench = try await Bench.started()
    #expect(await code(bench, try bench.draft(.buy, "101", key: "a")) == "NOTIONAL_TOO_LARGE")
    _ = try await bench.working(.buy, "100", key: "b")
  }

  @Test func `more than the money that is left, open orders counted`() async throws {
    let bench = try await Bench.started([Named.profile(capital: "1000")])
    #expect(await code(bench, try bench.draft(.buy, "10", key: "a")) == "BUYING_POWER", "a margin is held for slippage")
    _ = try await bench.working(.buy, "9", key: "b")
    #expect(await code(bench, try bench.draft(.buy, "1", key: "c")) == "BUYING_POWER")
  }

  @Test func `the eleventh open order, or what the profile's limit is`() async throws {
    var limits = ProfileLimits()
    limits.openOrdersMax = 2
    let bench = try await Bench.started([Named.profile(limits: limits)])
    for key in ["a", "b"] { _ = try await bench.working(.buy, "1", .limit(Price("50")), key: key) }
    #expect(await code(bench, try bench.draft(.buy, "1", key: "c")) == "TOO_MANY_OPEN_ORDERS")
  }

  @Test func `a second entry in the same direction while the first is open`() async throws {
    let bench = try await Bench.started()
    _ = try await bench.working(.buy, "1", key: "a", purpose: .entry)
    #expect(await code(bench, try bench.draft(.buy, "1", key: "b", purpose: .entry)) == "DUPLICATE")
  }

  @Test func `to open more while an order of the symbol is in doubt`() async throws {
    let bench = try await Bench.started(manner: .init(.lost, knowsEveryOrder: false))
    try await bench.runtime.submit(try bench.draft(.buy, "1", key: "a"))
    bench.venue.manner.write = .taken
    #expect(await code(bench, try bench.draft(.buy, "1", key: "b")) == "UNKNOWN_ORDER_OPEN")
  }

  @Test func `to close what is not there`() async throws {
    let bench = try await Bench.started()
    #expect(await code(bench, try bench.draft(.sell, "1", key: "a", purpose: .exit)) == "NOTHING_TO_REDUCE")
  }

  @Test func `to close more than a protective stop has left free`() async throws {
    let bench = try await Bench.started()
    let parent = try await bench.bought("5", stop: "90")
    let stop = try #require(bench.venue.report(parent)?.order.protection?.id)
    try await bench.reaches(.working, stop)
    #expect(await code(bench, try bench.draft(.sell, "1", key: "a")) == "NOTHING_TO_REDUCE")
  }

  @Test func `to sell short where the profile may not`() async throws {
    let bench = try await Bench.started()
    #expect(await code(bench, try bench.draft(.sell, "1", key: "a")) == "SHORT_NOT_ALLOWED")
    let short = try await Bench.started([Named.profile(allowsShort: true)])
    _ = try await short.working(.sell, "1", key: "a")
  }

  @Test func `the same money only once to orders that come at the same time`() async throws {
    let bench = try await Bench.started([Named.profile(capital: "1000")])
    let runtime = bench.runtime
    let limit = OrderKind.limit(try Price("100"))
    let accepted = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<10 {
        let draft = try bench.draft(.buy, "4", limit, key: "\(number)")
        group.addTask { (try? await runtime.submit(draft)) != nil }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(accepted == 2)
    #expect(bench.venue.arrivals.count == 2)
  }
}
