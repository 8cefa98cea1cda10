import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Synchronization
import Telemetry
import Testing

/// From an alert to a stop, a proposal, or a line of the shadow log.
@Suite struct `An alert that calls for a stop` {
  private final class Desk: Sendable {
    let bench: ControlBench
    let controls: AutomaticControls
    let kept = Mutex<[AutomaticRecord]>([])

    init(_ bench: ControlBench, earlier: [AutomaticRecord] = []) {
      self.bench = bench
      let clock = bench.clock
      let box = Box()
      controls = AutomaticControls(
        AutomaticGuard.Policy(), processor: bench.processor, clocks: clock.clocks,
        ids: IDSource(seed: 9) { clock.clocks.now }, metrics: bench.metrics, earlier: earlier,
        remember: { record in box.desk.withLock { $0 }?.kept.withLock { $0.append(record) } },
        announce: { bench.trace.add("told \($0.outcome.rawValue)") })
      box.desk.withLock { $0 = self }
    }

    /// Breaks the circle of a record keeper that is made before what it keeps for.
    final class Box: Sendable {
      let desk = Mutex<Desk?>(nil)
    }
  }

  private func trigger(
    _ mode: AutomaticTrigger.Mode, _ adjust: (inout AutomaticTrigger) -> Void = { _ in }
  ) -> AutomaticTrigger {
    `A guard rail`.trigger {
      $0.mode = mode
      adjust(&$0)
    }
  }

  @Test func `in mode auto stops first and tells after, as a rule that can be named`() async throws {
    let bench = try await ControlBench.started()
    let desk = Desk(bench)
    bench.trace.clear()
    let record = await desk.controls.take(trigger(.auto)) {
      bench.trace.add("looked")
      return AutomaticTrigger.Evidence(inputs: [], exemplars: ["req-4711"])
    }
    #expect(record.outcome == .acted && record.unmet.isEmpty && record.trigger.exemplars == ["req-4711"])
    #expect(await bench.passes() == false)
    #expect(bench.trace.holds(inOrder: ["drained", "committed control.impose", "looked", "told acted"]))
    #expect(desk.kept.withLock { $0.last?.trigger.exemplars } == ["req-4711"])
    let id = try #require(record.control)
    let control = try #require(try await bench.document(id)?.control)
    #expect(control.actor == "rule:ReconciliationMismatch@1f2e3d4c")
    #expect(control.origin == .alert(fingerprint: "00ff00ff00ff00ff"))
    #expect(desk.kept.withLock { $0.last?.control } == control.id)
    #expect(bench.metrics.value("breakwater_automatic_controls_total{outcome=\"acted\"}") == 1)
  }

  @Test func `in mode shadow stops nothing and says what would have kept it back`() async throws {
    let bench = try await ControlBench.started()
    let desk = Desk(bench)
    let record = await desk.controls.take(trigger(.shadow) { $0.isBacktested = false })
    #expect(record.outcome == .shadow && record.unmet.map(\.rail) == [.backtest])
    #expect(await bench.passes())
    #expect(desk.kept.withLock { $0.count } == 1)
  }

  @Test func `in mode auto with a rail unmet only proposes`() async throws {
    let bench = try await ControlBench.started()
    let record = await Desk(bench).controls.take(trigger(.auto) { $0.isBacktested = false })
    #expect(record.outcome == .proposed)
    #expect(await bench.passes())
  }

  @Test func `acts once although it fires twice at the same moment`() async throws {
    let bench = try await ControlBench.started()
    let desk = Desk(bench)
    let first = trigger(.auto)
    let second = trigger(.auto) { ($0.alert, $0.fingerprint) = ("OtherMismatch", "11") }
    async let a = desk.controls.take(first)
    async let b = desk.controls.take(second)
    let outcomes = await [a.outcome, b.outcome]
    #expect(outcomes.count { $0 == .acted } == 1, "\(outcomes)")
    #expect(bench.processor.current.state.controls.count == 1)
  }

  @Test func `does nothing where everything is stopped already`() async throws {
    let bench = try await ControlBench.started()
    try await bench.impose()
    let record = await Desk(bench).controls.take(trigger(.auto))
    #expect(record.outcome == .alreadyStopped && record.control == nil)
    #expect(bench.processor.current.state.controls.count == 1)
  }

