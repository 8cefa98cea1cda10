import Foundation
import Store
import Testing

/// Three gates through partitions, crashes, freezes, lost and repeated notices, late leases, a failing store and clocks that
/// differ. `make sim` runs ten thousand histories; `SIM_SEED` and `SIM_HISTORIES` choose which.
@Suite(.serialized) struct `Simulated replicas` {
  private static let environment = ProcessInfo.processInfo.environment
  private static let histories = environment["SIM_HISTORIES"].flatMap { UInt64($0) } ?? 200
  private static let seed = environment["SIM_SEED"].flatMap { UInt64($0) } ?? 1

  /// Histories take seconds of a thread: not one of those that other tests' services share.
  private func apart<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      let thread = Thread { continuation.resume(returning: work()) }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  @Test func `hold P1 to P7 in every history`() async {
    let (total, problems) = await apart(Self.judge)
    #expect(problems.isEmpty)
    // Histories in which little happens would show little.
    let count = Int(Self.histories)
    #expect(total.orders > 100 * count && total.stops > 3 * count && total.releases > count && total.runs > 3 * count)
  }

  private static func judge() -> (total: HistoryCheck.Report, problems: [String]) {
    var total = HistoryCheck.Report()
    var problems: [String] = []
    for seed in seed..<(seed + histories) where problems.count < 20 {
      let report = World(seed: seed).run()
      problems += report.violations.prefix(2).map { "seed \(seed): \($0.property): \($0.sentence)" }
      total.events += report.events
      total.orders += report.orders
      total.stops += report.stops
      total.releases += report.releases
      total.runs += report.runs
    }
    print(
      "simulation: \(histories) histories from seed \(seed): \(total.orders) orders, \(total.stops) sealed stops, \(total.releases) releases, \(total.runs) starts, \(problems.count) violations"
    )
    return (total, problems)
  }

  @Test func `are the same for the same seed`() async {
    let events = await apart {
      (0..<2).map { _ in
        let world = World(seed: 7)
        _ = world.run()
        return world.events
      }
    }
    #expect(events[0] == events[1] && events[0].count > 100)
  }

  @Test(arguments: Rules.mutants)
  func `catch a protocol without one of its rules`(mutant: Rules.Mutant) async {
    let caught = await apart {
      for seed in 1...2_000 as ClosedRange<UInt64> {
        let report = World(seed: seed, mutant.rules).run()
        guard let first = report.violations.first else { continue }
        print("simulation: \(mutant.name): caught by seed \(seed), \(first.property): \(first.sentence)")
        return true
      }
      return false
    }
    #expect(caught, "2,000 histories did not show the mutant \(mutant.name)")
  }
}
