import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Telemetry
import Testing
import TradingRuntime

/// Two control planes on one store: the real processors, keepers and gates on a virtual clock.
@Suite struct `Two replicas` {
  private struct Replica: Sendable {
    let bench: ControlBench
    let keeper: ReplicaKeeper

    /// Keeps its lease while `work` runs.
    func running<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
      let loop = Task { await keeper.run() }
      defer { loop.cancel() }
      return try await work()
    }

    func passes() async -> Bool { await bench.runtime.send(Named.order()) }
  }

  private func start(_ name: String, after earlier: ControlBench? = nil, home: String? = nil) async throws -> Replica {
    var between = ControlBench.Between()
    if earlier != nil {
      between.disk = { _ in SimulatedStorage() }
    }
    let replica = try #require(ReplicaID(name))
    let bench = try ControlBench(after: earlier, seed: UInt64(name.utf8.last ?? 0), between: between) {
      $0.replica = replica
    }
    let settings = ReplicaKeeper.Settings(replica: replica, run: "run-\(name)", home: home ?? name, isShared: true)
    let store = bench.store
    let clock = bench.clock
    let keeper = ReplicaKeeper(
      settings, store: store, watch: { store.loadNow().state.epoch }, processor: bench.processor,
      runtime: bench.runtime, clocks: clock.clocks, metrics: bench.metrics, sleep: { await clock.sleep($0) })
    bench.runtime.setLease(until: 0)
    await bench.processor.join(keeper)
    try await keeper.register()
    try await bench.start()
    return Replica(bench: bench, keeper: keeper)
  }

  @Test func `seal a stop when the other gate has taken it over, drained and acknowledged`() async throws {
    let first = try await start("r1")
    let second = try await start("r2", after: first.bench)
    #expect(await second.passes())
    let receipt = try await second.running {
      return try await first.bench.clock.run {
        do { return Result<Receipt, any Error>.success(try await first.bench.impose()) } catch {
          return .failure(error)
        }
      }.get()
    }
    #expect(receipt.state == .sealed)
    #expect(
      Dictionary(uniqueKeysWithValues: receipt.replicas.map { ($0.replica.text, $0.sealedBy) }) == [
        "r1": .ack, "r2": .ack,
      ])
    #expect(await !second.passes())
    #expect(await !first.passes())
    #expect(second.bench.processor.current.state == first.bench.processor.current.state)
    #expect(first.bench.runtime.history.violations.isEmpty)
  }

  @Test func `seal a stop by silence when the other does not answer, and it has no lease then`() async throws {
    let first = try await start("r1")
    let second = try await start("r2", after: first.bench)
    let begin = first.bench.clock.clocks.monotonic()
    let receipt = try await first.bench.clock.run(step: .milliseconds(20)) {
      do { return Result<Receipt, any Error>.success(try await first.bench.impose()) } catch { return .failure(error) }
    }.get()
    let waited = first.bench.clock.clocks.monotonic() - begin
    #expect(receipt.state == .sealed && receipt.replicas.map(\.sealedBy) == [.ack, .lease])
    #expect(waited >= LeaseTimes.certainlyOver(3_000_000_000) && waited < 3_500_000_000)
    #expect(await !second.passes())
    #expect(second.bench.runtime.gate.isLeaseOver && second.bench.processor.current.state.controls.isEmpty)
  }

  @Test func `wait for a process that took a replica's name over, as for any other gate`() async throws {
    let first = try await start("r1")
    let takeover = GateRenewal(
      gate: first.keeper.settings.replica, run: "run-other", isFirst: true, home: "elsewhere", isAlone: true,
      acked: .zero, lease: 3_000_000_000, at: first.bench.clock.clocks.now)
    _ = try first.bench.store.renewNow(takeover)
    let begin = first.bench.clock.clocks.monotonic()
    let receipt = try await first.bench.clock.run(step: .milliseconds(20)) {
      do { return Result<Receipt, any Error>.success(try await first.bench.impose()) } catch { return .failure(error) }
    }.get()
    #expect(receipt.state == .sealed && receipt.replicas.map(\.sealedBy) == [.ack, .lease])
    #expect(first.bench.clock.clocks.monotonic() - begin >= LeaseTimes.certainlyOver(3_000_000_000))
  }

  @Test func `stop trading a lease after their store went away, and go on when it is back`() async throws {
    let first = try await start("r1")
    try await first.running {
      first.bench.store.faults.fault = .refuses
      _ = await first.bench.clock.run(step: .milliseconds(50)) {
        await eventually { first.bench.runtime.gate.isLeaseOver }
      }
      #expect(await !first.passes())
      first.bench.store.faults.fault = .none
      let isBack = await first.bench.clock.run(step: .milliseconds(50)) { await eventually { await first.passes() } }
      #expect(isBack)
    }
  }

  @Test func `answer a stop as accepted while the store does not take it, and as sealed later`() async throws {
    let first = try await start("r1")
    _ = try await start("r2", after: first.bench)
    first.bench.store.faults.fault = .refuses
    let stop = try first.bench.stop()
    let receipt = await first.bench.clock.run(step: .milliseconds(20)) { await first.bench.processor.impose(stop) }
    #expect(receipt.state == .accepted && receipt.durability == .journaled)
    #expect(await !first.passes())
    #expect(first.bench.trace.all.contains("announced accepted"))
    first.bench.store.faults.fault = .none
    let isSealed = await first.bench.clock.run(step: .milliseconds(20)) {
      await eventually { first.bench.trace.all.contains("announced sealed") }
    }
    #expect(isSealed)
  }

  @Test func `do not let two stops at once share an epoch`() async throws {
    let first = try await start("r1")
    let second = try await start("r2", after: first.bench)
    let stops = [try first.bench.stop(), try second.bench.stop(ControlScope(tenant: Named.heron))]
    let receipts = await first.bench.clock.run(step: .milliseconds(20)) {
      async let one = first.bench.processor.impose(stops[0])
      async let other = second.bench.processor.impose(stops[1])
      return await [one, other]
    }
    #expect(Set(receipts.map(\.epoch)) == [Epoch(1), Epoch(2)])
    #expect(receipts.allSatisfy { $0.durability == .committed })
    #expect(first.bench.store.leaves.count == 2)
  }

  @Test func `do not forget a gate while it is alive, and do when it is gone`() async throws {
    let first = try await start("r1")
    let second = try await start("r2", after: first.bench)
    let admin = try first.bench.admin("ada")
    let gate = try #require(ReplicaID("r2"))
    let clock = first.bench.clock
    try await second.running {
      let refused = await clock.run(step: .milliseconds(50)) {
        await outcome { () async throws(Refusal) in
          try await first.keeper.remove(gate, by: admin, reason: "gone for good")
        }
      }
      #expect(refused == .preconditionFailed)
    }
    let removed = await clock.run(step: .milliseconds(50)) {
      await outcome { () async throws(Refusal) in
        try await first.keeper.remove(gate, by: admin, reason: "gone for good")
      }
    }
    #expect(removed == nil)
    #expect(first.bench.store.gatesNow().map(\.gate.text) == ["r1"])
    #expect(first.bench.audited.contains("gate.remove"))
  }

  @Test func `leave with an audit entry, so that nobody waits for them`() async throws {
    let first = try await start("r1")
    let second = try await start("r2", after: first.bench)
    await second.keeper.leave()
    #expect(await !second.passes())
    #expect(first.bench.store.gatesNow().map(\.gate.text) == ["r1"])
    let begin = first.bench.clock.clocks.monotonic()
    let receipt = try await first.bench.impose()
    #expect(receipt.state == .sealed && first.bench.clock.clocks.monotonic() == begin)
  }
}

/// How a command ended: the refusal's code, or nil.
private func outcome(_ work: () async throws(Refusal) -> Void) async -> RefusalCode? {
  do throws(Refusal) {
    try await work()
    return nil
  } catch {
    return error.code
  }
}
