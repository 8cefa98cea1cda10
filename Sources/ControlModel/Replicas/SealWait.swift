/// When each row was first seen at its turn, on one's own clock. A lease is granted together with its turn, so it was asked
/// for before that: silence since then is known to the nanosecond without any clock of the gate's.
package struct GateSightings: Sendable, Equatable {
  private struct Sighting: Equatable {
    let run: String
    let turn: Int64
    let since: Int64
  }

  private var seen: [ReplicaID: Sighting] = [:]

  package init() {}

  /// - Parameter now: after the rows were read.
  package mutating func see(_ rows: [GateRow], at now: Int64) {
    seen = Dictionary(
      rows.map { row in
        if let last = seen[row.gate], last.run == row.run, last.turn == row.turn { return (row.gate, last) }
        return (row.gate, Sighting(run: row.run, turn: row.turn, since: now))
      }, uniquingKeysWith: { first, _ in first })
  }

  /// When the gate's lease is certainly over if it renews no more. Precondition: the row was seen.
  package func leaseOver(_ row: GateRow) -> Int64 {
    (seen[row.gate]?.since ?? .max / 2) + LeaseTimes.certainlyOver(row.lease)
  }
}

/// One stop waiting for every gate: until it has acknowledged, or its lease is certainly over. Silence means stopped.
///
/// Only gates registered at the first read after the commit matter: one that registers later is told the stop when it does,
/// and a renewal after the commit carries the stop, so it never puts the end off.
package struct SealWait: Sendable {
  package enum Proof: Sendable, Equatable {
    case ack, lease
  }

  package let epoch: Epoch
  private var pending: [ReplicaID: (row: GateRow, over: Int64)]
  /// Gates that are stopped, how that is known, and what they last said.
  package private(set) var sealed: [ReplicaID: (row: GateRow, by: Proof)] = [:]

  /// - Parameters:
  ///   - rows: read after the stop was committed.
  ///   - sightings: which have seen `rows`.
  package init(_ epoch: Epoch, rows: [GateRow], sightings: GateSightings, at now: Int64) {
    self.epoch = epoch
    pending = Dictionary(
      rows.map { ($0.gate, (row: $0, over: sightings.leaseOver($0))) }, uniquingKeysWith: { first, _ in first })
    update(rows, at: now)
  }

  /// Takes in rows read later. A row that was removed stays pending until its lease is over.
  package mutating func update(_ rows: [GateRow], at now: Int64) {
    for row in rows where pending[row.gate] != nil && row.acked >= epoch && row.isAlone {
      pending[row.gate] = nil
      sealed[row.gate] = (row, .ack)
    }
    for (gate, one) in pending where now >= one.over {
      pending[gate] = nil
      sealed[gate] = (one.row, .lease)
    }
  }

  package var isSealed: Bool { pending.isEmpty }
  package var waitingFor: [ReplicaID] { pending.keys.sorted() }
  /// When the last lease waited for is over.
  package var deadline: Int64 { pending.values.map(\.over).max() ?? 0 }
}
