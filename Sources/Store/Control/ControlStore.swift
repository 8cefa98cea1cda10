package import ControlModel

/// Everything the control plane must find again after a crash.
package struct ControlRecord: Sendable, Equatable {
  package var state: ControlState
  package var approvals: [Approval]

  package init(state: ControlState = ControlState(), approvals: [Approval] = []) {
    self.state = state
    self.approvals = approvals
  }
}

/// One control transition and the audit entry that records it, made durable together or not at all.
package struct ControlCommit: Sendable {
  /// The epoch the transition was decided at. A commit at another epoch is a `conflict`.
  package var expecting: Epoch
  package var imposed: [Control]
  package var released: [ControlID]
  package var release: ReleaseNote?
  /// The epoch after the transition; equal to `expecting` when only approvals change.
  package var epoch: Epoch
  package var approvals: [Approval]
  package var audit: AuditEntry

  package init(
    expecting: Epoch, epoch: Epoch, imposed: [Control] = [], released: [ControlID] = [], release: ReleaseNote? = nil,
    approvals: [Approval] = [], audit: AuditEntry
  ) {
    self.expecting = expecting
    self.epoch = epoch
    self.imposed = imposed
    self.released = released
    self.release = release
    self.approvals = approvals
    self.audit = audit
  }
}

/// Who lifted a control, when and why.
package struct ReleaseNote: Sendable, Equatable {
  package var by: String
  package var approvedBy: String?
  package var at: WallTime
  package var reason: String
  package var isBreakGlass: Bool

  package init(by: String, approvedBy: String?, at: WallTime, reason: String, isBreakGlass: Bool) {
    self.by = by
    self.approvedBy = approvedBy
    self.at = at
    self.reason = reason
    self.isBreakGlass = isBreakGlass
  }
}

/// A control document as kept for ever: in force, or with its release.
package struct ControlDocument: Sendable, Equatable {
  package let control: Control
  package let release: ReleaseNote?

  package init(control: Control, release: ReleaseNote?) {
    self.control = control
    self.release = release
  }
}

/// Where control state is durable. SQLite in the product, memory with faults in tests; one contract suite for both.
package protocol ControlStore: Sendable {
  /// The committed state.
  func load() async throws(StoreFailure) -> ControlRecord
  /// Makes a transition durable and returns the sequence of its audit leaf.
  ///
  /// Throws `conflict` when the epoch is not the expected one, an imposed control exists or a released one is not in force:
  /// nothing has changed then, and `load` tells what stands. Throws `unavailable` when the store cannot say; a store that
  /// is reached over a network may hold the transition all the same.
  func commit(_ commit: ControlCommit) async throws(StoreFailure) -> Int64
  /// Documents, newest first; only those in force when `active`.
  func documents(active: Bool?, limit: Int) async throws(StoreFailure) -> [ControlDocument]
  func document(_ id: ControlID) async throws(StoreFailure) -> ControlDocument?
  /// Renews a gate's lease: writes its row and reads the state in one transaction, so that a renewal after a stop's commit
  /// carries the stop, and a lease renewed before it ends a lease's length after the commit at the latest.
  ///
  /// Throws `conflict` when the row is another run's, or was removed: this run holds no lease any more.
  func renew(_ renewal: GateRenewal) async throws(StoreFailure) -> ControlRecord
  /// Every gate registered, by name.
  func gates() async throws(StoreFailure) -> [GateRow]
  /// Takes a gate's row away, with an audit entry. Throws `conflict` when it is another run's or, with `turn`, when it has
  /// renewed since.
  func removeGate(
    _ gate: ReplicaID, run: String, turn: Int64?, _ audit: AuditEntry
  ) async throws(StoreFailure)
  /// An entry that changes no control state: a denied attempt, an acknowledgement.
  func audit(_ entry: AuditEntry) async throws(StoreFailure) -> Int64
}

/// A gate asking for its lease.
package struct GateRenewal: Sendable {
  package var gate: ReplicaID
  package var run: String
  /// The run's first: it takes the row over from whoever had it.
  package var isFirst: Bool
  /// What only one process at a time can hold, for example a locked data directory: a row of the same home was left by a
  /// process that is gone.
  package var home: String
  /// Enough time has passed since the first renewal for any earlier run's lease to be over.
  package var isAlone: Bool
  package var acked: Epoch
  package var report: GateReport
  /// In nanoseconds.
  package var lease: Int64
  package var at: WallTime

  package init(
    gate: ReplicaID, run: String, isFirst: Bool, home: String, isAlone: Bool, acked: Epoch,
    report: GateReport = GateReport(), lease: Int64, at: WallTime
  ) {
    self.gate = gate
    self.run = run
    self.isFirst = isFirst
    self.home = home
    self.isAlone = isAlone
    self.acked = acked
    self.report = report
    self.lease = lease
    self.at = at
  }
}
