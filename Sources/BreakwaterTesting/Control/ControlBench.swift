package import ControlModel
package import ControlPlane
package import Store
import Synchronization
package import Telemetry
package import TradingRuntime

/// A control plane on simulated disks, and what its parts did in order. Building another one on the same disks is a
/// restart.
package final class ControlBench: Sendable {
  package let clock: TestClock
  package let store: SimulatedControlStore
  package let disk: SimulatedStorage
  package let journal: ControlJournal
  package let runtime: SimulatedRuntime
  package let processor: CommandProcessor
  package let people: TestPeople
  package let metrics = MetricRegistry()
  package let trace: Trace
  private let journaled: [Control]

  /// What stands between the processor and its parts: nothing, or something a test put there.
  package struct Between {
    package var store: (SimulatedControlStore) -> any ControlStore = { $0 }
    package var disk: (SimulatedStorage) -> any StableStorage = { $0 }
    package var runtime: (SimulatedRuntime) -> any ControlledRuntime = { $0 }
    /// What closes positions; nothing by default.
    package var flatten: CommandProcessor.Flatten?

    fileprivate let life: Lifeline

    /// Disks that `life` can be cut off from.
    package init(_ life: Lifeline) {
      self.life = life
      store = { MortalStore($0, of: life) }
      disk = { MortalStorage($0, of: life) }
    }

    package init() { life = Lifeline() }
  }

  package init(
    after earlier: ControlBench? = nil, seed: UInt64 = 1, between: Between = Between(),
    guards: ReleaseGuards = ReleaseGuards(),
    adjust: (inout CommandProcessor.Settings) -> Void = { _ in }
  ) throws {
    let trace = earlier?.trace ?? Trace()
    let clock = earlier?.clock ?? TestClock()
    let history = earlier?.runtime.history ?? HaltHistory()
    self.trace = trace
    self.clock = clock
    store =
      earlier?.store
      ?? SimulatedControlStore { commit in
        if !commit.released.isEmpty { history.released(commit.released) }
        trace.add("committed \(commit.audit.action)")
      }
    disk = earlier?.disk ?? SimulatedStorage { trace.add($0) }
    (journal, journaled) = try ControlJournal.open(between.disk(disk), "control.journal")
    let life = between.life
    runtime = SimulatedRuntime(
      history: history, now: { clock.clocks.now }, monotonic: clock.clocks.monotonic, isAlive: { life.isAlive },
      told: { trace.add($0) })
    people = try TestPeople(at: clock.clocks.now)
    guard let replica = ReplicaID("r1") else { preconditionFailure("r1 is an id") }
    var settings = CommandProcessor.Settings(replica: replica)
    adjust(&settings)
    processor = CommandProcessor(
      settings: settings, store: between.store(store), journal: journal, runtime: between.runtime(runtime),
      clocks: clock.clocks,
      ids: IDSource(seed: seed) { clock.clocks.now }, metrics: metrics, sleep: { await clock.sleep($0) },
      announce: { trace.add("announced \($0.what.rawValue)") }, guards: guards, flatten: between.flatten)
  }

  /// Boots and opens, as a start does.
  package func start() async throws {
    try await processor.boot(journaled: journaled)
    await processor.open()
  }

  package static func started(
    after earlier: ControlBench? = nil, seed: UInt64 = 1, between: Between = Between(),
    guards: ReleaseGuards = ReleaseGuards(),
    adjust: (inout CommandProcessor.Settings) -> Void = { _ in }
  ) async throws -> ControlBench {
    let bench = try ControlBench(
      after: earlier, seed: seed, between: between, guards: guards, adjust: adjust)
    try await bench.start()
    return bench
  }

  // MARK: Commands

  package func stop(
    _ scope: ControlScope = .global, level: ControlLevel = .halted, cancel: CancelMode = .entries,
    by name: String = "olive", reason: String = "bench: stop trading", flatten: Bool = false
  ) throws -> AuthorizedStop {
    let draft = ControlDraft(scope: scope, level: level, cancel: cancel, reason: reason, flatten: flatten)
    return try Authorizer.stop(draft, by: people.principal(.operator, name), requestID: requestID())
  }

  /// Imposes and notes in the history that the caller was told.
  @discardableResult
  package func impose(
    _ scope: ControlScope = .global, level: ControlLevel = .halted, cancel: CancelMode = .entries
  ) async throws -> Receipt {
    let receipt = await processor.impose(try stop(scope, level: level, cancel: cancel))
    for control in receipt.controls { runtime.history.sealed(control) }
    return receipt
  }

  package func admin(_ name: String) throws -> AuthorizedAdmin {
    try Authorizer.admin(people.principal(.admin, name), requestID: requestID())
  }

  package var epoch: Epoch { processor.current.state.epoch }

  /// Asks for a release by one admin, at the epoch of now.
  package func request(
    _ controls: [ControlID], by name: String = "ada", reason: String = "bench: go on again", at epoch: Epoch? = nil,
    stages: ReleaseStages? = nil
  ) async throws -> Approval {
    let answer = try await processor.requestRelease(
      controls, reason: reason, expecting: epoch ?? self.epoch, isBreakGlass: false, stages: stages, by: admin(name))
    guard case .needsApproval(let approval) = answer else { throw Surprise("no approval was asked for: \(answer)") }
    return approval
  }

  /// Approves by another admin.
  @discardableResult
  package func approve(_ approval: Approval, by name: String = "grace") async throws -> Receipt {
    let answer = try await processor.decide(approval.id, .approve, by: admin(name))
    guard case .released(let receipt) = answer else { throw Surprise("nothing was released: \(answer)") }
    return receipt
  }

  /// What the store holds of a control.
  package func document(_ id: ControlID) async throws -> ControlDocument? { try await store.document(id) }

  /// Words of the audit log, oldest first.
  package var audited: [String] { store.leaves.map(\.entry.action) }

  private func requestID() -> RequestID { RequestID(checked: "bench-request-1") }
}

/// An answer of another kind than the test is about.
package struct Surprise: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// What happened, in order, in words.
package final class Trace: Sendable {
  private let lines = Mutex([String]())

  package init() {}

  package func add(_ line: String) { lines.withLock { $0.append(line) } }
  package var all: [String] { lines.withLock { $0 } }
  package func clear() { lines.withLock { $0 = [] } }

  /// Whether `words` appear in this order, other lines between them allowed.
  package func holds(inOrder words: [String]) -> Bool {
    var rest = words[...]
    for line in all where line.hasPrefix(rest.first ?? "\u{0}") { rest = rest.dropFirst() }
    return rest.isEmpty
  }
}
