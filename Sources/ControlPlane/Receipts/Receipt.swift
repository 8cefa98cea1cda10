package import ControlModel
package import TradingRuntime

/// The proof that a control command took effect: what was closed when, how durable it is, and what is left.
package struct Receipt: Sendable {
  package enum State: String, Sendable {
    /// No further order of the scope can start.
    case sealed
    /// Sealed, and every order that was in doubt then has a known outcome.
    case settled
    /// The first stage of a release is open; the others follow.
    case releasing
    /// In effect here; no disk has it yet, or other gates have not all acknowledged or may not know of it. It turns sealed by
    /// itself.
    case accepted
    /// Controls were lifted; orders may start again.
    case released
  }

  package enum Durability: String, Sendable {
    /// Committed with its audit row.
    case committed
    /// On disk in the journal; the commit to the store is being retried.
    case journaled
    /// In effect in memory only; both disks refused. It is being retried and will not be forgotten while the process lives.
    case pending
  }

  package var controls: [Control]
  package var epoch: Epoch
  package var requestID: RequestID
  package var state: State
  package var durability: Durability
  package var requestedAt: WallTime
  package var closedAt: WallTime?
  package var durableAt: WallTime?
  package var elapsedNanoseconds: Int64
  package var replicas: [FenceAcknowledgement]
  package var cancelMode: CancelMode
  package var cancel: CancelReport
  package var exposureLeft: Exposure
  package var refusedSince: Int
  package var audit: Int64?
  /// When the last order in doubt had a known outcome; nil while one has none.
  package var settledAt: WallTime?
  /// Of those in doubt when it was sealed, the ones that still are; nil in the first answer, where none can have settled.
  package var stillInDoubt: [InDoubtOrder]?
  package var flattening: Flattening?

  /// What became of the wish to close positions.
  package enum Flattening: Sendable, Equatable {
    /// A second person has to approve.
    case waiting(ApprovalID)
    /// It could not be asked for.
    case notAsked(String)
    case running(FlattenProgress)
    case ended(FlattenProgress)
  }
}

/// Something about controls changed; for the event stream, the log and the console.
package struct ControlNotice: Sendable {
  package enum What: String, Sendable {
    case sealed, accepted, recorded, settled, released
    /// A stage of a release opened.
    case stage
    /// A staged release stopped again by itself.
    case tripped
    /// One admin released alone.
    case brokeGlass = "broke_glass"
    case flattening, flattened
    case approvalRequested = "approval_requested"
    case approvalDenied = "approval_denied"
  }

  package let what: What
  package let controls: [Control]
  package let approval: Approval?
  package let actor: String
  package let epoch: Epoch
  package let at: WallTime
  package let requestID: RequestID
  /// More in words: the stage, what tripped, who was skipped.
  package let detail: String?
}