  @Test func `proposed is done by the person who accepts, once, within its time`() async throws {
    let bench = try await ControlBench.started()
    let desk = Desk(bench)
    let record = await desk.controls.take(trigger(.propose))
    let olive = try bench.people.principal(.operator, "olive")
    let request = RequestID(checked: "bench-request-1")
    let receipt = try await desk.controls.accept(record.id, scope: nil, reason: nil, by: olive, requestID: request)
    #expect(receipt.controls[0].actor == "olive")
    #expect(receipt.controls[0].origin == .alert(fingerprint: "00ff00ff00ff00ff"))
    #expect(await bench.passes() == false)
    let again = await refusal {
      _ = try await desk.controls.accept(record.id, scope: nil, reason: nil, by: olive, requestID: request)
    }
    #expect(again == .approvalClosed)
    #expect(try await desk.controls.control(of: record.id) == receipt.controls[0].id)
  }

  @Test func `proposed lapses after its time, and when the alert ends`() async throws {
    let bench = try await ControlBench.started()
    let desk = Desk(bench)
    let late = await desk.controls.take(trigger(.propose))
    bench.clock.advance(by: .seconds(300))
    let olive = try bench.people.principal(.operator, "olive")
    let refused = await refusal {
      _ = try await desk.controls.accept(
        late.id, scope: nil, reason: nil, by: olive, requestID: RequestID(checked: "bench-request-1"))
    }
    #expect(refused == .approvalClosed)
    let ended = await desk.controls.take(trigger(.propose))
    await desk.controls.ended("00ff00ff00ff00ff")
    #expect(await desk.controls.record(ended.id)?.outcome == .lapsed)
    #expect(await bench.passes())
  }

  @Test func `proposed may be dismissed with a reason, and not by those who only read`() async throws {
    let bench = try await ControlBench.started()
    let desk = Desk(bench)
    let record = await desk.controls.take(trigger(.propose))
    #expect(
      await refusal { _ = try await desk.controls.dismiss(record.id, reason: "no", by: "olive") } == .requestInvalid)
    let reader = try bench.people.principal(.support, "sam")
    let refused = await refusal {
      _ = try await desk.controls.accept(
        record.id, scope: nil, reason: nil, by: reader, requestID: RequestID(checked: "bench-request-1"))
    }
    #expect(refused == .accessDenied)
    let dismissed = try await desk.controls.dismiss(record.id, reason: "a fire drill next door", by: "olive")
    #expect(dismissed.outcome == .dismissed && dismissed.decidedBy == "olive")
  }

  @Test func `that names nothing to stop needs a person to name it`() async throws {
    let bench = try await ControlBench.started()
    let desk = Desk(bench)
    let record = await desk.controls.take(trigger(.auto) { $0.action = .profileDisable })
    #expect(record.outcome == .proposed && record.unmet.map(\.rail) == [.scope])
    let olive = try bench.people.principal(.operator, "olive")
    let request = RequestID(checked: "bench-request-1")
    let refused = await refusal {
      _ = try await desk.controls.accept(record.id, scope: nil, reason: nil, by: olive, requestID: request)
    }
    #expect(refused == .requestInvalid)
    let receipt = try await desk.controls.accept(
      record.id, scope: Sample.scalper, reason: "it is this profile", by: olive, requestID: request)
    #expect(receipt.controls[0].scope == Sample.scalper && receipt.controls[0].kind == .disable)
  }

  @Test func `finds its budget spent after a restart`() async throws {
    let bench = try await ControlBench.started()
    let desk = Desk(bench)
    let acted = await desk.controls.take(trigger(.auto))
    try await bench.approve(try await bench.request([try #require(acted.control)]))
    let next = Desk(bench, earlier: await desk.controls.all)
    let record = await next.controls.take(trigger(.auto))
    #expect(record.outcome == .proposed && record.unmet.map(\.rail) == [.budget, .coolDown])
    #expect(await bench.passes(), "rules never release, and this one does not stop again either")
  }
}
