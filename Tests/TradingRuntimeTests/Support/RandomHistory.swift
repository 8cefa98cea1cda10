import BreakwaterTesting
import ControlModel
import Strategy
import TradingRuntime
import Venues

/// What traders and a venue with a bad connection may do to a runtime, one step after the other.
struct RandomHistory {
  private let bench: Bench
  private let accounts: [VenueAccount]
  private var steps = 0

  init(_ bench: Bench, _ accounts: [VenueAccount]) {
    self.bench = bench
    self.accounts = accounts
  }

  mutating func step(_ random: inout SeededRandom) async throws {
    steps += 1
    bench.clock.advance(by: .milliseconds(Int64.random(in: 1...400, using: &random)))
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5: await submit(&random)
    case 5..<8: try fill(&random)
    case 8:
      if let id = bench.venue.arrivals.randomElement(using: &random) { _ = try? await bench.runtime.cancel(id) }
    default: await bench.runtime.pass()
    }
  }

  private func submit(_ random: inout SeededRandom) async {
    bench.venue.manner.speech.copies = Int.random(in: 1...3, using: &random)
    bench.venue.manner.write =
      [.taken, .taken, .taken, .rejected, .notSent, .lost, .unanswered].randomElement(using: &random) ?? .taken
    guard let account = accounts.randomElement(using: &random) else { return }
    let hundredths = Int.random(in: 100...3_000, using: &random)
    let draft = try? bench.draft(
      random.chance(60) ? .buy : .sell, "\(hundredths / 100).\(hundredths % 100 + 100)",
      random.chance(50) ? .market : .limit(Price(mantissa: Int64.random(in: 90...110, using: &random) * 100_000_000)),
      key: "\(steps)", stop: random.chance(30) ? "80" : nil, account: account)
    // Refusals are part of the history.
    if let draft { _ = try? await bench.runtime.submit(draft) }
  }

  private func fill(_ random: inout SeededRandom) throws {
    let working = bench.venue.arrivals.compactMap { bench.venue.report($0) }.filter { $0.status == .working }
    guard let report = working.randomElement(using: &random) else { return }
    let done = report.executions.reduce(Int64(0)) { $0 + $1.quantity.mantissa }
    let left = report.order.quantity.mantissa - done
    let part = random.chance(50) ? left : Int64.random(in: 1...left, using: &random)
    try bench.venue.fill(
      report.order.id, Quantity(mantissa: part),
      at: Price(mantissa: Int64.random(in: 9_000_000_001...11_000_000_000, using: &random)), execution: "x\(steps)")
  }

  /// Until nothing is in doubt and what the venue said has been taken in.
  func settle() async throws {
    let isSettled = await eventually {
      await bench.runtime.pass()
      guard await bench.runtime.reconcile() else { return false }
      guard bench.runtime.inDoubt(.global).isEmpty else { return false }
      return bench.runtime.state.mismatches.values.allSatisfy { $0 == 0 }
    }
    guard isSettled else { throw Surprise("the books stay different: \(bench.runtime.state.mismatches)") }
  }
}

/// Everything about an account a restart must find again.
struct Picture: Equatable {
  private var accounts: [String] = []
  private var orders: [Order] = []
  private var inDoubt: [InDoubtOrder] = []

  init(_ bench: Bench, _ accounts: [VenueAccount]) async throws {
    for account in accounts {
      let summary = bench.summary(account)
      self.accounts.append(
        "\(account.tenant) cash \(summary.map { "\($0.cash)" } ?? "?") open \(summary?.openOrders ?? -1)")
      for position in summary?.positions ?? [] {
        self.accounts.append(
          "\(position.symbol) \(position.position.quantity) cost \(position.position.cost) \(position.position.realized)"
        )
      }
      orders += try await bench.records.orders(
        of: account.tenant, profile: nil, open: nil, before: nil, limit: 1000
      ).map(\.order)
    }
    inDoubt = bench.runtime.inDoubt(.global)
  }
}
