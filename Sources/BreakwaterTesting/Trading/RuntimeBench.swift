package import ControlModel
import Store
package import Strategy
import Synchronization
package import Telemetry
package import TradingRuntime
package import Venues

/// A runtime on files of its own, a simulated venue and a virtual clock. Building another one on the same folder and venue
/// is a restart.
package final class RuntimeBench<V: Venue>: Sendable {
  package let folder: TemporaryFolder
  package let clock: TestClock
  package let venue: V
  package let gate = OrderGate()
  package let market: ScriptedMarket
  package let records: TradingRecords
  package let runtime: TradingRuntime
  package let metrics = MetricRegistry()
  private let running = Mutex<Task<Void, Never>?>(nil)

  package init(
    folder: TemporaryFolder, clock: TestClock, venue: V, market: ScriptedMarket? = nil,
    onBar: @escaping @Sendable (Symbol, Bar) -> Void = { _, _ in }
  ) throws {
    self.folder = folder
    self.clock = clock
    self.venue = venue
    let market = try market ?? ScriptedMarket([Named.aapl: [ScriptedMarket.bar(day: 1, at: 100)]])
    self.market = market
    let clocks = clock.clocks
    records = try TradingRecords(folder.file("trading.sqlite"), clocks: clocks, metrics: metrics)
    let settings = TradingRuntime.Settings(
      replica: Named.replica, venue: venue.id, loopInterval: .seconds(1), drainTimeout: .milliseconds(250),
      instrument: try Instrument(
        tick: Price("0.01"), lot: Quantity("1"), quantityMin: Quantity("1"), notionalMin: Money("1")))
    runtime = TradingRuntime(
      settings: settings, gate: gate, records: records, venue: venue, market: market, clocks: clocks,
      ids: IDSource(seed: 1) { clocks.now }, log: .discarding, metrics: metrics, sleep: { await clock.sleep($0) },
      onBar: onBar)
  }

  deinit { running.withLock { $0?.cancel() } }

  /// Recovers, opens the gate, and takes in the venue's events. From there on a pass is made when time moves, or by hand.
  package func start(_ profiles: [Profile]) async throws {
    try await runtime.recover(profiles)
    runtime.setHeld(false)
    let runtime = runtime
    running.withLock { $0 = Task { await runtime.run() } }
    _ = await eventually { runtime.state.passes > 0 }
  }

  /// Ends the runtime's own work, as the end of its process would, and leaves files and venue as they are.
  package func stop() async {
    let task = running.withLock { task in
      defer { task = nil }
      return task
    }
    task?.cancel()
    await task?.value
  }

  // MARK: Orders

  package func draft(
    _ side: OrderSide, _ quantity: String, _ kind: OrderKind = .market, key: String, purpose: Order.Purpose = .manual,
    stop: String? = nil, account: VenueAccount = Named.account
  ) throws -> OrderDraft {
    OrderDraft(
      account: account, symbol: Named.aapl, side: side, kind: kind, quantity: try Quantity(quantity), purpose: purpose,
      stop: try stop.map { try Price($0) }, actor: "bench", requestID: RequestID(checked: "bench-request-1"),
      id: OrderIDs.manual(key, of: account))
  }

  /// The order as it is on disk.
  package func stored(_ id: OrderID, of tenant: TenantID = Named.account.tenant) async throws -> Order? {
    try await records.order(id, of: tenant)
  }

  package func position(_ account: VenueAccount = Named.account) -> Quantity {
    let summary = runtime.accounts(of: account.tenant).first { $0.profile.account == account }
    return summary?.positions.first { $0.symbol == Named.aapl }?.position.quantity ?? .zero
  }

  package func summary(_ account: VenueAccount = Named.account) -> AccountSummary? {
    runtime.accounts(of: account.tenant).first { $0.profile.account == account }
  }
}
