import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Synchronization
import Telemetry
import Testing

/// A release in stages: one profile first, then more, each stage watched; anything wrong and everything is stopped again.
@Suite struct `A staged release` {
  private static let stages = ReleaseStages(watchMilliseconds: 1_000, sharePercent: 50)
  private static let first = Named.order(Named.heron, Named.scalper)
  private static let last = Named.order(Named.orchid, Named.swing)

  /// What the guards say, in a test's hands.
  private final class Weather: Sendable {
    let alarm = Mutex<Obstacle?>(nil)
    let obstacles = Mutex<[Obstacle]>([])

    var guards: ReleaseGuards {
      var guards = ReleaseGuards()
      guards.profiles = { _ in
        [Named.heron, Named.orchid].flatMap { tenant in
          [Named.scalper, Named.swing].map { ProfileKey(tenant: tenant, profile: $0) }
        }
      }
      guards.alarm = { _, _ in self.alarm.withLock { $0 } }
      guards.obstacles = { _ in self.obstacles.withLock { $0 } }
      return guards
    }
  }

  private func releasing(
    _ weather: Weather = Weather()
  ) async throws -> (bench: ControlBench, control: ControlID, receipt: Receipt) {
    let bench = try await ControlBench.started(guards: weather.guards)
    let control = try await bench.impose().controls[0].id
    let receipt = try await bench.approve(try await bench.request([control], stages: Self.stages))
    return (bench, control, receipt)
  }

  /// Moves time on in small steps until `isThere`; it is asked before each step, so no stage passes unseen.
  private func reaches(_ bench: ControlBench, _ isThere: () -> Bool) async -> Bool {
    for _ in 0..<5_000 {
      if isThere() { return true }
      bench.clock.advance(by: .milliseconds(50))
      try? await Task.sleep(for: .milliseconds(1))
    }
    return isThere()
  }

