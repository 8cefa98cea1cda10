import BreakwaterTesting
import ControlModel
import ControlPlane
import Telemetry
import Testing
import TradingRuntime

/// Sealed says that nothing more leaves; settled, that what had left is known.
@Suite struct `A sealed stop` {
  @Test func `with nothing in doubt is settled at once`() async throws {
    let bench = try await ControlBench.started()
    let receipt = try await bench.impose()
    #expect(receipt.state == .sealed && receipt.settledAt == bench.clock.clocks.now)
    let waited = await bench.processor.impose(try bench.stop(), waiting: .seconds(5))
    #expect(waited.state == .settled)
  }

  @Test func `turns settled when the last order in doubt has a known outcome, and says so once`() async throws {
    let bench = try await ControlBench.started()
    bench.runtime.setInDoubt([Sample.inDoubt(1, Named.order()), Sample.inDoubt(2, Named.order())])
    let control = try await bench.impose().controls[0].id
    #expect(await bench.processor.receipt(control)?.settledAt == nil)
    bench.runtime.setInDoubt([Sample.inDoubt(2, Named.order()), Sample.inDoubt(3, Named.order())])
    bench.clock.advance(by: .seconds(1))
    let halfway = try #require(await bench.processor.receipt(control))
    #expect(halfway.state == .sealed && halfway.stillInDoubt?.map(\.order) == [Sample.orderID(2)])
    // One that came into doubt later is not this stop's.
    bench.runtime.setInDoubt([Sample.inDoubt(3, Named.order())])
    let isSettled = await bench.clock.run(step: .milliseconds(50)) {
      await eventually { bench.trace.all.contains("announced settled") }
    }
    #expect(isSettled)
    let receipt = try #require(await bench.processor.receipt(control))
    #expect(receipt.state == .settled && receipt.settledAt != nil && receipt.stillInDoubt?.isEmpty == true)
    #expect(bench.trace.all.filter { $0 == "announced settled" }.count == 1)
  }

  @Test func `answers sealed when settling takes longer than the caller waits`() async throws {
    let bench = try await ControlBench.started()
    bench.runtime.setInDoubt([Sample.inDoubt(1, Named.order())])
    let stop = try bench.stop()
    let receipt = await bench.clock.run(step: .milliseconds(50)) {
      await bench.processor.impose(stop, waiting: .seconds(2))
    }
    #expect(receipt.state == .sealed && receipt.settledAt == nil)
  }

  @Test func `answers settled as soon as it is, to a caller who waits`() async throws {
    let bench = try await ControlBench.started()
    bench.runtime.setInDoubt([Sample.inDoubt(1, Named.order())])
    let stop = try bench.stop()
    let answer = Task { await bench.processor.impose(stop, waiting: .seconds(30)) }
    #expect(await eventually { bench.trace.all.contains("announced sealed") })
    bench.runtime.setInDoubt([])
    let receipt = await bench.clock.run(step: .milliseconds(50)) { await answer.value }
    #expect(receipt.state == .settled)
  }

  @Test func `keeps a receipt for each of the newest stops and none for others`() async throws {
    let bench = try await ControlBench.started()
    #expect(await bench.processor.receipt(try #require(ControlID("ctl_unheard-of"))) == nil)
    let control = try await bench.impose().controls[0].id
    #expect(await bench.processor.receipt(control) != nil)
    let next = try await ControlBench.started(after: bench)
    #expect(await next.processor.receipt(control) == nil)
  }
}
