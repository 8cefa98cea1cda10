import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Testing
import TradingRuntime

/// Invariants over random histories, and proof that the histories would notice: products with one rule switched off.
@Suite struct `Random histories` {
  @Test(arguments: 0..<16 as Range<UInt64>)
  func `lose no acknowledged stop, start no order under a seal, and release by two people only`(
    block: UInt64
  ) async throws {
    var (stops, releases, orders) = (0, 0, 0)
    for seed in block * 20..<(block + 1) * 20 {
      let history = try await HaltSimulation(seed: seed)
      try await history.run(steps: 8)
      #expect(history.problems.isEmpty, "seed \(seed)")
      stops += history.stops
      releases += history.releases
      orders += history.orders
    }
    #expect(stops > 20 && releases > 3 && orders > 100, "block \(block) had \(stops), \(releases), \(orders)")
  }

  /// Whether histories of a mutant show a problem that reads so, within a bound.
  private func find(
    _ words: String,
    mutate: @escaping @Sendable (inout ControlBench.Between) -> Void = { _ in },
    adjust: @escaping (inout CommandProcessor.Settings) -> Void = { _ in }
  ) async throws -> Bool {
    for seed in 0..<200 as Range<UInt64> {
      let history = try await HaltSimulation(seed: seed, mutate: mutate, adjust: adjust)
      try await history.run(steps: 8)
      if history.problems.contains(where: { $0.contains(words) }) { return true }
    }
    return false
  }

  @Test func `catch a release that one person decides`() async throws {
    #expect(try await find("alone", adjust: { $0.requiresApproval = false }))
  }

  @Test func `catch a journal that answers before it is on disk`() async throws {
    let isFound = try await find(
      "lost",
      mutate: { between in
        let real = between.disk
        between.disk = { EagerStorage(real($0)) }
      })
    #expect(isFound)
  }

  @Test func `catch a start that trusts what it last knew instead of being held`() async throws {
    #expect(try await find("before control state was known", mutate: { $0.runtime = { Mutant($0, .neverHeld) } }))
  }

  @Test func `catch a gate that a stop does not close`() async throws {
    #expect(try await find("started under", mutate: { $0.runtime = { Mutant($0, .publishesLate) } }))
  }
}

/// Rules that are about one moment are switched off at that moment.
@Suite struct `A mutant` {
  @Test func `that does not drain lets an order start after the seal`() async throws {
    for (rule, isCaught) in [(Mutant.Rule.none, false), (.doesNotDrain, true)] {
      var between = ControlBench.Between()
      between.runtime = { Mutant($0, rule) }
      let bench = try await ControlBench.started(between: between)
      let door = FaultSwitch()
      door.shut()
      let order = Task { await bench.runtime.sendSlowly(Named.order(), through: door) }
      #expect(await eventually { door.waitingCount == 1 })
      let stop = try bench.stop()
      let stopping = Task {
        let receipt = await bench.processor.impose(stop)
        for control in receipt.controls { bench.runtime.history.sealed(control) }
      }
      _ = await eventually(within: isCaught ? .seconds(60) : .milliseconds(50)) {
        bench.runtime.history.events.count > 0
      }
      door.open()
      await stopping.value
      await order.value
      #expect(bench.runtime.history.violations.isEmpty != isCaught)
    }
  }

  @Test func `that checks before it opens its section lets an order start after the seal`() async throws {
    let bench = try await ControlBench.started()
    let door = FaultSwitch()
    door.shut()
    let order = Task { await bench.runtime.sendUnfenced(Named.order(), through: door) }
    #expect(await eventually { door.waitingCount == 1 })
    try await bench.impose()
    door.open()
    await order.value
    #expect(!bench.runtime.history.violations.isEmpty)
  }
}
