import BreakwaterTesting
import ControlModel
import ControlPlane
import Synchronization
import Testing
import TradingRuntime

/// Closing positions takes a second person; the stop it comes with does not.
@Suite struct `A stop that also flattens` {
  private final class Work: Sendable {
    let runs = Mutex(0)
    let door = FaultSwitch()

    var between: ControlBench.Between {
      var between = ControlBench.Between()
      between.flatten = { _, _, _, _, _, report in
        self.runs.withLock { $0 += 1 }
        var progress = FlattenProgress(positions: 2)
        await self.door.pass()
        progress.closed = 2
        progress.isDone = true
        await report(progress)
        return progress
      }
      return between
    }
  }

  private func stopped(_ work: Work) async throws -> (bench: ControlBench, control: ControlID, approval: ApprovalID) {
    let bench = try await ControlBench.started(between: work.between)
    let receipt = await bench.processor.impose(try bench.stop(flatten: true))
    guard case .waiting(let approval) = receipt.flattening else { throw Surprise("\(receipt)") }
    #expect(receipt.state == .sealed && receipt.durability == .committed)
    return (bench, receipt.controls[0].id, approval)
  }

  @Test func `is sealed at once and flattens nothing before another admin approves`() async throws {
    let work = Work()
    let (bench, control, approval) = try await stopped(work)
    #expect(work.runs.withLock { $0 } == 0)
    #expect(await bench.passes() == false)
    let own = await refusal { _ = try await bench.processor.decide(approval, .approve, by: bench.admin("olive")) }
    #expect(own == .approvalSelf)
    _ = try await bench.processor.decide(approval, .approve, by: bench.admin("grace"))
    #expect(await eventually { bench.audited.contains("control.flatten_end") })
    #expect(work.runs.withLock { $0 } == 1)
    guard case .ended(let progress)? = await bench.processor.receipt(control)?.flattening else {
      throw Surprise("it has not ended")
    }
    #expect(progress.closed == 2)
    #expect(bench.processor.current.state.exits.isEmpty, "the grant ends with the work")
    #expect(await bench.passes() == false, "the stop stands")
    #expect(
      bench.audited == [
        "control.impose", "control.flatten_request", "approval.refused", "control.flatten", "control.flatten_end",
      ])
  }

  @Test func `grants exits only while it runs, and a new stop takes them away`() async throws {
    let work = Work()
    work.door.shut()
    let (bench, control, approval) = try await stopped(work)
    _ = try await bench.processor.decide(approval, .approve, by: bench.admin("grace"))
    #expect(bench.processor.current.state.exits == [control])
    #expect(bench.processor.current.state.admitsExit(Named.order()))
    try await bench.impose()
    #expect(!bench.processor.current.state.admitsExit(Named.order()))
    work.door.open()
    #expect(await eventually { bench.processor.current.state.exits.isEmpty })
  }

  @Test func `denied flattens nothing`() async throws {
    let work = Work()
    let (bench, _, approval) = try await stopped(work)
    _ = try await bench.processor.decide(approval, .deny, by: bench.admin("grace"))
    #expect(
      await refusal { _ = try await bench.processor.decide(approval, .approve, by: bench.admin("linus")) }
        == .approvalClosed)
    #expect(work.runs.withLock { $0 } == 0)
  }

  @Test func `does not flatten after a restart: the stop stays, and a new one asks again`() async throws {
    let work = Work()
    let (bench, _, approval) = try await stopped(work)
    let next = try await ControlBench.started(after: bench, between: work.between)
    #expect(
      await refusal { _ = try await next.processor.decide(approval, .approve, by: next.admin("grace")) }
        == .releaseBlocked)
    #expect(work.runs.withLock { $0 } == 0)
    #expect(await next.passes() == false)
  }

  @Test func `stands although the flattening could not be asked for`() async throws {
    let bench = try await ControlBench.started(between: Work().between)
    bench.store.faults.fault = .refuses
    let stop = try bench.stop(flatten: true)
    let receipt = await bench.clock.run(step: .milliseconds(100)) { await bench.processor.impose(stop) }
    guard case .notAsked = receipt.flattening else { throw Surprise("\(receipt)") }
    #expect(receipt.durability == .journaled)
    #expect(await bench.passes() == false)
  }
}
