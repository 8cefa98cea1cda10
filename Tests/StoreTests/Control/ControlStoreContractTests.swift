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
}
