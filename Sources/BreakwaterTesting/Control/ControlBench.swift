package import ControlModel
package import ControlPlane
package import Store
import Synchronization
package import Telemetry
import TradingRuntime

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

  package init(
    after earlier: ControlBench? = nil, seed: UInt64 = 1, adjust: (inout CommandProcessor.Settings) -> Void = { _ in }
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
    (journal, journaled) = try ControlJournal.open(disk, "control.journal")
    runtime = SimulatedRuntime(history: history, now: { clock.clocks.now }, told: { trace.add($0) })
    people = try TestPeople(at: clock.clocks.now)
    guard let replica = ReplicaID("r1") else { preconditionFailure("r1 is an id") }
    var settings = CommandProcessor.Settings(replica: replica)
    adjust(&settings)
    processor = CommandProcessor(
      settings: settings, store: store, journal: journal, runtime: runtime, clocks: clock.clocks,
      ids: IDSource(seed: seed) { clock.clocks.now }, metrics: metrics, sleep: { await clock.sleep($0) },
      announce: { trace.add("announced \($0.what.rawValue)") })
  }

  /// Boots and opens, as a start does.
  package func start() async throws {
    try await processor.boot(journaled: journaled)
    await processor.open()
  }

  package static func started(after earlier: ControlBench? = nil, seed: UInt64 = 1) async throws -> ControlBench {
    let bench = try ControlBench(after: earlier, seed: seed)
    try await bench.start()
    return bench
  }

  // MARK: Commands

  package func stop(
    _ scope: ControlScope = .global, level: ControlLevel = .halted, cancel: CancelMode = .entries,
    by name: String = "olive", reason: String = "bench: stop trading"
  ) throws -> AuthorizedStop {
    let draft = ControlDraft(scope: scope, level: level, cancel: cancel, reason: reason)
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

  private func requestID() -> RequestID { RequestID(checked: "bench-request-1") }
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
