import BreakwaterTesting
import ControlModel
import Store
import Testing

/// What every control store promises, whether it keeps its state in SQLite or, in tests, in memory.
@Suite struct `A control store` {
  enum Engine: String, CaseIterable {
    case sqlite, simulated
  }

  private func with(_ engine: Engine, _ body: (any ControlStore) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    switch engine {
    case .sqlite: try await body(try Sample.sqlite(folder))
    case .simulated: try await body(SimulatedControlStore())
    }
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: Engine.allCases)
  func `begins at epoch zero with nothing in force`(engine: Engine) async throws {
    try await with(engine) { store in
      let record = try await store.load()
      let documents = try await store.documents(active: nil, limit: 10)
      #expect(record == ControlRecord())
      #expect(documents.isEmpty)
    }
  }

  @Test(arguments: Engine.allCases)
  func `holds what was committed, with the sequence of its audit leaf`(engine: Engine) async throws {
    try await with(engine) { store in
      #expect(try await store.commit(Sample.imposing("ctl_a", after: 0)) == 1)
      #expect(try await store.commit(Sample.imposing("ctl_b", after: 1)) == 2)
      let state = try await store.load().state
      #expect(state.epoch == Epoch(2))
      #expect(Set(state.controls.values) == [Sample.control("ctl_a", epoch: 1), Sample.control("ctl_b", epoch: 2)])
      #expect(
        try await store.document(Sample.control("ctl_a", epoch: 1).id)?.control == Sample.control("ctl_a", epoch: 1))
      #expect(try await store.documents(active: true, limit: 10).map(\.control.id.text) == ["ctl_b", "ctl_a"])
      #expect(try await store.documents(active: true, limit: 1).map(\.control.id.text) == ["ctl_b"])
    }
  }

  @Test(arguments: Engine.allCases)
  func `keeps a released control as a document with its release`(engine: Engine) async throws {
    try await with(engine) { store in
      _ = try await store.commit(Sample.imposing("ctl_a", after: 0))
      let release = Sample.releasing("ctl_a", after: 1)
      _ = try await store.commit(release)
      #expect(try await store.load().state == ControlState(epoch: Epoch(2)))
      #expect(try await store.documents(active: true, limit: 10).isEmpty)
      #expect(try await store.documents(active: false, limit: 10).first?.release == release.release)
    }
  }

  @Test(arguments: Engine.allCases)
  func `refuses a commit decided at another epoch, and changes nothing`(engine: Engine) async throws {
    try await with(engine) { store in
      _ = try await store.commit(Sample.imposing("ctl_a", after: 0))
      let before = try await store.load()
      for epoch in [UInt64(0), 2, 99] {
        await #expect(throws: StoreFailure.self) { try await store.commit(Sample.imposing("ctl_b", after: epoch)) }
      }
      #expect(try await store.load() == before)
      #expect(try await store.audit(Sample.entry(9)) == 2, "no leaf was kept of what did not happen")
    }
  }

  @Test(arguments: Engine.allCases)
  func `takes a control once and releases it once`(engine: Engine) async throws {
    try await with(engine) { store in
      _ = try await store.commit(Sample.imposing("ctl_a", after: 0))
      var again = Sample.imposing("ctl_a", after: 1)
      again.imposed = [Sample.control("ctl_a", epoch: 2)]
      for commit in [again, Sample.releasing("ctl_nobody", after: 1)] {
        let failure = await #expect(throws: StoreFailure.self) { try await store.commit(commit) }
        #expect(failure?.kind == .conflict)
      }
      _ = try await store.commit(Sample.releasing("ctl_a", after: 1))
      let failure = await #expect(throws: StoreFailure.self) {
        try await store.commit(Sample.releasing("ctl_a", after: 2))
      }
      #expect(failure?.kind == .conflict)
      #expect(try await store.load().state.epoch == Epoch(2))
    }
  }

  @Test(arguments: Engine.allCases)
  func `keeps approvals and their decisions, whatever the epoch does`(engine: Engine) async throws {
    try await with(engine) { store in
      var approval = Approval(
        id: try #require(ApprovalID("apr_1")),
        controls: [try #require(ControlID("ctl_a")), try #require(ControlID("ctl_b"))],
        reason: "sample: go on", requestedBy: "ada", requestedAt: Sample.now, epoch: Epoch(0))
      _ = try await store.commit(
        ControlCommit(expecting: .zero, epoch: .zero, approvals: [approval], audit: Sample.entry(1)))
      #expect(try await store.load().approvals == [approval])
      try approval.decide(.deny, by: "grace", at: Sample.now.adding(milliseconds: 5), current: .zero)
      _ = try await store.commit(
        ControlCommit(expecting: .zero, epoch: .zero, approvals: [approval], audit: Sample.entry(2)))
      #expect(try await store.load().approvals == [approval])
    }
  }

  @Test(arguments: Engine.allCases)
  func `lets exactly one of many concurrent commits of an epoch through`(engine: Engine) async throws {
    try await with(engine) { store in
      let taken = await withTaskGroup(of: Bool.self) { group in
        for index in 0..<20 {
          group.addTask { (try? await store.commit(Sample.imposing("ctl_\(index)", after: 0))) != nil }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(taken == 1)
      let state = try await store.load().state
      #expect(state.controls.count == 1)
    }
  }

  // MARK: Gates

  private func renewal(
    _ gate: String, _ run: String, isFirst: Bool = false, home: String = "home", isAlone: Bool = false,
    acked: UInt64 = 0
  ) -> GateRenewal {
    GateRenewal(
      gate: ReplicaID(gate)!,  // test names are names
      run: run, isFirst: isFirst, home: home, isAlone: isAlone, acked: Epoch(acked),
      report: GateReport(drained: 2, inDoubt: [OrderID("00ff")!]), lease: 3_000_000_000, at: Sample.now)
  }

  @Test(arguments: Engine.allCases)
  func `answers a renewal with the state of that moment and counts its turns`(engine: Engine) async throws {
    try await with(engine) { store in
      #expect(try await store.gates().isEmpty)
      #expect(try await store.renew(renewal("r1", "a", isFirst: true)).state.epoch == .zero)
      _ = try await store.commit(Sample.imposing("ctl_a", after: 0))
      let record = try await store.renew(renewal("r1", "a", acked: 1))
      #expect(record.state.controls.count == 1 && record.state.epoch == Epoch(1))
      _ = try await store.renew(renewal("r2", "b", isFirst: true))
      let rows = try await store.gates()
      #expect(rows.map(\.gate.text) == ["r1", "r2"] && rows.map(\.turn) == [2, 1])
      #expect(rows[0].acked == Epoch(1) && rows[0].run == "a" && rows[0].isAlone && rows[0].report.drained == 2)
      #expect(rows[0].report.inDoubt == [OrderID("00ff")!] && rows[0].lease == 3_000_000_000)
    }
  }

  @Test(arguments: Engine.allCases)
  func `gives no lease to a run that another replaced, or whose gate was removed`(engine: Engine) async throws {
    try await with(engine) { store in
      _ = try await store.renew(renewal("r1", "a", isFirst: true))
      _ = try await store.renew(renewal("r1", "b", isFirst: true))
      await #expect(throws: StoreFailure.self) { _ = try await store.renew(renewal("r1", "a")) }
      let r1 = try #require(ReplicaID("r1"))
      let removals = [("a", nil), ("b", 1)] as [(String, Int64?)]
      for (run, turn) in removals {
        await #expect(throws: StoreFailure.self) {
          try await store.removeGate(r1, run: run, turn: turn, Sample.entry(1))
        }
      }
      try await store.removeGate(r1, run: "b", turn: 2, Sample.entry(2))
      #expect(try await store.gates().isEmpty)
      await #expect(throws: StoreFailure.self) { _ = try await store.renew(renewal("r1", "b")) }
      await #expect(throws: StoreFailure.self) {
        try await store.removeGate(r1, run: "b", turn: nil, Sample.entry(3))
      }
      #expect(try await store.audit(Sample.entry(4)) == 2)
    }
  }

  @Test(arguments: Engine.allCases)
  func `believes a new run alone when it has the old one's home, or says that time has passed`(
    engine: Engine
  ) async throws {
    try await with(engine) { store in
      _ = try await store.renew(renewal("r1", "a", isFirst: true))
      _ = try await store.renew(renewal("r1", "b", isFirst: true))
      #expect(try await store.gates()[0].isAlone)
      _ = try await store.renew(renewal("r1", "c", isFirst: true, home: "elsewhere"))
      #expect(try await !store.gates()[0].isAlone)
      _ = try await store.renew(renewal("r1", "c", home: "elsewhere"))
      #expect(try await !store.gates()[0].isAlone)
      _ = try await store.renew(renewal("r1", "c", home: "elsewhere", isAlone: true))
      _ = try await store.renew(renewal("r1", "c", home: "elsewhere"))
      #expect(try await store.gates()[0].isAlone)
    }
  }
}
