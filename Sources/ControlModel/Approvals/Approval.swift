/// A request to release controls, waiting for a different admin. Pure: time and the current epoch are passed in.
package struct Approval: Equatable, Sendable {
  package enum Status: String, Sendable {
    case pending, approved, denied, expired
  }

  package let id: ApprovalID
  /// What would be released.
  package let controls: [ControlID]
  package let reason: String
  package let requestedBy: String
  package let requestedAt: WallTime
  package let expiresAt: WallTime
  /// The epoch the requester looked at. Approving binds to it: any control change in between makes the request stale.
  package let epoch: Epoch
  package private(set) var status: Status
  package private(set) var decidedBy: String?
  package private(set) var decidedAt: WallTime?

  /// How long a second person has to answer.
  package static let lifetimeMilliseconds: Int64 = 15 * 60 * 1000

  package init(
    id: ApprovalID, controls: [ControlID], reason: String, requestedBy: String, requestedAt: WallTime, epoch: Epoch,
    expiresAt: WallTime? = nil, status: Status = .pending, decidedBy: String? = nil, decidedAt: WallTime? = nil
  ) {
    self.id = id
    self.controls = controls
    self.reason = reason
    self.requestedBy = requestedBy
    self.requestedAt = requestedAt
    self.expiresAt = expiresAt ?? requestedAt.adding(milliseconds: Self.lifetimeMilliseconds)
    self.epoch = epoch
    self.status = status
    self.decidedBy = decidedBy
    self.decidedAt = decidedAt
  }

  /// The status a reader sees at `now`: a pending request past its time has expired.
  package func status(at now: WallTime) -> Status {
    status == .pending && now >= expiresAt ? .expired : status
  }

  /// Records a decision. Refuses `approval.self` for the requester, `approval.closed` when decided or expired, and
  /// `precondition.failed` when the control state moved since the request (approving only; a stale request can be denied).
  package mutating func decide(
    _ decision: Decision, by actor: String, at now: WallTime, current: Epoch
  ) throws(Refusal) {
    guard actor != requestedBy else {
      throw Refusal(
        .approvalSelf, "\(actor) asked for this release; a different admin must decide it, or release with break-glass."
      )
    }
    let seen = status(at: now)
    guard seen == .pending else {
      throw Refusal(.approvalClosed, "Approval \(id) is already \(seen.rawValue); request the release again.")
    }
    if decision == .approve, current != epoch { throw ControlState.stale(expected: epoch, current: current) }
    status = decision == .approve ? .approved : .denied
    decidedBy = actor
    decidedAt = now
  }

  package enum Decision: String, Sendable {
    case approve, deny
  }
}
