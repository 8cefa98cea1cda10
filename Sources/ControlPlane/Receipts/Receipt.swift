package import ControlModel
package import TradingRuntime

/// The proof that a control command took effect: what was closed when, how durable it is, and what is left.
package struct Receipt: Sendable {
  package enum State: String, Sendable {
    /// No further order of the scope can start.
    case sealed
    /// In effect here; other gates have not all acknowledged yet, or may not know of it. It turns sealed by itself.
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
}

/// Something about controls changed; for the event stream, the log and the console.
package struct ControlNotice: Sendable {
  package enum What: String, Sendable {
    case sealed, accepted, recorded, released
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
}
