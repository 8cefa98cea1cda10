import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Testing

/// Coming up: held until what was decided before is known.
@Suite struct `A start` {
  @Test func `is held until it is opened, whatever the controls say`() async throws {
    let bench = try ControlBench()
    #expect(await bench.passes() == false)
    #expect(bench.processor.current.isHeld)
    try await bench.processor.boot(journaled: [])
    #expect(await bench.passes() == false)
    #expect(bench.processor.current.isHeld)
    await bench.processor.open()
    #expect(await bench.passes())
    #expect(!bench.processor.current.isHeld)
  }

  @Test func `finds every committed stop in force`() async throws {
    let first = try await ControlBench.started()
    let stops = [try await first.impose(Sample.orchid), try await first.impose(.global)]
    let second = try await ControlBench.started(after: first)
    #expect(second.epoch == Epoch(2))
    #expect(Set(second.processor.current.state.controls.keys) == Set(stops.flatMap(\.controls).map(\.id)))
    #expect(await second.passes() == false)
  }

  @Test func `puts a stop into force that reached only the journal, and commits it`() async throws {
    let first = try await ControlBench.started()
    first.store.faults.fault = .refuses
    let receipt = try await first.imposeInTime()
    #expect(receipt.durability == .journaled)
    let frozen = SimulatedStorage(first.disk.bytes)
    first.store.faults.fault = .none

    // The first process is still there and commits sooner or later; the second has a store of its own that never heard.
    let (journal, stops) = try ControlJournal.open(frozen, "control.journal")
    #expect(stops.map(\.id) == receipt.controls.map(\.id))
    #expect(journal.bytes > 0)
    let second = try ControlBench()
    try await second.processor.boot(journaled: stops)
    await second.processor.open()
    #expect(await second.passes() == false)
    #expect(second.audited == ["control.recover"])
    let leaf = try #require(second.store.leaves.first?.entry)
    #expect(leaf.actor == "olive" && leaf.object == receipt.controls[0].id.text)
  }

  @Test func `does not bring back from the journal what was released since`() async throws {
    let first = try await ControlBench.started()
    let control = try await first.impose().controls[0].id
    try await first.approve(try await first.request([control]))
    #expect(first.journal.bytes > 0, "the journal still holds the stop")
    let second = try await ControlBench.started(after: first)
    #expect(second.processor.current.state.controls.isEmpty)
    #expect(await second.passes())
  }

  @Test func `empties a journal whose stops are all in the store`() async throws {
    let first = try await ControlBench.started()
    try await first.impose()
    #expect(first.journal.bytes > 0)
    let second = try await ControlBench.started(after: first)
    #expect(second.journal.bytes == 0)
    let third = try await ControlBench.started(after: second)
    #expect(third.processor.current.state.controls.count == 1)
  }

  @Test func `with a store that cannot be read fails and stays held`() async throws {
    let first = try await ControlBench.started()
    try await first.impose()
    first.store.faults.fault = .refuses
    let second = try ControlBench(after: first)
    await #expect(throws: StoreFailure.self) { try await second.start() }
    #expect(second.processor.current.isHeld)
    #expect(await second.passes() == false)
  }

  @Test func `with a store that takes no commit has the journaled stop in force, and keeps trying`() async throws {
    let first = try await ControlBench.started()
    first.store.faults.fault = .refuses
    _ = try await first.imposeInTime()
    let (_, stops) = try ControlJournal.open(SimulatedStorage(first.disk.bytes), "control.journal")
    let gate = FaultSwitch()
    var between = ControlBench.Between()
    between.store = { ReadOnlyStore($0, until: gate) }
    gate.fault = .refuses
    let second = try ControlBench(between: between)
    await second.clock.run(step: .milliseconds(100)) {
      do throws(StoreFailure) {
        try await second.processor.boot(journaled: stops)
      } catch {
        Issue.record("\(error)")
      }
    }
    await second.processor.open()
    #expect(second.processor.current.unrecorded == 1)
    #expect(await second.passes() == false)
    let code = await second.clock.run(step: .milliseconds(100)) {
      await refusal { _ = try await second.request(stops.map(\.id)) }
    }
    #expect(code == .storeUnavailable)
    gate.fault = .none
    #expect(await second.settle())
    #expect(second.audited == ["control.recover"])
  }

  @Test func `on a damaged journal does not happen`() async throws {
    let first = try await ControlBench.started()
    try await first.impose()
    var bytes = first.disk.bytes
    bytes[bytes.count / 2] ^= 0xff
    let failure = #expect(throws: StoreFailure.self) {
      _ = try ControlJournal.open(SimulatedStorage(bytes), "control.journal")
    }
    #expect(failure?.kind == .corrupt)
  }

  @Test func `keeps an approval that waits, and who asked for it`() async throws {
    let first = try await ControlBench.started()
    let approval = try await first.request([try await first.impose().controls[0].id])
    let second = try await ControlBench.started(after: first)
    #expect(await refusal { try await second.approve(approval, by: "ada") } == .approvalSelf)
    try await second.approve(approval)
    #expect(await second.passes())
  }

  @Test func `keeps an approval that was denied denied`() async throws {
    let first = try await ControlBench.started()
    let approval = try await first.request([try await first.impose().controls[0].id])
    _ = try await first.processor.decide(approval.id, .deny, by: first.admin("grace"))
    let second = try await ControlBench.started(after: first)
    #expect(await refusal { try await second.approve(approval, by: "lin") } == .approvalClosed)
  }
}
