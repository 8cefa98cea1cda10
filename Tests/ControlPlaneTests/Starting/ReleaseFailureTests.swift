import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Testing

/// What a release does when the store does not do what it should: nothing opens.
@Suite struct `A release on a failing store` {
  private func requested() async throws -> (bench: ControlBench, approval: Approval) {
    let bench = try await ControlBench.started()
    let control = try await bench.impose().controls[0].id
    return (bench, try await bench.request([control]))
  }

  @Test func `that refuses is refused, opens nothing, and can be approved when the store is back`() async throws {
    let (bench, approval) = try await requested()
    bench.store.faults.fault = .refuses
    #expect(await refusal { try await bench.approve(approval) } == .storeUnavailable)
    #expect(await bench.passes() == false)
    #expect(bench.epoch == Epoch(1))
    bench.store.faults.fault = .none
    try await bench.approve(approval)
    #expect(await bench.passes())
  }

  @Test func `that cannot record the request does not ask anybody`() async throws {
    let bench = try await ControlBench.started()
    let control = try await bench.impose().controls[0].id
    bench.store.faults.fault = .refuses
    #expect(await refusal { _ = try await bench.request([control]) } == .storeUnavailable)
    #expect(bench.processor.current.approvals.isEmpty)
  }

  @Test func `that says no and means yes stays closed until the store's word is read`() async throws {
    let (bench, approval) = try await requested()
    bench.store.faults.fault = .liesAboutFailure
    #expect(await refusal { try await bench.approve(approval) } == .storeUnavailable)
    #expect(await bench.passes() == false, "memory is only ever stricter than the store")
    bench.store.faults.fault = .none
    let restarted = try await ControlBench.started(after: bench)
    #expect(restarted.epoch == Epoch(2))
    #expect(await restarted.passes(), "two admins released it, and the store says so")
  }

  @Test func `that hangs keeps the gate closed, and a stop given meanwhile stays`() async throws {
    let (bench, approval) = try await requested()
    bench.store.faults.shut()
    let releasing = Task { try await bench.approve(approval) }
    #expect(await eventually { bench.store.faults.waitingCount == 1 })
    #expect(await bench.passes() == false)
    let stop = try bench.stop(Sample.orchid)
    let stopping = Task { await bench.processor.impose(stop) }
    #expect(await eventually { bench.processor.current.unrecorded == 1 })
    bench.store.faults.open()

    #expect(try await releasing.value.epoch == Epoch(2))
    #expect(await stopping.value.epoch == Epoch(3))
    #expect(await bench.passes() == false)
    #expect(await bench.passes(Named.order(Named.heron)))
    #expect(try await bench.store.load().state.controls.values.map(\.scope) == [Sample.orchid])
  }

  @Test func `that hangs on a stop is refused after a while instead of waiting for ever`() async throws {
    let (bench, approval) = try await requested()
    bench.store.faults.shut()
    let stop = try bench.stop(Sample.orchid)
    let stopping = Task { await bench.processor.impose(stop) }
    #expect(await eventually { bench.store.faults.waitingCount == 1 })
    let releasing = Task { await refusal { try await bench.approve(approval) } }
    let code = await bench.clock.run(step: .milliseconds(100)) { () -> RefusalCode? in
      // The refused attempt is to be audited too, which hangs with everything else.
      _ = await eventually { bench.store.faults.waitingCount == 2 }
      bench.store.faults.open()
      return await releasing.value
    }
    #expect(code == .storeUnavailable)
    _ = await stopping.value
    #expect(await bench.passes() == false)
  }
}
