import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Testing

/// A process may die at any thing it asks a disk for, done or undone. What it acknowledged is in force afterwards.
@Suite struct `A crash` {
  /// A process that dies at its `act`-th disk operation after its start.
  struct Death: Sendable, CustomStringConvertible {
    let act: Int
    let last: Lifeline.LastAct
    let store: Fault

    var description: String { "at act \(act), \(last), store \(store)" }

    static let all: [Death] = (1...6).flatMap { act in
      Lifeline.LastAct.allCases.flatMap { last in
        [Fault.none, .refuses, .liesAboutFailure].map { Death(act: act, last: last, store: $0) }
      }
    }
  }

  @Test(arguments: Death.all)
  func `while stopping loses no stop that was acknowledged as durable`(death: Death) async throws {
    let life = Lifeline()
    let first = try await ControlBench.started(between: ControlBench.Between(life))
    life.end(after: death.act, last: death.last)
    first.store.faults.fault = death.store
    var acknowledged: [ControlID] = []
    for scope in [Sample.scalper, Sample.orchid, .global] where life.isAlive {
      let receipt = try await first.imposeInTime(scope, or: { !life.isAlive })
      // What a process says after its death, nobody hears.
      if life.isAlive, receipt.durability != .pending { acknowledged.append(receipt.controls[0].id) }
    }
    life.end()
    first.store.faults.fault = .none

    let second = try ControlBench(after: first)
    #expect(await second.passes() == false, "held before anything is known")
    try await second.start()
    #expect(await second.settle())
    let inForce = second.processor.current.state.controls
    for id in acknowledged { #expect(inForce[id] != nil, "\(id), process died \(death)") }
    if !acknowledged.isEmpty { #expect(await second.passes() == false) }
    #expect(Set(inForce.values.map(\.epoch)).count == inForce.count)
    #expect(try await second.store.load().state == second.processor.current.state)
  }

  @Test(arguments: Death.all)
  func `while releasing opens nothing that two admins had not released on record`(death: Death) async throws {
    let life = Lifeline()
    let first = try await ControlBench.started(between: ControlBench.Between(life))
    let control = try await first.impose().controls[0].id
    life.end(after: death.act, last: death.last)
    first.store.faults.fault = death.store
    var isTold = false
    if let approval = try? await first.request([control]), life.isAlive {
      isTold = (try? await first.approve(approval)) != nil && life.isAlive
    }
    life.end()
    first.store.faults.fault = .none

    let second = try await ControlBench.started(after: first)
    let release = try await second.document(control)?.release
    #expect(await second.passes() == (release != nil))
    if let release { #expect(release.by == "ada" && release.approvedBy == "grace") }
    if isTold { #expect(release != nil, "a release that was answered is on record") }
  }

  @Test func `while the journal is emptied leaves every stop in the store or in the journal`() async throws {
    for act in 1...4 {
      for last in Lifeline.LastAct.allCases {
        let life = Lifeline()
        let first = try await ControlBench.started(between: ControlBench.Between(life)) { $0.journalBytesMax = 1 }
        let kept = try await first.impose(Sample.orchid).controls[0].id
        life.end(after: act, last: last)
        let receipt = try await first.imposeInTime(.global, or: { !life.isAlive })
        let isAcknowledged = life.isAlive
        life.end()
        let second = try await ControlBench.started(after: first)
        let inForce = second.processor.current.state.controls
        #expect(inForce[kept] != nil, "act \(act), \(last)")
        if isAcknowledged { #expect(inForce[receipt.controls[0].id] != nil, "act \(act), \(last)") }
      }
    }
  }

  @Test func `tears a journal record without losing those before it`() async throws {
    let first = try await ControlBench.started()
    first.store.faults.fault = .refuses
    let whole = try await first.imposeInTime(Sample.orchid)
    first.disk.faults.fault = .tears(after: 20)
    let torn = try await first.imposeInTime(.global)
    #expect(whole.durability == .journaled)
    #expect(torn.durability == .pending)
    let (_, stops) = try ControlJournal.open(SimulatedStorage(first.disk.bytes), "control.journal")
    #expect(stops.map(\.id) == whole.controls.map(\.id))
  }
}
