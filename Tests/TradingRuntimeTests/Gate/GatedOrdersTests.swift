import BreakwaterTesting
import ControlModel
import Strategy
import Telemetry
import Testing
import TradingRuntime
import Venues

/// What a control means for orders of every kind, seen from the venue.
@Suite struct `A control on the runtime` {
  @Test func `halted lets nothing out, says why, and keeps the refused order on record`() async throws {
    let bench = try await Bench.started()
    bench.publish(Sample.control(ControlScope(tenant: Named.orchid)))
    let draft = try bench.draft(.buy, "3", key: "a")
    let refusal = try #require(await bench.refusal(draft))
    #expect(refusal.code == .tradingHalted)
    #expect(refusal.detail.contains("tenant orchid"))
    #expect(bench.venue.arrivals.isEmpty)
    #expect(try await bench.stored(draft.id)?.state == .denied)
    #expect(bench.metrics.value(#"breakwater_orders_blocked_total{by="tenant"}"#) == 1)
    #expect(bench.runtime.refusedCount == 1)
  }

  @Test func `held lets nothing out and says that it is not known yet`() async throws {
    let bench = try await Bench.started()
    bench.runtime.setHeld(true)
    #expect(await bench.refusal(try bench.draft(.buy, "3", key: "a"))?.code == .tradingUnknown)
    #expect(bench.venue.arrivals.isEmpty)
  }

  @Test func `halted stops what would close a position too`() async throws {
    let bench = try await Bench.started()
    try await bench.bought("10")
    bench.publish(Sample.control())
    #expect(await bench.refusal(try bench.draft(.sell, "10", key: "exit", purpose: .exit))?.code == .tradingHalted)
    #expect(bench.venue.arrivals.count == 1)
  }

  @Test func `reduceOnly lets out what shrinks a position and no more than is left of it`() async throws {
    let bench = try await Bench.started()
    try await bench.bought("10")
    bench.publish(Sample.control(level: .reduceOnly))
    #expect(await bench.refusal(try bench.draft(.buy, "1", key: "more"))?.code == .tradingHalted)
    _ = try await bench.working(.sell, "6", key: "some")
    let flips = try #require(await bench.refusal(try bench.draft(.sell, "5", key: "flips")))
    #expect(flips.code == .tradingRejected && flips.fields == [FieldProblem("code", "NOTHING_TO_REDUCE")])
    _ = try await bench.working(.sell, "4", key: "rest")
  }

  @Test func `reduceOnly denies a flat account everything`() async throws {
    let bench = try await Bench.started([Named.profile(allowsShort: true)])
    bench.publish(Sample.control(level: .reduceOnly))
    for side in [OrderSide.buy, .sell] {
      #expect(await bench.refusal(try bench.draft(side, "1", key: side.rawValue))?.code == .tradingHalted)
    }
  }

  @Test func `never stands in the way of a cancel`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "3", .limit(Price("90")), key: "a")
    bench.publish(Sample.control())
    try await bench.runtime.cancel(id)
    try await bench.reaches(.canceled, id)
    bench.runtime.setHeld(true)
    #expect(bench.venue.cancels == [id])
  }

  @Test(arguments: [CancelMode.none, .entries, .all])
  func `takes back what its cancel mode names: protective stops stay unless all go`(mode: CancelMode) async throws {
    let bench = try await Bench.started()
    let parent = try await bench.bought("5", stop: "90")
    let entry = try await bench.working(.buy, "3", .limit(Price("80")), key: "entry")
    let stop = try #require(bench.venue.report(parent)?.order.protection?.id)
    try await bench.reaches(.working, stop)
    let wanted: Set<OrderID> =
      switch mode {
      case .none: []
      case .entries: [entry]
      case .all: [entry, stop]
      }
    let orders = bench.runtime.orders(takenBackBy: mode, scope: .global)
    #expect(Set(orders) == wanted)
    #expect(bench.runtime.orders(takenBackBy: mode, scope: ControlScope(tenant: Named.heron)).isEmpty)
    let report = await bench.runtime.cancel(orders)
    #expect(report.requested == wanted.count && report.failed.isEmpty)
    for id in wanted { try await bench.reaches(.canceled, id) }
    #expect(bench.venue.report(stop)?.status == (mode == .all ? .canceled : .working))
  }

  @Test func `asks again for a cancel that did not reach the venue`() async throws {
    let bench = try await Bench.started()
    let id = try await bench.working(.buy, "3", .limit(Price("90")), key: "a")
    bench.clock.advance(by: .milliseconds(5))
    bench.publish(Sample.control(at: bench.clock.clocks.now))
    bench.venue.manner.refusesCancels = true
    let report = await bench.runtime.cancel([id])
    #expect(report.failed == [id] && report.confirmed == 0)
    bench.venue.manner.refusesCancels = false
    await bench.runtime.pass()
    try await bench.reaches(.canceled, id)
  }

  @Test func `resets a connection on which a write hangs, and lists its order as in doubt`() async throws {
    let bench = try await Bench.started()
    bench.venue.line.shut()
    let draft = try bench.draft(.buy, "3", key: "a")
    let runtime = bench.runtime
    let submitting = Task { try? await runtime.submit(draft) }
    #expect(await eventually { bench.venue.line.waitingCount == 1 })
    bench.publish(Sample.control())
    let proof = await bench.clock.run { await runtime.fence(at: Epoch(1), scope: .global) }
    #expect(proof.sealedBy == .reset)
    #expect(proof.inDoubt.map(\.order) == [draft.id])
    _ = await submitting.value
    #expect(bench.venue.arrivals.isEmpty, "over the old connection nothing leaves any more")
    await bench.runtime.pass()
    try await bench.reaches(.denied, draft.id)
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `sealed while eight submit at once: the venue's own log ends there`(seed: UInt64) async throws {
    var random = SeededRandom(seed)
    var limits = ProfileLimits()
    limits.openOrdersMax = 1_000
    let accounts = (0..<8).map { VenueAccount(tenant: Named.orchid, profile: Named.profile("p\($0)")) }
    let bench = try await Bench.started(try accounts.map { try Named.profile($0, limits: limits) })
    for round in 1...5 as ClosedRange<UInt64> {
      let moment = bench.venue.arrivals.count + Int.random(in: 1...8, using: &random)
      let sealed = try await withThrowingTaskGroup(of: Void.self) { group in
        for account in accounts { group.addTask { try await submitFive(bench, account, round) } }
        #expect(await eventually { bench.venue.arrivals.count >= moment })
        bench.publish(Sample.control(number: round))
        let proof = await bench.runtime.fence(at: Epoch(round), scope: .global)
        #expect(proof.sealedBy == .ack)
        let sealed = bench.venue.arrivals.count
        try await group.waitForAll()
        return sealed
      }
      await bench.runtime.pass()
      #expect(await eventually { bench.runtime.inDoubt(.global).isEmpty })
      #expect(bench.venue.arrivals.count == sealed, "seed \(seed), round \(round)")
      bench.publish()
    }
    #expect(Set(bench.venue.arrivals).count == bench.venue.arrivals.count, "no id was used twice")
  }

  private func submitFive(_ bench: Bench, _ account: VenueAccount, _ round: UInt64) async throws {
    for number in 0..<5 {
      let draft = try bench.draft(.buy, "1", .limit(Price("1")), key: "\(round)-\(number)", account: account)
      _ = try? await bench.runtime.submit(draft)
    }
  }
}
