import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Testing

/// Starting again needs the epoch one looked at, a reason, and a different admin. It is written down first and takes
/// effect second.
@Suite struct `A release` {
  private func halted() async throws -> (bench: ControlBench, control: ControlID) {
    let bench = try await ControlBench.started()
    return (bench, try await bench.impose().controls[0].id)
  }

  @Test func `asked for by one admin opens nothing until another approves`() async throws {
    let (bench, control) = try await halted()
    let approval = try await bench.request([control])
    #expect(approval.requestedBy == "ada" && approval.controls == [control] && approval.epoch == Epoch(1))
    #expect(await bench.passes() == false)
    #expect(bench.metrics.value("breakwater_control_pending_approvals") == 1)

    let receipt = try await bench.approve(approval)
    #expect(receipt.state == .released)
    #expect(receipt.durability == .committed)
    #expect(receipt.epoch == Epoch(2))
    #expect(receipt.audit == 3)
    #expect(await bench.passes())
    let release = try #require(try await bench.document(control)?.release)
    #expect(release.by == "ada" && release.approvedBy == "grace" && !release.isBreakGlass)
    #expect(bench.audited == ["control.impose", "control.release_request", "control.release"])
    #expect(bench.metrics.value("breakwater_control_pending_approvals") == 0)
    #expect(bench.metrics.value("breakwater_control_halt_active") == 0)
  }

  @Test func `is recorded before the gate opens`() async throws {
    let (bench, control) = try await halted()
    let approval = try await bench.request([control])
    bench.trace.clear()
    try await bench.approve(approval)
    #expect(bench.trace.all == ["committed control.release", "gate at 2 with 0", "announced released"])
  }

  @Test func `cannot be approved by who asked for it, and the attempt is on record`() async throws {
    let (bench, control) = try await halted()
    let approval = try await bench.request([control])
    #expect(await refusal { try await bench.approve(approval, by: "ada") } == .approvalSelf)
    #expect(await bench.passes() == false)
    let attempt = try #require(bench.store.leaves.last?.entry)
    #expect(attempt.action == "approval.refused" && attempt.actor == "ada" && attempt.reason == "approval.self")
    try await bench.approve(approval)
    #expect(await bench.passes(), "a refused attempt does not use the approval up")
  }

  @Test func `is approved once: of ten admins at once one opens and nine are told it is decided`() async throws {
    let (bench, control) = try await halted()
    let approval = try await bench.request([control])
    let codes = await withTaskGroup(of: RefusalCode?.self) { group in
      for number in 0..<10 {
        group.addTask { await refusal { try await bench.approve(approval, by: "admin-\(number)") } }
      }
      return await group.reduce(into: [RefusalCode?]()) { $0.append($1) }
    }
    #expect(codes.count { $0 == nil } == 1)
    #expect(codes.count { $0 == .approvalClosed } == 9)
    #expect(bench.audited.count { $0 == "control.release" } == 1)
  }

  @Test func `denied by another admin opens nothing and stays denied`() async throws {
    let (bench, control) = try await halted()
    let approval = try await bench.request([control])
    let answer = try await bench.processor.decide(approval.id, .deny, by: bench.admin("grace"))
    guard case .denied(let denied) = answer else { throw Surprise("\(answer)") }
    #expect(denied.decidedBy == "grace")
    #expect(await refusal { try await bench.approve(approval, by: "lin") } == .approvalClosed)
    #expect(await bench.passes() == false)
    #expect(bench.audited.contains("approval.deny"))
  }

  @Test func `waits fifteen minutes for the second admin and no longer`() async throws {
    let (bench, control) = try await halted()
    let early = try await bench.request([control])
    bench.clock.advance(by: .milliseconds(15 * 60 * 1000))
    #expect(await refusal { try await bench.approve(early) } == .approvalClosed)
    #expect(await bench.passes() == false)

    let again = try await bench.request([control])
    bench.clock.advance(by: .milliseconds(15 * 60 * 1000 - 1))
    try await bench.approve(again)
    #expect(await bench.passes())
  }

  @Test func `is refused at another epoch than the present`() async throws {
    let (bench, control) = try await halted()
    for epoch in [Epoch(0), Epoch(2)] {
      #expect(await refusal { _ = try await bench.request([control], at: epoch) } == .preconditionFailed)
    }
    #expect(bench.audited == ["control.impose"])
  }

