/// A gate as the store knows it: who it is, what it has acknowledged, and when it last asked for its lease, counted in turns
/// because clocks of two machines do not agree.
package struct GateRow: Equatable, Sendable {
  package let gate: ReplicaID
  /// Which run of its process.
  package let run: String
  /// How often it has renewed its lease.
  package let turn: Int64
  /// Nothing older than this epoch can leave it any more.
  package let acked: Epoch
  /// No earlier run under this name can hold a lease any more; before that its word does not count for the earlier run.
  package let isAlone: Bool
  /// How long a lease of it lasts, in nanoseconds.
  package let lease: Int64
  package let at: WallTime
  package let report: GateReport

  package init(
    gate: ReplicaID, run: String, turn: Int64, acked: Epoch, isAlone: Bool, lease: Int64, at: WallTime,
    report: GateReport = GateReport()
  ) {
    self.gate = gate
    self.run = run
    self.turn = turn
    self.acked = acked
    self.isAlone = isAlone
    self.lease = lease
    self.at = at
    self.report = report
  }
}

/// What a gate says beside its acknowledgement.
package struct GateReport: Equatable, Sendable {
  package var drained: Int
  package var wasReset: Bool
  package var lastOrderOutAt: WallTime?
  /// Orders handed to a venue without a known outcome, the oldest of them.
  package var inDoubt: [OrderID]

  /// In-doubt orders a row names; more are found in their own replica's receipt.
  package static let inDoubtMax = 100

  package init(drained: Int = 0, wasReset: Bool = false, lastOrderOutAt: WallTime? = nil, inDoubt: [OrderID] = []) {
    self.drained = drained
    self.wasReset = wasReset
    self.lastOrderOutAt = lastOrderOutAt
    self.inDoubt = Array(inDoubt.prefix(Self.inDoubtMax))
  }
}

/// Times of the lease protocol, in nanoseconds of one's own clock.
package enum LeaseTimes {
  /// Clocks that count seconds differ by less than this share while a lease lasts.
  package static let skewShare = 100
  /// What is added for reading clocks and rounding.
  package static let margin: Int64 = 50_000_000
  /// An order enters only with this much of its lease left, so that it is out before the lease is.
  package static let entryMargin: Int64 = 20_000_000

  /// Renewals per lease: a lost answer or three do not cost it.
  package static let renewalsPerLease: Int64 = 4

  /// How long after a lease could have been granted at the latest it is certainly over on the gate's own clock.
  package static func certainlyOver(_ lease: Int64) -> Int64 { lease + lease / Int64(skewShare) + margin }
}