  @Test func `opens one profile to reduce, then to trade, then a share, then all`() async throws {
    let (bench, control, receipt) = try await releasing()
    #expect(receipt.state == .releasing)
    #expect(await bench.runtime.send(Self.first) == false)
    #expect(await bench.runtime.send(Self.first, isReducing: true))
    #expect(await bench.runtime.send(Self.last, isReducing: true) == false)
    #expect(bench.processor.current.rollouts.map(\.stage) == [1])

    #expect(await reaches(bench) { bench.processor.current.rollouts.first?.stage == 2 })
    #expect(await bench.runtime.send(Self.first))
    #expect(await bench.runtime.send(Self.last) == false)
    #expect(try await bench.document(control)?.release == nil, "in the store it is in force until the last stage")

    #expect(await reaches(bench) { bench.processor.current.state.controls.isEmpty })
    #expect(await bench.runtime.send(Self.last))
    #expect(bench.processor.current.rollouts.isEmpty)
    let release = try #require(try await bench.document(control)?.release)
    #expect(release.by == "ada" && release.approvedBy == "grace")
    #expect(
      bench.audited == [
        "control.impose", "control.release_request", "control.release_stage", "control.release_stage",
        "control.release_stage", "control.release",
      ])
  }

  @Test func `is recorded before each stage opens`() async throws {
    let bench = try await ControlBench.started(guards: Weather().guards)
    let control = try await bench.impose().controls[0].id
    let approval = try await bench.request([control], stages: Self.stages)
    bench.trace.clear()
    try await bench.approve(approval)
    #expect(bench.trace.holds(inOrder: ["committed control.release_stage", "gate at 2", "announced stage"]))
  }

  @Test func `stops again by itself when something is wrong in a stage`() async throws {
    let weather = Weather()
    let (bench, control, _) = try await releasing(weather)
    #expect(await reaches(bench) { bench.processor.current.rollouts.first?.stage == 2 })
    #expect(await bench.runtime.send(Self.first))
    bench.trace.clear()
    weather.alarm.withLock { $0 = Obstacle(.reconciliation, "the books differ") }
    #expect(await reaches(bench) { bench.audited.last == "control.release_tripped" })
    #expect(await bench.runtime.send(Self.first) == false)
    #expect(
      bench.trace.holds(inOrder: [
        "gate at 3 with 1", "drained", "announced tripped", "committed control.release_tripped",
      ]))
    #expect(bench.processor.current.rollouts.isEmpty)
    #expect(bench.processor.current.state.controls.keys.map(\.self) == [control])
    #expect(bench.store.leaves.last?.entry.reason == "the books differ")
  }

  @Test func `stops again when somebody stops part of its scope meanwhile`() async throws {
    let (bench, _, _) = try await releasing()
    try await bench.impose(Sample.orchid)
    #expect(await reaches(bench) { bench.audited.last == "control.release_tripped" })
    #expect(await bench.runtime.send(Self.first, isReducing: true) == false)
    #expect(bench.processor.current.state.controls.count == 2)
  }

  @Test func `closes at a tripwire even when the store refuses, and writes it down later`() async throws {
    let weather = Weather()
    let (bench, _, _) = try await releasing(weather)
    bench.store.faults.fault = .refuses
    weather.alarm.withLock { $0 = Obstacle(.feed, "the newest price is 1m old") }
    #expect(await reaches(bench) { bench.processor.current.rollouts.isEmpty })
    #expect(await bench.runtime.send(Self.first, isReducing: true) == false)
    bench.store.faults.fault = .none
    #expect(await reaches(bench) { bench.audited.last == "control.release_tripped" })
  }

  @Test func `does not go on when the next stage cannot be recorded`() async throws {
    let (bench, _, _) = try await releasing()
    bench.store.faults.fault = .refuses
    #expect(await reaches(bench) { bench.processor.current.rollouts.isEmpty })
    #expect(await bench.runtime.send(Self.first, isReducing: true) == false)
    bench.store.faults.fault = .none
    #expect(await reaches(bench) { bench.audited.last == "control.release_tripped" })
  }

  @Test func `looks once more before each stage, as before the first`() async throws {
    let weather = Weather()
    let (bench, _, _) = try await releasing(weather)
    weather.obstacles.withLock { $0 = [Obstacle(.reconciliation, "the books differ in one place")] }
    #expect(await reaches(bench) { bench.audited.last == "control.release_tripped" })
    #expect(await bench.runtime.send(Self.first, isReducing: true) == false)
  }

  @Test func `ended by a crash in a stage leaves everything stopped`() async throws {
    let (bench, control, _) = try await releasing()
    #expect(await bench.runtime.send(Self.first, isReducing: true))
    let next = try await ControlBench.started(after: bench)
    #expect(await next.runtime.send(Self.first, isReducing: true) == false)
    #expect(next.processor.current.state.controls.keys.map(\.self) == [control])
    #expect(next.processor.current.rollouts.isEmpty)
    try await next.approve(try await next.request([control]))
    #expect(await next.runtime.send(Self.first))
  }

  @Test func `cannot be asked for twice at once`() async throws {
    let (bench, control, _) = try await releasing()
    #expect(await refusal { _ = try await bench.request([control]) } == .releaseBlocked)
  }

  @Test func `is refused with every reason by name while something stands in the way`() async throws {
    let weather = Weather()
    let bench = try await ControlBench.started(guards: weather.guards)
    let control = try await bench.impose().controls[0].id
    weather.obstacles.withLock {
      $0 = [Obstacle(.reconciliation, "the books differ"), Obstacle(.feed, "no price has come since the start")]
    }
    bench.runtime.setInDoubt([Sample.inDoubt(1, Named.order())])
    do {
      _ = try await bench.request([control])
      Issue.record("it was not refused")
    } catch let refusal as Refusal {
      #expect(refusal.code == .releaseBlocked)
      #expect(refusal.fields.map(\.field) == ["in_doubt", "reconciliation", "feed"])
    }
    let plan = try await bench.processor.planRelease([control], stages: nil)
    #expect(plan.obstacles.map(\.name) == [.inDoubt, .reconciliation, .feed])
    #expect(bench.audited == ["control.impose"], "nothing half-applied")
  }
}
