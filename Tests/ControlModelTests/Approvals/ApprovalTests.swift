import ControlModel
import Testing

/// Starting again takes a second person, in time, who decides about what the first one saw.
@Suite struct `An approval` {
  private static let id = ApprovalID("apr_1")!  // an id
  private static let control = ControlID("ctl_1")!  // an id

  private func approval(_ status: Approval.Status = .pending) -> Approval {
    Approval(
      id: Self.id, controls: [Self.control], reason: "ten or more characters", requestedBy: "ada",
      requestedAt: Sample.now, epoch: Epoch(4), status: status)
  }

  private func outcome(
    _ approval: Approval, _ decision: Approval.Decision, by actor: String = "grace", after milliseconds: Int64 = 1,
    epoch: UInt64 = 4
  ) -> Result<Approval, Refusal> {
    var decided = approval
    do throws(Refusal) {
      try decided.decide(
        decision, by: actor, at: Sample.now.adding(milliseconds: milliseconds), current: Epoch(epoch))
      return .success(decided)
    } catch {
      #expect(decided == approval, "a refused decision changes nothing")
      return .failure(error)
    }
  }

  @Test(arguments: [(Approval.Decision.approve, Approval.Status.approved), (.deny, .denied)])
  func `is decided by another admin and remembers who and when`(
    decision: Approval.Decision, status: Approval.Status
  ) throws {
    let decided = try outcome(approval(), decision).get()
    #expect(decided.status == status)
    #expect(decided.decidedBy == "grace")
    #expect(decided.decidedAt == Sample.now.adding(milliseconds: 1))
  }

  @Test(arguments: [Approval.Decision.approve, .deny])
  func `is never decided by who asked for it`(decision: Approval.Decision) {
    #expect(throws: Refusal.self) { try outcome(approval(), decision, by: "ada").get() }
  }

  @Test(arguments: [Approval.Status.approved, .denied, .expired], [Approval.Decision.approve, .deny])
  func `is decided once`(status: Approval.Status, decision: Approval.Decision) {
    guard case .failure(let refusal) = outcome(approval(status), decision) else {
      Issue.record("\(status) was decided again")
      return
    }
    #expect(refusal.code == .approvalClosed)
  }

  @Test(arguments: [Approval.Decision.approve, .deny])
  func `expires after fifteen minutes, to the millisecond`(decision: Approval.Decision) throws {
    let life = Approval.lifetimeMilliseconds
    #expect(life == 900_000)
    _ = try outcome(approval(), decision, after: life - 1).get()
    guard case .failure(let refusal) = outcome(approval(), decision, after: life) else {
      Issue.record("it outlived its time")
      return
    }
    #expect(refusal.code == .approvalClosed)
    #expect(approval().status(at: Sample.now.adding(milliseconds: life - 1)) == .pending)
    #expect(approval().status(at: Sample.now.adding(milliseconds: life)) == .expired)
    #expect(approval(.approved).status(at: Sample.now.adding(milliseconds: life)) == .approved)
  }

  @Test(arguments: [UInt64(3), 5])
  func `binds approving to the epoch that was looked at; a stale request can still be denied`(epoch: UInt64) throws {
    guard case .failure(let refusal) = outcome(approval(), .approve, epoch: epoch) else {
      Issue.record("a stale request was approved")
      return
    }
    #expect(refusal.code == .preconditionFailed)
    #expect(try outcome(approval(), .deny, epoch: epoch).get().status == .denied)
  }

  @Test func `tells the requester first that they may not decide, whatever else is wrong`() {
    guard case .failure(let refusal) = outcome(approval(.denied), .approve, by: "ada", after: 2_000_000, epoch: 9)
    else {
      Issue.record("decided")
      return
    }
    #expect(refusal.code == .approvalSelf)
  }
}
