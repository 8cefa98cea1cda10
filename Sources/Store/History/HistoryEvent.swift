package import ControlModel

/// One line of a history: something a gate, a stop or a release did, and when. `docs/reference/history-format.md` says
/// which members each kind has.
package struct HistoryEvent: Codable, Sendable, Equatable {
  package enum Kind: String, Codable, Sendable, CaseIterable {
    case boot, opened, stall, gap
    case orderStart = "order.start"
    case orderOut = "order.out"
    case orderAnswer = "order.answer"
    case orderFill = "order.fill"
    case orderCancel = "order.cancel"
    case venueTook = "venue.took"
    case stopRequested = "stop.requested"
    case stopSealed = "stop.sealed"
    case stopCommitted = "stop.committed"
    case releaseBegin = "release.begin"
    case releaseFailed = "release.failed"
    case releaseCommitted = "release.committed"
    case transitionBegin = "transition.begin"
    case transitionFailed = "transition.failed"
    case stageOpened = "stage.opened"
    case stageClosed = "stage.closed"
    case stageTripped = "stage.tripped"
    case exitsGranted = "exits.granted"
    case exitsWithdrawn = "exits.withdrawn"
  }

  package var event: Kind
  /// Nanoseconds of the machine's clock that never goes back and counts sleep (CLOCK_BOOTTIME).
  package var at: Int64
  package var replica: String
  /// Which run of the replica's process.
  package var run: String

  package var order: String?
  package var tenant: String?
  package var profile: String?
  package var venue: String?
  package var symbol: String?
  package var reducing: Bool?
  package var protective: Bool?
  package var state: String?
  /// What a fill changed the position by, and the position after it, in the smallest unit.
  package var change: Int64?
  package var position: Int64?

  package var control: String?
  package var controls: [String]?
  /// Who a stage of a release lets go further, each as `tenant/profile`.
  package var profiles: [String]?
  package var level: String?
  package var durability: String?
  package var epoch: UInt64?
  package var expecting: UInt64?
  package var audit: Int64?
  package var by: String?
  package var approvedBy: String?
  package var breakGlass: Bool?
  /// Which orders a cancel that was sent for a control takes back.
  package var mode: String?
  /// Longest time a stop may take to seal.
  package var boundMs: Int64?
  /// Releases need a second person.
  package var approvals: Bool?
  /// How many events are missing, or how many milliseconds the process stood still.
  package var count: Int64?

  package init(_ event: Kind, at: Int64 = 0, replica: String = "", run: String = "") {
    self.event = event
    self.at = at
    self.replica = replica
    self.run = run
  }

  /// The names of a control's scope.
  package mutating func name(_ scope: ControlScope) {
    tenant = scope.tenant?.text
    profile = scope.profile?.text
    venue = scope.venue?.text
    symbol = scope.symbol?.text
  }

  package mutating func name(_ scope: OrderScope) {
    tenant = scope.tenant.text
    profile = scope.profile.text
    venue = scope.venue.text
    symbol = scope.symbol.text
  }
}
