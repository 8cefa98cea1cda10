import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Synchronization
import Telemetry
import Testing

/// An approver says yes to what was previewed, and to nothing else.
@Suite struct `What is approved` {
  private final class Estate: Sendable {
    let profiles = Mutex<[ProfileKey]>([ProfileKey(tenant: Named.orchid, profile: Named.scalper)])

    var guards: ReleaseGuards {
      var guards = ReleaseGuards()
      guards.profiles = { _ in self.profiles.withLock { $0 } }
      return guards
    }
  }

  private func asked() async throws -> (ControlBench, Estate, ControlID, Approval) {
    let estate = Estate()
    let bench = try await ControlBench.started(guards: estate.guards)
    let control = try await bench.impose().controls[0].id
    return (bench, estate, control, try await bench.request([control]))
  }

  @Test func `is the digest of the plan that was looked at`() async throws {
    let (bench, _, control, approval) = try await asked()
    let plan = try await bench.processor.planRelease([control], stages: nil)
    #expect(plan.digest == approval.digest && plan.digest.utf8.count == 64)
    #expect(plan.profiles == [ProfileKey(tenant: Named.orchid, profile: Named.scalper)])
    let staged = try await bench.processor.planRelease([control], stages: ReleaseStages())
    #expect(staged.digest != plan.digest, "another way to open is another plan")
  }

  @Test func `is refused once more would start than was previewed`() async throws {
    let (bench, estate, _, approval) = try await asked()
    estate.profiles.withLock { $0.append(ProfileKey(tenant: Named.heron, profile: Named.swing)) }
    #expect(await refusal { try await bench.approve(approval) } == .preconditionFailed)
    #expect(await bench.passes() == false)
    #expect(bench.audited.last == "approval.refused")
  }

  @Test func `is refused when the requester or the approver looked at something else`() async throws {
    let (bench, _, control, approval) = try await asked()
    let asking = await refusal {
      _ = try await bench.processor.requestRelease(
        [control], reason: "bench: go on again", expecting: bench.epoch, isBreakGlass: false, previewed: "0",
        by: bench.admin("ada"))
    }
    let deciding = await refusal {
      _ = try await bench.processor.decide(approval.id, .approve, previewed: "0", by: bench.admin("grace"))
    }
    #expect(asking == .preconditionFailed && deciding == .preconditionFailed)
    _ = try await bench.processor.decide(approval.id, .approve, previewed: approval.digest, by: bench.admin("grace"))
    #expect(await bench.passes())
  }

  @Test func `survives a restart with what it is bound to`() async throws {
    let (bench, estate, _, approval) = try await asked()
    let next = try await ControlBench.started(after: bench, guards: estate.guards)
    #expect(next.processor.current.approvals == [approval])
    try await next.approve(approval)
    #expect(await next.passes())
  }

  @Test func `is void once the clock was set back before the request`() async throws {
    let (bench, _, _, approval) = try await asked()
    bench.clock.jumpWall(by: .seconds(-3600))
    #expect(await refusal { try await bench.approve(approval) } == .approvalClosed)
    #expect(await bench.passes() == false)
  }

  @Test func `is refused while the alert that caused the stop still fires`() async throws {
    let firing = Mutex(true)
    var guards = ReleaseGuards()
    guards.firingAlert = { fingerprint in firing.withLock { $0 } ? "MarketDataStale \(fingerprint)" : nil }
    let bench = try await ControlBench.started(guards: guards)
    let draft = ControlDraft(scope: .global, reason: "bench: prices are old")
    let stop = try Authorizer.proposed(
      draft, fingerprint: "00ff", by: bench.people.principal(.operator, "olive"),
      requestID: RequestID(checked: "bench-request-1"))
    let control = await bench.processor.impose(stop).controls[0].id
    #expect(await refusal { _ = try await bench.request([control]) } == .releaseBlocked)
    firing.withLock { $0 = false }
    try await bench.approve(try await bench.request([control]))
    #expect(await bench.passes())
  }

  @Test func `by nobody: break-glass is counted, told, and capped for a day`() async throws {
    let bench = try await ControlBench.started { settings in
      settings.breakGlassPerDay = 2
      settings.approvers = ["ada", "grace", "linus"]
    }
    func alone() async throws {
      let control = try await bench.impose().controls[0].id
      _ = try await bench.processor.requestRelease(
        [control], reason: "nobody else answers the phone", expecting: bench.epoch, isBreakGlass: true,
        by: bench.admin("ada"))
    }
    try await alone()
    bench.clock.advance(by: .seconds(60))
    try await alone()
    #expect(bench.metrics.value("breakwater_control_break_glass_total") == 2)
    #expect(bench.trace.all.filter { $0 == "announced broke_glass" }.count == 2)
    bench.clock.advance(by: .seconds(60))
    #expect(await refusal { try await alone() } == .approvalRequired)
    #expect(await bench.passes() == false)
    bench.clock.advance(by: .seconds(24 * 3600))
    let left = bench.processor.current.state.controls.keys.sorted()
    _ = try await bench.processor.requestRelease(
      left, reason: "nobody else answers the phone", expecting: bench.epoch, isBreakGlass: true, by: bench.admin("ada"))
    #expect(await bench.passes())
  }
}