  @Test func `is void when anything changed between asking and approving`() async throws {
    let (bench, control) = try await halted()
    let approval = try await bench.request([control])
    try await bench.impose(Sample.orchid)
    #expect(await refusal { try await bench.approve(approval) } == .preconditionFailed)
    #expect(bench.processor.current.state.controls.count == 2)
  }

  @Test(arguments: [(false, "go on"), (false, "  nine char "), (true, "nineteen characters"), (true, "")])
  func `needs a reason, a longer one to go alone`(isBreakGlass: Bool, reason: String) async throws {
    let (bench, control) = try await halted()
    let code = await refusal {
      _ = try await bench.processor.requestRelease(
        [control], reason: reason, expecting: bench.epoch, isBreakGlass: isBreakGlass, by: bench.admin("ada"))
    }
    #expect(code == .requestInvalid)
    #expect(await bench.passes() == false)
  }

  @Test func `of a control that is not in force is refused`() async throws {
    let (bench, control) = try await halted()
    let other = try #require(ControlID("ctl_unheard-of"))
    #expect(await refusal { _ = try await bench.request([control, other]) } == .controlUnknown)
    try await bench.approve(try await bench.request([control]))
    #expect(await refusal { _ = try await bench.request([control]) } == .controlUnknown)
  }

  @Test func `without such a request cannot be approved`() async throws {
    let (bench, _) = try await halted()
    let unknown = try #require(ApprovalID("apr_unheard-of"))
    let code = await refusal { _ = try await bench.processor.decide(unknown, .approve, by: bench.admin("grace")) }
    #expect(code == .notFound)
    #expect(bench.audited == ["control.impose"])
  }

  @Test func `is refused while an order of the scope is in doubt, when asked and when approved`() async throws {
    let (bench, control) = try await halted()
    bench.runtime.setInDoubt([Sample.inDoubt(1, Named.order())])
    #expect(await refusal { _ = try await bench.request([control]) } == .releaseBlocked)
    bench.runtime.setInDoubt([])
    let approval = try await bench.request([control])
    bench.runtime.setInDoubt([Sample.inDoubt(1, Named.order())])
    #expect(await refusal { try await bench.approve(approval) } == .releaseBlocked)
    #expect(await bench.passes() == false)
    bench.runtime.setInDoubt([])
    try await bench.approve(approval)
    #expect(await bench.passes())
  }

  @Test func `does not mind doubt in another scope`() async throws {
    let bench = try await ControlBench.started()
    let control = try await bench.impose(Sample.orchid).controls[0].id
    bench.runtime.setInDoubt([Sample.inDoubt(1, Named.order(Named.heron))])
    try await bench.approve(try await bench.request([control]))
    #expect(await bench.passes())
  }

  @Test func `lifts what it names and nothing else`() async throws {
    let bench = try await ControlBench.started()
    let wide = try await bench.impose().controls[0].id
    let narrow = try await bench.impose(Sample.scalper).controls[0].id
    try await bench.approve(try await bench.request([wide]))
    #expect(bench.processor.current.state.controls.keys.map(\.self) == [narrow])
    #expect(await bench.passes() == false)
    #expect(await bench.passes(Named.order(Named.heron)))
  }

  @Test func `by break-glass needs one admin and says so for ever`() async throws {
    let (bench, control) = try await halted()
    let answer = try await bench.processor.requestRelease(
      [control], reason: "nobody else answers the phone", expecting: bench.epoch, isBreakGlass: true,
      by: bench.admin("ada"))
    guard case .released(let receipt) = answer else { throw Surprise("\(answer)") }
    #expect(receipt.state == .released)
    #expect(await bench.passes())
    let release = try #require(try await bench.document(control)?.release)
    #expect(release.isBreakGlass && release.by == "ada" && release.approvedBy == nil)
    #expect(bench.audited.last == "control.release_break_glass")
  }

  @Test func `needs no second admin where the installation says so`() async throws {
    let bench = try await ControlBench.started { $0.requiresApproval = false }
    let control = try await bench.impose().controls[0].id
    let answer = try await bench.processor.requestRelease(
      [control], reason: "a small shop of one", expecting: bench.epoch, isBreakGlass: false, by: bench.admin("ada"))
    guard case .released = answer else { throw Surprise("\(answer)") }
    #expect(try await bench.document(control)?.release?.approvedBy == nil)
  }
}
