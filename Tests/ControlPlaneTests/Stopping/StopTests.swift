import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Telemetry
import Testing
import TradingRuntime

/// A stop takes effect first and is written down second; its answer is a proof.
@Suite struct `A stop` {
  @Test func `closes, drains, journals, commits, announces and answers, in this order`() async throws {
    let bench = try await ControlBench.started()
    bench.trace.clear()
    try await bench.impose()
    bench.trace.add("answered")
    #expect(
      bench.trace.all == [
        "gate at 1 with 1", "drained", "journal written", "committed control.impose", "gate at 1 with 1",
        "announced sealed", "answered",
      ])
  }

  @Test func `answers with what was closed, by whom it is proven and where it is written`() async throws {
    let bench = try await ControlBench.started()
    let before = await bench.passes()
    let lastOut = bench.clock.clocks.now
    bench.clock.advance(by: .seconds(5))
    let receipt = try await bench.impose()

    #expect(before)
    #expect(receipt.state == .sealed)
    #expect(receipt.durability == .committed)
    #expect(receipt.epoch == Epoch(1))
    #expect(receipt.requestID == RequestID(checked: "bench-request-1"))
    #expect(receipt.requestedAt == bench.clock.clocks.now)
    #expect(receipt.closedAt == bench.clock.clocks.now)
    #expect(receipt.durableAt == bench.clock.clocks.now)
    #expect(receipt.audit == 1)
    #expect(receipt.replicas.map(\.replica.text) == ["r1"])
    #expect(receipt.replicas.map(\.sealedBy) == [.ack])
    #expect(receipt.replicas.map(\.epoch) == [Epoch(1)])
    #expect(receipt.replicas.map(\.lastOrderOutAt) == [lastOut])
    let control = try #require(receipt.controls.first)
    #expect(control.actor == "olive")
    #expect(control.origin == .human)
    #expect(control.reason == "bench: stop trading")
    #expect(control.reviewBy == bench.clock.clocks.now.adding(milliseconds: 30 * 60 * 1000))
    #expect(try await bench.document(control.id) == ControlDocument(control: control, release: nil))
    let leaf = try #require(bench.store.leaves.first?.entry)
    #expect(leaf.action == "control.impose" && leaf.actor == "olive" && leaf.object == control.id.text)
    #expect(leaf.reason == control.reason && leaf.requestID == receipt.requestID)
  }

  @Test func `is not answered while an order is between check and wire, and counts it`() async throws {
    let bench = try await ControlBench.started()
    let wire = FaultSwitch()
    wire.shut()
    let order = Task { await bench.runtime.send(Named.order()) { await wire.pass() } }
    #expect(await eventually { wire.waitingCount == 1 })
    let stop = try bench.stop()
    let answer = Task { await bench.processor.impose(stop) }
    #expect(await eventually { bench.processor.current.state.epoch == Epoch(1) })

    #expect(await bench.passes() == false, "the gate is closed before the order on its way has left")
    #expect(!bench.trace.all.contains("drained"))
    #expect(!bench.trace.all.contains("committed control.impose"))
    wire.open()
    let receipt = await answer.value
    #expect(await order.value)
    #expect(receipt.replicas.map(\.drained) == [1])
    #expect(receipt.refusedSince == 1)
  }

  @Test func `lists orders of its scope whose fate is unknown, and only those`() async throws {
    let bench = try await ControlBench.started()
    bench.runtime.setInDoubt([
      Sample.inDoubt(1, Named.order()), Sample.inDoubt(2, Named.order(Named.heron)),
      Sample.inDoubt(3, Named.order(Named.orchid, Named.swing)),
    ])
    let narrow = try await bench.impose(Sample.scalper)
    let wide = try await bench.impose(.global)
    #expect(narrow.replicas.flatMap(\.inDoubt).map(\.order) == [Sample.orderID(1)])
    #expect(wide.replicas.flatMap(\.inDoubt).count == 3)
  }

  @Test func `has the orders of its scope taken back after it is sealed, and says how many`() async throws {
    let bench = try await ControlBench.started()
    bench.runtime.setWorking([
      Sample.orderID(1): Named.order(), Sample.orderID(2): Named.order(Named.heron), Sample.orderID(3): Named.order(),
    ])
    bench.trace.clear()
    let receipt = try await bench.impose(Sample.orchid)
    #expect(receipt.cancelMode == .entries)
    #expect(receipt.cancel == CancelReport(requested: 2, confirmed: 2))
    #expect(bench.runtime.cancels == [Sample.orderID(1), Sample.orderID(3)])
    #expect(bench.trace.holds(inOrder: ["drained", "committed control.impose", "cancels"]))
  }

  @Test func `takes no order back when asked not to`() async throws {
    let bench = try await ControlBench.started()
    bench.runtime.setWorking([Sample.orderID(1): Named.order()])
    let receipt = try await bench.impose(cancel: .none)
    #expect(receipt.cancel == CancelReport())
    #expect(bench.runtime.cancels.isEmpty)
  }

  @Test func `does not wait for a venue that is slow with cancels`() async throws {
    let bench = try await ControlBench.started()
    bench.runtime.setWorking([Sample.orderID(1): Named.order()])
    bench.runtime.line.shut()
    let receipt = try await bench.imposeInTime(or: { bench.runtime.line.waitingCount == 1 })
    #expect(receipt.state == .sealed)
    #expect(receipt.cancel == CancelReport(requested: 1, confirmed: 0))
    #expect(bench.runtime.cancels.isEmpty)
    bench.runtime.line.open()
    #expect(await eventually { bench.runtime.cancels == [Sample.orderID(1)] }, "the rest is asked for after the answer")
  }

  @Test func `goes its way when its caller hangs up`() async throws {
    let bench = try await ControlBench.started()
    bench.store.faults.shut()
    let stop = try bench.stop()
    let caller = Task { await bench.processor.impose(stop) }
    #expect(await eventually { bench.store.faults.waitingCount == 1 })
    caller.cancel()
    bench.store.faults.open()
    #expect(await caller.value.durability == .committed)
    #expect(bench.audited == ["control.impose"])
    #expect(await bench.passes() == false)
  }

  @Test func `of one scope leaves every other scope trading`() async throws {
    let bench = try await ControlBench.started()
    try await bench.impose(Sample.scalper)
    #expect(await bench.passes() == false)
    #expect(await bench.passes(Named.order(Named.orchid, Named.swing)))
    #expect(await bench.passes(Named.order(Named.heron)))
  }

  @Test func `given fifty times at once becomes fifty controls with fifty epochs, none lost`() async throws {
    let bench = try await ControlBench.started()
    let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
      for _ in 0..<50 { group.addTask { try await bench.impose() } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(receipts.map(\.epoch)) == Set((1...50).map { Epoch($0) }))
    #expect(receipts.allSatisfy { $0.durability == .committed })
    #expect(Set(receipts.compactMap(\.audit)).count == 50)
    #expect(try await bench.store.load().state.controls.count == 50)
    #expect(bench.epoch == Epoch(50))
    #expect(bench.processor.current.unrecorded == 0)
  }

  @Test func `shows on the gauges the alerts read`() async throws {
    let bench = try await ControlBench.started()
    try await bench.impose()
    #expect(bench.metrics.value("breakwater_control_halt_active") == 1)
    #expect(bench.metrics.value("breakwater_controls_active") == 1)
    #expect(bench.metrics.value("breakwater_control_epoch") == 1)
    #expect(bench.metrics.value(#"breakwater_control_ack_epoch{replica="r1"}"#) == 1)
    #expect(bench.metrics.value("breakwater_control_unrecorded") == 0)
  }
}
