import BreakwaterTesting
import ControlModel
import Strategy
import Testing
import TradingRuntime
import Venues

/// Double entry: each transaction and the whole ledger sum to zero, and positions and cash follow from it.
@Suite struct `The ledger` {
  @Test func `books a deposit and an execution in balance`() async throws {
    let bench = try await Bench.started()
    try await bench.bought("10", at: "99.50")
    let rows = try await bench.records.ledger(of: Named.orchid, profile: nil, before: nil, limit: 100).reversed()
    #expect(
      rows.map { "\($0.account) \($0.commodity) \($0.amount)" } == [
        "assets:cash USD 10000000000000", "equity:external USD -10000000000000",
        "assets:position:AAPL AAPL 10000000000", "trading:AAPL AAPL -10000000000", "assets:cash USD -99500000000",
        "trading:AAPL USD 99500000000",
      ])
    #expect(try await bench.records.ledgerSums() == ["USD": 0, "AAPL": 0])
  }

  @Test func `gives each profile its deposit once, however often it starts`() async throws {
    let bench = try await Bench.started()
    await bench.stop()
    let again = try await bench.restarted([Named.profile(), Named.profile(Named.otherAccount)])
    #expect(try await again.records.ledger(of: Named.orchid, profile: nil, before: nil, limit: 9).count == 2)
    #expect(try await again.records.ledger(of: Named.heron, profile: nil, before: nil, limit: 9).count == 2)
  }

  @Test func `and orders are answered one tenant at a time`() async throws {
    let bench = try await Bench.started([Named.profile(), Named.profile(Named.otherAccount)])
    let ours = try await bench.bought("1", key: "same-key")
    let theirs = try await bench.bought("2", key: "same-key", account: Named.otherAccount)
    #expect(ours != theirs)
    for (tenant, own, foreign) in [(Named.orchid, ours, theirs), (Named.heron, theirs, ours)] {
      let orders = try await bench.records.orders(of: tenant, profile: nil, open: nil, before: nil, limit: 10)
      #expect(orders.map(\.order.id) == [own])
      #expect(try await bench.records.order(foreign, of: tenant) == nil)
      let ledger = try await bench.records.ledger(of: tenant, profile: nil, before: nil, limit: 100)
      #expect(Set(ledger.map(\.owner.tenant)) == [tenant])
      #expect(bench.runtime.accounts(of: tenant).map(\.profile.account.tenant) == [tenant])
    }
    #expect(
      try await bench.records.orders(of: Named.tenant("ibis"), profile: nil, open: nil, before: nil, limit: 10).isEmpty)
  }

  @Test(arguments: 0..<12 as Range<UInt64>)
  func `after any history adds up, agrees with the venue, and is found again by a restart`(seed: UInt64) async throws {
    var random = SeededRandom(seed)
    let accounts = [Named.account, Named.otherAccount]
    let profiles = try accounts.map { try Named.profile($0, allowsShort: seed.isMultiple(of: 2)) }
    let bench = try await Bench.started(profiles)
    var history = RandomHistory(bench, accounts)
    for _ in 0..<40 { try await history.step(&random) }
    try await history.settle()

    #expect(try await bench.records.ledgerSums().values.allSatisfy { $0 == 0 }, "seed \(seed)")
    #expect(Set(bench.venue.arrivals).count == bench.venue.arrivals.count, "seed \(seed): an id was used twice")
    for account in accounts { try await expectBooksAgree(bench, account, seed) }
    #expect(await bench.runtime.reconcile())
    #expect(
      bench.runtime.state.mismatches.values.allSatisfy { $0 == 0 }, "seed \(seed): \(bench.runtime.state.mismatches)")

    let before = try await Picture(bench, accounts)
    await bench.stop()
    let after = try await Picture(try await bench.restarted(profiles), accounts)
    #expect(after == before, "seed \(seed)")
  }

  private func expectBooksAgree(_ bench: Bench, _ account: VenueAccount, _ seed: UInt64) async throws {
    let rows = try await bench.records.ledger(of: account.tenant, profile: nil, before: nil, limit: 10_000)
    let units = rows.filter { $0.account == "assets:position:AAPL" }.reduce(0) { $0 + $1.amount }
    let cash = rows.filter { $0.account == "assets:cash" }.reduce(0) { $0 + $1.amount }
    #expect(bench.position(account).mantissa == units, "seed \(seed)")
    #expect(bench.summary(account)?.cash.mantissa == cash, "seed \(seed)")
    for (_, transaction) in Dictionary(grouping: rows, by: \.transaction) {
      for (_, postings) in Dictionary(grouping: transaction, by: \.commodity) {
        #expect(postings.reduce(0) { $0 + $1.amount } == 0, "seed \(seed)")
      }
    }
    let filled = try await bench.records.orders(of: account.tenant, profile: nil, open: nil, before: nil, limit: 1000)
      .reduce(into: Int64(0)) { $0 += ($1.order.request.side == .buy ? 1 : -1) * $1.order.filled.mantissa }
    #expect(filled == units, "seed \(seed)")
  }
}
