package import ControlModel

/// What the control plane drives: something that sends orders and can prove that it stopped.
package protocol ControlledRuntime: Sendable {
  /// Makes `state` decide for every order from now on. Returns at once; orders already between check and wire are waited
  /// for by `fence`.
  func publish(_ state: ControlState)
  /// While held nothing passes, whatever the controls say.
  func setHeld(_ held: Bool)
  /// Orders pass until this time on the gate's clock; see `OrderGate.setLease`.
  func setLease(until end: Int64)
  /// Waits until no order of an older state can still leave, resetting the venue connection if that takes too long.
  func fence(at epoch: Epoch, scope: ControlScope) async -> FenceAcknowledgement
  /// The orders of the scope that a stop of this mode takes back.
  func orders(takenBackBy mode: CancelMode, scope: ControlScope) -> [OrderID]
  /// Asks the venue to take orders back. Returns when it was asked for all of them whose market is open; the others are
  /// asked for when it opens.
  func cancel(_ orders: [OrderID]) async -> CancelReport
  /// Orders of the scope handed to a venue without a known outcome.
  func inDoubt(_ scope: ControlScope) -> [InDoubtOrder]
  /// What would go on, or be left, under a stop of the scope.
  func exposure(_ scope: ControlScope) -> Exposure
  /// Orders refused at the gate since the process started.
  var refusedCount: Int { get }
}

/// A gate's proof: nothing older than `epoch` can leave any more.
package struct FenceAcknowledgement: Equatable, Sendable {
  package let replica: ReplicaID
  package let epoch: Epoch
  package let at: WallTime
  /// Orders that were between check and wire when the gate closed, and have left or been turned back since.
  package let drained: Int
  package let sealedBy: SealedBy
  package let lastOrderOutAt: WallTime?
  /// Handed to a venue without a known outcome.
  package let inDoubt: [InDoubtOrder]

  package enum SealedBy: String, Sendable {
    case ack
    /// Draining took longer than its bound: the venue connection was reset.
    case reset
    /// It was silent until its lease was over.
    case lease
  }

  package init(
    replica: ReplicaID, epoch: Epoch, at: WallTime, drained: Int, sealedBy: SealedBy, lastOrderOutAt: WallTime?,
    inDoubt: [InDoubtOrder]
  ) {
    self.replica = replica
    self.epoch = epoch
    self.at = at
    self.drained = drained
    self.sealedBy = sealedBy
    self.lastOrderOutAt = lastOrderOutAt
    self.inDoubt = inDoubt
  }
}

package struct InDoubtOrder: Equatable, Sendable {
  package let order: OrderID
  package let venue: VenueID
  package let since: WallTime

  package init(order: OrderID, venue: VenueID, since: WallTime) {
    self.order = order
    self.venue = venue
    self.since = since
  }
}

package struct CancelReport: Equatable, Sendable {
  package var requested: Int
  /// Of those requested, how many the venue has confirmed by now.
  package var confirmed: Int
  /// Of those requested, how many the venue takes back only once its market is open; they are asked for then.
  package var pendingMarketOpen: Int
  package var failed: [OrderID]

  package init(requested: Int = 0, confirmed: Int = 0, pendingMarketOpen: Int = 0, failed: [OrderID] = []) {
    self.requested = requested
    self.confirmed = confirmed
    self.pendingMarketOpen = pendingMarketOpen
    self.failed = failed
  }
}

/// What a scope has at stake.
package struct Exposure: Equatable, Sendable {
  package var tenants = 0
  package var profiles = 0
  package var openEntries = 0
  package var openProtective = 0
  package var positions = 0
  /// Positions no working stop at the venue protects.
  package var withoutVenueStop = 0
  /// Market value of the positions in whole cents.
  package var notionalCents: Int64 = 0

  package var openOrders: Int { openEntries + openProtective }

  /// More per position than any account holds, and few enough that thousands of them can be added.
  static let centsMax = 1e15

  package init() {}
}
