import ControlModel
import Testing

/// When a stop is sealed on every gate.
@Suite struct `A stop that waits for gates` {
  private static let lease: Int64 = 3_000_000_000
  private static let over = LeaseTimes.certainlyOver(lease)

  private func row(
    _ gate: String, run: String = "a", turn: Int64 = 1, acked: UInt64 = 0, isAlone: Bool = true
  ) -> GateRow {
    GateRow(
      gate: ReplicaID(gate)!,  // a name
      run: run, turn: turn, acked: Epoch(acked), isAlone: isAlone, lease: Self.lease, at: WallTime(unixSeconds: 0))
  }

  private func wait(_ rows: [GateRow], seenAt: Int64 = 0, at now: Int64 = 0) -> SealWait {
    var sightings = GateSightings()
    sightings.see(rows, at: seenAt)
    sightings.see(rows, at: now)
    return SealWait(Epoch(5), rows: rows, sightings: sightings, at: now)
  }

  @Test func `is sealed at once when there is nobody to wait for`() {
    #expect(wait([]).isSealed)
    #expect(wait([row("r1", acked: 5), row("r2", acked: 7)]).isSealed)
  }

  @Test func `is sealed when each gate has acknowledged its epoch or a later one`() {
    var waiting = wait([row("r1", acked: 5), row("r2", acked: 4)])
    #expect(!waiting.isSealed && waiting.waitingFor.map(\.text) == ["r2"])
    waiting.update([row("r1", acked: 5), row("r2", turn: 2, acked: 4)], at: 10)
    #expect(!waiting.isSealed)
    waiting.update([row("r2", turn: 3, acked: 6)], at: 20)
    #expect(waiting.isSealed && waiting.sealed.values.allSatisfy { $0.by == .ack })
  }

  @Test func `is sealed by silence a lease and a margin after a gate's turn was first seen, and not before`() {
    var waiting = wait([row("r1")], seenAt: 100, at: 1_000_000_000)
    #expect(waiting.deadline == 100 + Self.over)
    waiting.update([row("r1")], at: 100 + Self.over - 1)
    #expect(!waiting.isSealed)
    waiting.update([], at: 100 + Self.over)
    #expect(waiting.isSealed && waiting.sealed.values.first?.by == .lease)
    #expect(wait([row("r1")], seenAt: 0, at: Self.over).isSealed)
  }

  @Test func `counts a lease from when its turn was seen, not from an earlier turn`() {
    var sightings = GateSightings()
    sightings.see([row("r1", turn: 1)], at: 0)
    sightings.see([row("r1", turn: 2)], at: 500)
    let waiting = SealWait(Epoch(5), rows: [row("r1", turn: 2)], sightings: sightings, at: 500)
    #expect(waiting.deadline == 500 + Self.over)
  }

  @Test func `is not put off by renewals after its commit, which carry it`() {
    var waiting = wait([row("r1")])
    for turn in 2...40 as ClosedRange<Int64> { waiting.update([row("r1", turn: turn)], at: Int64(turn) * 1000) }
    #expect(waiting.deadline == Self.over)
  }

  @Test func `does not take a new run's word for the earlier one under its name`() {
    var waiting = wait([row("r1")])
    waiting.update([row("r1", run: "b", acked: 5, isAlone: false)], at: 10)
    #expect(!waiting.isSealed)
    waiting.update([row("r1", run: "b", acked: 5, isAlone: true)], at: 20)
    #expect(waiting.isSealed)
  }

  @Test func `does not wait for a gate that registers after its commit`() {
    var waiting = wait([row("r1", acked: 5)])
    waiting.update([row("r1", acked: 5), row("r9")], at: 10)
    #expect(waiting.isSealed)
  }

  @Test func `waits out the lease of a gate whose row was taken away`() {
    var waiting = wait([row("r1")])
    waiting.update([], at: Self.over - 1)
    #expect(!waiting.isSealed)
  }
}
