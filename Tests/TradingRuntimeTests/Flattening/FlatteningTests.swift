import BreakwaterTesting
import ControlModel
import Strategy
import Synchronization
import Testing
import TradingRuntime
import Venues

/// Closing positions under a stop: sliced, within limits, through a gate that lets nothing else pass.
@Suite struct `Flattening` {
  private func limits(_ adjust: (inout FlattenLimits) -> Void = { _ in }) -> FlattenLimits {
    var limits = FlattenLimits()
    limits.sliceNotional = Money(mantissa: 400 * 100_000_000)
    adjust(&limits)
    return limits
  }

  /// A position of ten at 100 with its stop, halted.
  private func halted(grants: Bool = true) async throws -> Bench {
    let bench = try await Bench.started()
    let parent = try await bench.bought("10", stop: "90")
    let stop = try #require(bench.venue.report(parent)?.order.protection?.id)
    try await bench.reaches(.working, stop)
    let control = Sample.control()
    var state = ControlState(epoch: Epoch(1), controls: [control])
    if grants { state.grantExits(control.id) }
    bench.runtime.publish(state)
    return bench
  }

  private func run(
    _ bench: Bench, _ limits: FlattenLimits, fills: Bool = true, isGranted: Bool = true,
    meanwhile: @escaping @Sendable () async -> Void = {}
  ) async -> FlattenProgress {
    await bench.clock.run(step: .milliseconds(50)) {
      await bench.runtime.flatten(
        .global, name: "ctl_1", limits, actor: "grace", requestID: RequestID(checked: "bench-request-1"),
        isGranted: { isGranted }
      ) { _ in
        await meanwhile()
        guard fills else { return }
        for id in bench.venue.arrivals {
          guard let report = bench.venue.report(id), report.status == .working,
            case .limit(let price) = report.order.kind
          else { continue }
          try? bench.venue.fill(id, report.order.quantity, at: price, execution: "x-\(id)")
        }
      }
    }
  }

  @Test func `closes a position in slices no larger than allowed, its stop taken back first`() async throws {
    let bench = try await halted()
    let progress = await run(bench, limits())
    #expect(progress.isDone && progress.closed == 1 && progress.positions == 1)
    #expect(progress.slices == 3, "ten at 100 in slices of 400 dollars: four, four, two")
    #expect(bench.position().isZero)
    let exits = bench.venue.arrivals.compactMap { bench.venue.report($0)?.order }.filter { $0.side == .sell }
    for exit in exits {
      #expect(exit.quantity <= (try Quantity("4")))
      #expect(exit.kind == .limit(try Price("99")), "one per cent below the price it began at, and no worse")
    }
  }

  @Test func `passes only controls that grant exits, and opens the gate for nobody else`() async throws {
    let bench = try await halted(grants: false)
    let progress = await run(bench, limits { $0.time = .seconds(2) })
    #expect(progress.closed == 0 && progress.isDone)
    #expect(try bench.position() == Quantity("10"))
    let granted = try await halted()
    #expect(await granted.refusal(try granted.draft(.sell, "1", key: "by hand", purpose: .exit)) != nil)
    #expect(await granted.refusal(try granted.draft(.buy, "1", key: "more")) != nil)
  }

  @Test func `ends at its notional limit`() async throws {
    let bench = try await halted()
    let progress = await run(
      bench,
      limits {
        $0.notionalMax = Money(mantissa: 500 * 100_000_000)
        // Virtual; enough for the first slice to be filled on a machine that is busy.
        $0.time = .seconds(60)
      })
    #expect(progress.slices == 1 && progress.closed == 0)
    #expect(progress.note?.contains("limit") == true, "\(progress)")
  }

  @Test func `takes no stop back, and sends nothing, while the price is beyond the slippage limit`() async throws {
    let bench = try await halted()
    bench.venue.manner.market = .closed(opensAt: nil)
    let fall = try ScriptedMarket.bar(day: 2, at: 95)
    // It begins at 100; by the time the market opens the price has fallen.
    let progress = await run(bench, limits { $0.time = .seconds(3) }, fills: false) {
      guard case .closed = bench.venue.manner.market else { return }
      bench.market.push(Named.aapl, fall)
      await bench.runtime.pass()
      bench.venue.manner.market = .open
    }
    #expect(progress.slices == 0 && progress.note?.contains("slippage") == true, "\(progress)")
    #expect(bench.venue.cancels.isEmpty)
  }

  @Test func `waits while the market is closed`() async throws {
    let bench = try await halted()
    bench.venue.manner.market = .closed(opensAt: nil)
    let progress = await run(bench, limits { $0.time = .seconds(2) })
    #expect(progress.slices == 0)
    #expect(progress.note != nil)
    #expect(bench.venue.cancels.isEmpty, "a stop is not taken back before an exit can go")
  }

  @Test func `ends when exits are not granted any more`() async throws {
    let bench = try await halted()
    let progress = await run(bench, limits(), fills: false, isGranted: false)
    #expect(bench.venue.cancels.isEmpty)
    #expect(progress.isDone && progress.note == "exits are not granted any more")
  }
}
