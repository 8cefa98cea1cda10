import BreakwaterTesting
import ControlModel
import ControlPlane
import Store
import Telemetry
import TradingRuntime

/// One history of an installation: people stop and release, traders send orders, disks fail, processes die, all at once and
/// by chance. What must hold whatever happens is `problems`.
final class HaltSimulation {
  private var random: SeededRandom
  private var bench: ControlBench
  private var life = Lifeline()
  /// Stops whose caller was told that they are durable.
  private var acknowledged: [ControlID] = []
  /// Stops whose caller was told that only memory holds them.
  private var pending: [ControlID] = []
  private let mutate: @Sendable (inout ControlBench.Between) -> Void
  private let adjust: (inout CommandProcessor.Settings) -> Void

  private(set) var problems: [String] = []
  private(set) var releases = 0
  private(set) var crashes = 0
  var stops: Int { acknowledged.count }
  var orders: Int { bench.runtime.history.startedCount }

  /// - Parameters:
  ///   - mutate: puts something wrong between the processor and its parts.
  ///   - adjust: a setting that makes the product another one.
  init(
    seed: UInt64, mutate: @escaping @Sendable (inout ControlBench.Between) -> Void = { _ in },
    adjust: @escaping (inout CommandProcessor.Settings) -> Void = { _ in }
  ) async throws {
    random = SeededRandom(seed)
    self.mutate = mutate
    self.adjust = adjust
    var between = ControlBench.Between(life)
    mutate(&between)
    bench = try await ControlBench.started(seed: seed, between: between, adjust: adjust)
  }

  func run(steps: Int) async throws {
    for _ in 0..<steps {
      setFaults()
      try await step()
      if random.chance(15) { try await crash() }
    }
    bench.store.faults.fault = .none
    bench.disk.faults.fault = .none
    if await !bench.settle() { problems.append("a stop never reached the store") }
    try await crash()
    try await judgeDocuments()
    problems += bench.runtime.history.violations
  }

  private func setFaults() {
    bench.store.faults.fault = random.chance(25) ? (random.chance(50) ? .refuses : .liesAboutFailure) : .none
    bench.disk.faults.fault = random.chance(20) ? (random.chance(50) ? .refuses : .tears(after: 9)) : .none
    if random.chance(15) {
      life.end(after: Int.random(in: 1...5, using: &random), last: random.chance(50) ? .done : .undone)
    }
  }

  /// A few people and traders at the same time.
  private func step() async throws {
    let bench = bench
    let stops = try (0..<Int.random(in: 0...2, using: &random)).map { _ in
      try bench.stop(
        Self.scopes.randomElement(using: &random) ?? .global, level: random.chance(70) ? .halted : .reduceOnly)
    }
    let isReleasing = random.chance(60)
    let decider = random.chance(30) ? "ada" : "grace"
    let bursts = (0..<3).map { _ in Int.random(in: 0...6, using: &random) }
    let receipts = await bench.clock.run(step: .milliseconds(100)) {
      await withTaskGroup(of: Receipt?.self) { group in
        for stop in stops { group.addTask { await bench.processor.impose(stop) } }
        for (number, count) in bursts.enumerated() {
          group.addTask {
            for _ in 0..<count {
              await bench.runtime.send(Self.orders[number], isReducing: count.isMultiple(of: 2)) { await Task.yield() }
            }
            return nil
          }
        }
        if isReleasing {
          group.addTask {
            await Self.release(bench, by: decider)
            return nil
          }
        }
        return await group.reduce(into: [Receipt]()) { all, receipt in if let receipt { all.append(receipt) } }
      }
    }
    // What a dead process says, nobody hears.
    guard life.isAlive else { return }
    for control in receipts.flatMap({ receipt in receipt.controls.map { (receipt.durability, $0) } }) {
      bench.runtime.history.sealed(control.1)
      if control.0 == .pending { pending.append(control.1.id) } else { acknowledged.append(control.1.id) }
    }
  }

  /// Asks for the release of everything in force and has somebody decide; refusals are part of the history.
  private static func release(_ bench: ControlBench, by decider: String) async {
    let ids = bench.processor.current.state.controls.keys.sorted()
    guard !ids.isEmpty, let approval = try? await bench.request(ids) else { return }
    _ = try? await bench.approve(approval, by: decider)
  }

  /// The process dies and the next one starts.
  private func crash() async throws {
    life.end()
    crashes += 1
    bench.store.faults.fault = .none
    bench.disk.faults.fault = .none
    try await forgetPending()
    life = Lifeline()
    var between = ControlBench.Between(life)
    mutate(&between)
    let next = try ControlBench(
      after: bench, seed: UInt64.random(in: 0...(.max), using: &random), between: between, adjust: adjust)
    if await next.runtime.send(Named.order()) { problems.append("an order left before control state was known") }
    try await next.start()
    bench = next
    if await !bench.settle() { problems.append("a recovered stop never reached the store") }
    let inForce = bench.processor.current.state.controls
    for id in acknowledged where inForce[id] == nil {
      if try await bench.document(id)?.release == nil { problems.append("the acknowledged stop \(id) was lost") }
    }
  }

  /// Stops that only a dead process held are gone, as their receipts said they might be.
  private func forgetPending() async throws {
    let (_, journaled) = try ControlJournal.open(SimulatedStorage(bench.disk.bytes), "control.journal")
    for id in pending {
      let isKept = try await bench.document(id) != nil || journaled.contains { $0.id == id }
      if isKept { acknowledged.append(id) } else { bench.runtime.history.released([id]) }
    }
    pending = []
  }

  /// What the store says for ever.
  private func judgeDocuments() async throws {
    let documents = try await bench.store.documents(active: nil, limit: 10_000)
    for document in documents {
      guard let release = document.release else { continue }
      releases += 1
      if release.approvedBy == nil || release.approvedBy == release.by {
        problems.append("\(document.control.id) was released by \(release.by) alone")
      }
    }
    if Set(documents.map(\.control.epoch)).count < documents.count { problems.append("two stops share an epoch") }
    if try await bench.store.load().state != bench.processor.current.state {
      problems.append("memory and store differ at rest")
    }
  }

  private static let scopes: [ControlScope] = [
    .global, Sample.orchid, Sample.scalper, ControlScope(tenant: Named.heron), ControlScope(symbol: Named.aapl),
    ControlScope(venue: Named.paper),
  ]
  private static let orders = [
    Named.order(), Named.order(Named.orchid, Named.swing, Named.ibm), Named.order(Named.heron),
  ]
}
