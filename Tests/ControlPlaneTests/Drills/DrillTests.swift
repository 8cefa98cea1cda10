import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Telemetry
import Testing
import TradingRuntime

/// Rehearsals are scored; only a live one stops anything.
@Suite struct `A drill` {
  private func drills(
    _ bench: ControlBench, isPaper: Bool = true, meanwhile: @escaping @Sendable () -> Void = {}
  ) -> Drills {
    let runtime = bench.runtime
    let clock = bench.clock
    return Drills(
      Drills.Parts(
        rehearse: { scope, level, _ in
          runtime.gate.startRehearsal(scope, level)
          meanwhile()
          let drained = await runtime.gate.drain(hasTimedOut: { false }, pause: { _ in await Task.yield() })
          await runtime.send(Named.order())
          await runtime.send(Named.order(Named.heron))
          return Rehearsal(
            drainNanoseconds: 1_000_000, drained: drained ?? 0, isDrained: drained != nil,
            wouldRefuse: runtime.gate.endRehearsal())
        }, lastOrderOut: { runtime.gate.lastOrderOut($0) }, isPaper: isPaper),
      processor: bench.processor, runtime: runtime, store: bench.store, clocks: clock.clocks,
      ids: IDSource(seed: 5) { clock.clocks.now }, metrics: bench.metrics, sleep: { _ in })
  }

  private func run(
    _ drills: Drills, _ kind: DrillReport.Kind, _ scope: ControlScope = .global
  ) async throws -> DrillReport {
    try await drills.run(
      kind, ControlDraft(scope: scope, reason: "bench: a rehearsal"), watching: .seconds(1), by: "olive",
      requestID: RequestID(checked: "bench-request-1"))
  }

  @Test func `in the shadow goes through the real gate and stops nothing`() async throws {
    let bench = try await ControlBench.started()
    let report = try await run(drills(bench), .shadow, Sample.orchid)
    #expect(report.wouldRefuse == 1, "one of the two orders is in its scope")
    #expect(report.isPassed && report.checks.map(\.name) == ["sections drained", "sealed", "in doubt", "durable"])
    #expect(await bench.passes())
    #expect(bench.processor.current.state == ControlState())
    #expect(bench.audited == ["drill.shadow"])
    #expect(bench.metrics.value("breakwater_drill_last_success_timestamp_seconds{kind=\"shadow\"}") != nil)
  }

  @Test func `live stops for real, proves quiet, and asks another admin to start again`() async throws {
    let bench = try await ControlBench.started()
    let report = try await run(drills(bench), .live)
    #expect(report.isPassed, "\(report.checks)")
    #expect(await bench.passes() == false)
    let id = try #require(report.control)
    let control = try #require(try await bench.document(id)?.control)
    #expect(control.origin == .drill)
    let approval = try #require(bench.processor.current.approvals.first { $0.id == report.approval })
    #expect(await refusal { try await bench.approve(approval, by: "olive") } == .approvalSelf)
    try await bench.approve(approval, by: "grace")
    #expect(await bench.passes())
  }

  @Test func `live is refused where orders are real`() async throws {
    let bench = try await ControlBench.started()
    #expect(await refusal { _ = try await run(drills(bench, isPaper: false), .live) } == .requestInvalid)
    #expect(await bench.passes())
  }

  @Test func `that misses a target says which`() async throws {
    let bench = try await ControlBench.started()
    bench.runtime.setInDoubt([Sample.inDoubt(1, Named.order())])
    let report = try await run(drills(bench), .preview)
    #expect(!report.isPassed)
    #expect(report.checks.filter { !$0.isMet }.map(\.name) == ["reaches something", "nothing in doubt"])
  }

  /// Trading goes on under a shadow: an order that is just under way is no finding, one that nothing is heard of is.
  @Test func `minds orders that stay in doubt, not those under way`() async throws {
    for (before, after, isPassed) in [([], [2], true), ([1], [2], true), ([1], [1, 2], false)] {
      let bench = try await ControlBench.started()
      @Sendable func doubtful(_ numbers: [Int]) -> [(order: InDoubtOrder, scope: OrderScope)] {
        numbers.map { Sample.inDoubt($0, Named.order()) }
      }
      bench.runtime.setInDoubt(doubtful(before))
      let report = try await run(drills(bench) { bench.runtime.setInDoubt(doubtful(after)) }, .shadow)
      #expect(report.isPassed == isPassed, "\(before) then \(after): \(report.checks)")
    }
  }

  @Test func `counts nothing once it is over`() async throws {
    let bench = try await ControlBench.started()
    _ = try await run(drills(bench), .shadow)
    #expect(await bench.passes())
    #expect(bench.runtime.gate.endRehearsal() == 0)
  }
}
