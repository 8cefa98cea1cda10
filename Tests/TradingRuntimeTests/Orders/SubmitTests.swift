import BreakwaterTesting
import ControlModel
import Strategy
import Telemetry
import Testing
import TradingRuntime
import Venues

/// The life of one order up to the wire: reserved, durable, through the gate, handed over.
@Suite struct `Submitting an order` {
  @Test func `hands it to the venue once and keeps it on disk`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "3", key: "a")
    #expect(bench.venue.arrivals == [id])
    let stored = try #require(try await bench.stored(id))
    #expect(stored.request == bench.venue.report(id)?.order)
    #expect(stored.actor == "bench" && stored.purpose == .manual && !stored.isReducing)
    #expect(stored.sentAt == bench.clock.clocks.now && stored.answeredAt == bench.clock.clocks.now)
    #expect(bench.metrics.value(#"breakwater_orders_total{state="submitted",venue="paper"}"#) == 1)
  }

  @Test func `twice under one key is one order, also after it is over`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.bought("3", key: "a")
    let again = try await bench.runtime.submit(try bench.draft(.buy, "3", key: "a"))
    #expect(again.id == id && again.state == .filled)
    #expect(bench.venue.arrivals == [id])
  }

  @Test func `twenty times at once under one key is one order`() async throws {
    let bench = try await Bench.started()
    let draft = try bench.draft(.buy, "3", key: "a")
    let runtime = bench.runtime
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<20 { group.addTask { _ = try? await runtime.submit(draft) } }
    }
    #expect(bench.venue.arrivals == [draft.id])
  }

  @Test func `names it by 32 hex digits that differ by key, profile and tenant`() {
    let accounts = [Named.orchid, Named.heron].flatMap { tenant in
      [Named.scalper, Named.swing].map { VenueAccount(tenant: tenant, profile: $0) }
    }
    let ids = accounts.flatMap { account in (0..<100).map { OrderIDs.manual("key-\($0)", of: account) } }
    #expect(Set(ids).count == 400)
    for id in ids { #expect(id.text.wholeMatch(of: /[0-9a-f]{32}/) != nil) }
  }

  @Test func `that the venue rejects ends rejected, with the venue's reason`() async throws {
    let bench = try await Bench.started(manner: .init(.rejected))
    let draft = try bench.draft(.buy, "3", key: "a")
    try await bench.runtime.submit(draft)
    try await bench.reaches(.rejected, draft.id)
    #expect(try await bench.stored(draft.id)?.reason == "not tradable")
    #expect(bench.position() == .zero)
    #expect(bench.summary()?.openOrders == 0)
  }

  @Test func `that did not leave is refused and denied, and frees what it reserved`() async throws {
    let bench = try await Bench.started(manner: .init(.notSent))
    let draft = try bench.draft(.buy, "3", key: "a")
    #expect(await bench.refusal(draft)?.code == .upstreamConnect)
    #expect(try await bench.stored(draft.id)?.state == .denied)
    #expect(bench.venue.arrivals.isEmpty)
    #expect(bench.summary()?.openOrders == 0)
  }

  @Test func `that may have left is in doubt, listed for its scope, until the venue knows it`() async throws {
    let bench = try await Bench.started(manner: .init(.unanswered))
    let draft = try bench.draft(.buy, "3", key: "a")
    #expect(try await bench.runtime.submit(draft).state == .unknown)
    #expect(bench.runtime.inDoubt(.global).map(\.order) == [draft.id])
    #expect(bench.runtime.inDoubt(ControlScope(tenant: Named.heron)).isEmpty)
    await bench.runtime.pass()
    try await bench.reaches(.working, draft.id)
    #expect(bench.runtime.inDoubt(.global).isEmpty)
  }

  @Test func `that was lost is denied when the venue can prove it never came`() async throws {
    let bench = try await Bench.started(manner: .init(.lost))
    let draft = try bench.draft(.buy, "3", key: "a")
    #expect(try await bench.runtime.submit(draft).state == .unknown)
    await bench.runtime.pass()
    try await bench.reaches(.denied, draft.id)
    #expect(bench.venue.arrivals.isEmpty)
  }

  @Test func `that was lost waits for a person when the venue cannot prove it`() async throws {
    let bench = try await Bench.started(manner: .init(.lost, knowsEveryOrder: false))
    let draft = try bench.draft(.buy, "3", key: "a")
    try await bench.runtime.submit(draft)
    await bench.runtime.pass()
    #expect(try await bench.runtime.submit(draft).state == .unknown, "a minute long it may still arrive")
    bench.clock.advance(by: .seconds(61))
    await bench.runtime.pass()
    try await bench.reaches(.quarantined, draft.id)
    #expect(bench.runtime.inDoubt(.global).map(\.order) == [draft.id], "in doubt until somebody decides")
  }

  @Test func `stays unknown while the venue does not answer questions`() async throws {
    let bench = try await Bench.started(manner: .init(.unanswered))
    let draft = try bench.draft(.buy, "3", key: "a")
    bench.venue.manner.refusesQuestions = true
    try await bench.runtime.submit(draft)
    for _ in 0..<5 { await bench.runtime.pass() }
    #expect(bench.runtime.inDoubt(.global).count == 1)
    #expect(await bench.runtime.reconcile() == false)
  }
}
