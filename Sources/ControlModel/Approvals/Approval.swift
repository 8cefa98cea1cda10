/// A request to release controls, or to flatten under one, waiting for a different admin. Pure: time and the current epoch
/// are passed in.
package struct Approval: Equatable, Sendable {
  package enum Kind: String, Sendable {
    case release, flatten
  }

  package enum Status: String, Sendable {
    case pending, approved, denied, expired
  }

  package let id: ApprovalID
  package let kind: Kind
  /// What would be released; for a flattening, the control it goes with.
  package let controls: [ControlID]
  package let reason: String
  package let requestedBy: String
  package let requestedAt: WallTime
  package let expiresAt: WallTime
  /// The epoch the requester looked at. Approving binds to it: any control change in between makes the request stale.
  package let epoch: Epoch
  /// SHA-256 in hex of what was previewed: the controls, the epoch, the stages and who would trade again. Empty for
  /// approvals older than this field.
  package let digest: String
  /// How it opens; nil at once.
  package let stages: ReleaseStages?
  package private(set) var status: Status
  package private(set) var decidedBy: String?
  package private(set) var decidedAt: WallTime?

  /// How far the wall clock may have been set back before requests made earlier are void: their time can no longer be told.
  package static let clockToleranceMilliseconds: Int64 = 5_000
  /// How long a second person has to answer.
  package static let lifetimeMilliseconds: Int64 = 15 * 60 * 1000

  package init(
    id: ApprovalID, kind: Kind = .release, controls: [ControlID], reason: String, requestedBy: String,
    requestedAt: WallTime, epoch: Epoch, digest: String = "", stages: ReleaseStages? = nil,
    expiresAt: WallTime? = nil, status: Status = .pending, decidedBy: String? = nil, decidedAt: WallTime? = nil
  ) {
    self.id = id
    self.kind = kind
    self.digest = digest
    self.stages = stages
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

  /// The status a reader sees at `now`: a pending request past its time has expired, and so has one from a time that, by
  /// a clock that was set back, has not come yet.
  package func status(at now: WallTime) -> Status {
    let isBefore = now.unixMilliseconds < requestedAt.unixMilliseconds - Self.clockToleranceMilliseconds
    return status == .pending && (now >= expiresAt || isBefore) ? .expired : status
  }

  /// Records a decision. Refuses `approval.self` for the requester, `approval.closed` when decided or expired, and
  /// `precondition.failed` when the control state, or what was previewed, moved since the request (approving only; a stale
  /// request can be denied).
  ///
  /// - Parameter currentDigest: of what would be released now; nil skips the comparison.
  package mutating func decide(
    _ decision: Decision, by actor: String, at now: WallTime, current: Epoch, currentDigest: String? = nil
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
    if decision == .approve, let currentDigest, !digest.isEmpty, currentDigest != digest {
      throw Refusal(
        .preconditionFailed,
        "What approval \(id) would start is not what \(requestedBy) previewed any more; ask for the release again.")
    }
    status = decision == .approve ? .approved : .denied
    decidedBy = actor
    decidedAt = now
  }

  package enum Decision: String, Sendable {
    case approve, deny
  }
}
