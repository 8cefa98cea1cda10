import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Telemetry
import Testing

/// A disk that refuses, hangs, tears or lies never delays a stop's effect, and the receipt says what is not durable.
@Suite struct `A stop on a failing disk` {
  @Test func `that refuses the store is in effect, on the journal, and committed when the store is back`() async throws
  {
    let bench = try await ControlBench.started()
    bench.store.faults.fault = .refuses
    let receipt = try await bench.imposeInTime()
    #expect(receipt.state == .sealed)
    #expect(receipt.durability == .journaled)
    #expect(receipt.durableAt != nil && receipt.audit == nil)
    #expect(await bench.passes() == false)
    #expect(bench.processor.current.unrecorded == 1)
    #expect(bench.metrics.value("breakwater_control_unrecorded") == 1)

    bench.store.faults.fault = .none
    #expect(await bench.settle())
    #expect(bench.audited == ["control.impose"])
    #expect(await eventually { bench.trace.all.last == "announced recorded" })
    #expect(await bench.passes() == false)
    let control = try #require(receipt.controls.first?.id)
    #expect(
      await eventually {
        let now = await bench.processor.receipt(control)
        return now?.durability == .committed && now?.audit == 1
      }, "what is true of the stop now says that it is committed")
  }

  @Test func `that hangs the store is answered within the wait`() async throws {
    let bench = try await ControlBench.started()
    bench.store.faults.shut()
    let begin = bench.clock.clocks.monotonic()
    let receipt = try await bench.imposeInTime()
    #expect(receipt.durability == .journaled)
    #expect(receipt.elapsedNanoseconds >= 1_000_000_000)
    #expect(receipt.elapsedNanoseconds <= bench.clock.clocks.monotonic() - begin)
    bench.store.faults.open()
    #expect(await bench.settle())
    #expect(bench.audited == ["control.impose"])
  }

  @Test func `that refuses the journal is committed all the same, and counted`() async throws {
    let bench = try await ControlBench.started()
    bench.disk.faults.fault = .refuses
    let receipt = try await bench.impose()
    #expect(receipt.durability == .committed)
    #expect(bench.metrics.value("breakwater_audit_write_failures_total") == 1)
  }

  @Test(arguments: [Fault.refuses, .tears(after: 7), .liesAboutFailure])
  func `that refuses both is in effect, says it is durable nowhere, and is written down later`(
    fault: Fault
  ) async throws {
    let bench = try await ControlBench.started()
    bench.store.faults.fault = .refuses
    bench.disk.faults.fault = fault
    let receipt = try await bench.imposeInTime()
    // A process that died now would know nothing of it.
    #expect(receipt.state == .accepted)
    #expect(receipt.durability == .pending)
    #expect(receipt.durableAt == nil && receipt.audit == nil)
    #expect(await bench.passes() == false)

    bench.disk.faults.fault = .none
    bench.store.faults.fault = .none
    #expect(await bench.settle())
    #expect(try await bench.document(receipt.controls[0].id) != nil)
    #expect(await eventually { await bench.processor.receipt(receipt.controls[0].id)?.state != .accepted })
  }

  @Test func `whose sync hangs is in effect and answered as durable nowhere`() async throws {
    let hanging = HangingStorage()
    var between = ControlBench.Between()
    between.disk = { _ in hanging }
    let bench = try await ControlBench.started(between: between)
    hanging.hang()
    let receipt = try await bench.imposeInTime(or: { hanging.isBlocking })
    #expect(receipt.durability == .pending)
    #expect(await bench.passes() == false)
    hanging.goOn()
    #expect(await bench.settle())
  }

  @Test func `that says no and means yes leaves one control and one audit row`() async throws {
    let bench = try await ControlBench.started()
    bench.store.faults.fault = .liesAboutFailure
    let receipt = try await bench.imposeInTime()
    #expect(receipt.durability == .journaled)
    bench.store.faults.fault = .none
    #expect(await bench.settle())
    #expect(bench.audited == ["control.impose"])
    #expect(bench.epoch == Epoch(1))
    #expect(bench.processor.current.state.controls.keys.map(\.text) == [receipt.controls[0].id.text])
  }

  @Test func `keeps its place: stops are committed in the order of their journal, each once`() async throws {
    let bench = try await ControlBench.started()
    bench.store.faults.fault = .refuses
    var ids: [ControlID] = []
    for scope in [ControlScope.global, Sample.orchid, Sample.scalper] {
      ids.append(try await bench.imposeInTime(scope).controls[0].id)
    }
    #expect(bench.processor.current.unrecorded == 3)
    bench.store.faults.fault = .none
    #expect(await bench.settle())
    let stored = try await bench.store.load().state.controls.values.sorted { $0.epoch < $1.epoch }
    #expect(stored.map(\.id) == ids)
    #expect(stored.map(\.epoch) == [Epoch(1), Epoch(2), Epoch(3)])
  }

  @Test func `forbids every release until the store has taken it`() async throws {
    let bench = try await ControlBench.started()
    let old = try await bench.impose(Sample.orchid)
    bench.store.faults.fault = .refuses
    let recent = try await bench.imposeInTime(Sample.scalper)
    #expect(recent.durability == .journaled)
    let code = await bench.clock.run(step: .milliseconds(100)) {
      await refusal { _ = try await bench.request(old.controls.map(\.id)) }
    }
    #expect(code == .storeUnavailable)
    bench.store.faults.fault = .none
    #expect(await bench.settle())
    let approval = try await bench.request(old.controls.map(\.id))
    #expect(approval.epoch == Epoch(2))
  }

  @Test func `is committed before a release that waited longer for the store`() async throws {
    let bench = try await ControlBench.started()
    let first = try await bench.impose(Sample.orchid)
    let approval = try await bench.request(first.controls.map(\.id))
    bench.store.faults.shut()
    let second = try bench.stop(Sample.scalper)
    let stopping = Task { await bench.processor.impose(second) }
    #expect(await eventually { bench.store.faults.waitingCount == 1 })
    let releasing = Task { await refusal { try await bench.approve(approval) } }
    bench.store.faults.open()
    #expect(await stopping.value.epoch == Epoch(2))
    #expect(await releasing.value == .preconditionFailed, "the state moved since the approval was asked for")
    #expect(await bench.passes() == false)
  }

  @Test func `empties a journal that has grown long, and not while a stop is only there`() async throws {
    let bench = try await ControlBench.started { $0.journalBytesMax = 1 }
    try await bench.impose()
    #expect(await eventually { bench.journal.bytes == 0 })
    bench.store.faults.fault = .refuses
    _ = try await bench.imposeInTime()
    #expect(bench.journal.bytes > 0)
  }

  @Test func `stays in the journal while an earlier stop's commit empties what it may`() async throws {
    let bench = try await ControlBench.started { $0.journalBytesMax = 1 }
    bench.store.faults.shut()
    let (first, second) = (try bench.stop(Sample.orchid), try bench.stop(Sample.scalper))
    let one = Task { await bench.processor.impose(first) }
    #expect(await eventually { bench.store.faults.waitingCount == 1 })
    let written = bench.disk.faults.tries
    let other = Task { await bench.processor.impose(second) }
    #expect(await eventually { bench.disk.faults.tries > written })

    bench.store.faults.letThrough()
    #expect(await one.value.durability == .committed)
    #expect(await eventually { bench.store.faults.waitingCount == 1 })
    let (_, journaled) = try ControlJournal.open(SimulatedStorage(bench.disk.bytes), "control.journal")
    #expect(journaled.map(\.scope).contains(Sample.scalper), "a crash now would lose it")
    bench.store.faults.open()
    #expect(await other.value.durability == .committed)
    #expect(await eventually { bench.journal.bytes == 0 })
  }
}
