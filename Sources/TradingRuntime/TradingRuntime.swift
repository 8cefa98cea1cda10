package import ControlModel
package import Store
package import Strategy
import Synchronization
package import Telemetry
package import Venues

/// The embedded runtime: users → profiles → symbols. Bars come in, rules decide, risk reserves, the gate lets pass, the
/// venue answers, the ledger books.
///
/// `TradingRuntime+Loop.swift` is one pass of it, `TradingRuntime+Orders.swift` and `TradingRuntime+Answers.swift` the life
/// of one order.
package final class TradingRuntime: Sendable {
  package struct Settings: Sendable {
    package var replica: ReplicaID
    package var venue: VenueID
    /// Time between passes; also what `breakwater_runtime_loop_interval_seconds` says.
    package var loopInterval: Duration
    /// How long a stop waits for orders between check and wire before it resets the venue connection.
    package var drainTimeout: Duration
    /// Smallest price and quantity steps of the instruments traded.
    package var instrument: Instrument
    /// Longest time between two bars in good order; prices older than three of them, and than 30 s, are too old to start by.
    package var barInterval = Duration.seconds(1)

    package init(
      replica: ReplicaID, venue: VenueID, loopInterval: Duration, drainTimeout: Duration, instrument: Instrument
    ) {
      self.replica = replica
      self.venue = venue
      self.loopInterval = loopInterval
      self.drainTimeout = drainTimeout
      self.instrument = instrument
    }
  }

  package let settings: Settings
  package let gate: OrderGate
  package let records: TradingRecords
  let venue: any Venue
  let clocks: Clocks
  let log: EventLog
  let metrics: RuntimeMetrics
  let ids: IDSource
  let sleep: @Sendable (Duration) async -> Void
  /// Bars go to a simulated venue before anyone decides on them.
  let onBar: @Sendable (Symbol, Bar) -> Void
  let history: HistoryRecorder?
  let lanes = OrderLanes()
  let book = Mutex(Book())
  let market: Mutex<MarketState>
  let publicState = Mutex(RuntimeState())

  /// What the market last said, for risk, equity and the REST routes.
  struct MarketState {
    var data: any MarketData
    var indicators: [Symbol: SymbolIndicators] = [:]
    var lastPrice: [Symbol: Price] = [:]
    var lastBarAt: WallTime?
    var lastBarStart: WallTime?
  }

  /// How the loop is doing.
  package struct RuntimeState: Sendable, Equatable {
    package var isRunning = false
    package var passes = 0
    package var lastPassAt: WallTime?
    package var lastReconciledAt: WallTime?
    package var mismatches: [String: Int] = [:]
  }

  package init(
    settings: Settings, gate: OrderGate, records: TradingRecords, venue: any Venue, market: any MarketData,
    clocks: Clocks, ids: IDSource, log: EventLog, metrics: MetricRegistry,
    sleep: @escaping @Sendable (Duration) async -> Void,
    onBar: @escaping @Sendable (Symbol, Bar) -> Void, history: HistoryRecorder? = nil
  ) {
    self.settings = settings
    self.gate = gate
    self.records = records
    self.venue = venue
    self.clocks = clocks
    self.ids = ids
    self.log = log
    self.metrics = RuntimeMetrics(metrics, venue: settings.venue)
    self.sleep = sleep
    self.onBar = onBar
    self.history = history
    self.market = Mutex(MarketState(data: market))
  }

  /// Rebuilds memory from what is durable, asks the venue about every order whose fate is unknown, compares books, and
  /// only then is fit to have its gate opened. Throws when that is not possible; the gate then stays held.
  package func recover(_ profiles: [Profile]) async throws(StoreFailure) {
    try await records.addMissing(profiles, at: clocks.now)
    let recovered = try await records.recover()
    var positions: [VenueAccount: [Symbol: Position]] = [:]
    for (_, account, symbol, side, quantity, price) in recovered.executions {
      var position = positions[account]?[symbol] ?? Position()
      do throws(NumberError) {
        try position.apply(side, quantity, at: price)
      } catch {
        throw StoreFailure(.corrupt, "The executions of \(account.tenant)/\(account.profile) do not add up.")
      }
      positions[account, default: [:]][symbol] = position
    }
    try warmUp(profiles)
    book.withLock { book in
      for profile in profiles {
        let account = profile.account
        book.addAccount(
          profile, seat: gate.seat(account.tenant, account.profile), cash: recovered.cash[account] ?? profile.capital,
          positions: positions[account] ?? [:])
      }
      for order in recovered.openOrders { book.add(order) }
    }
    await resolveUnfinished(recovered.openOrders)
    guard await reconcile() else {
      throw StoreFailure(
        .unavailable, "The venue \(settings.venue) could not be compared with our books; nothing trades before that.")
    }
  }

  private func warmUp(_ profiles: [Profile]) throws(StoreFailure) {
    let wanted = Dictionary(
      profiles.flatMap { profile in profile.symbols.map { ($0, profile.strategy.indicators) } },
      uniquingKeysWith: { (try? $0.union($1)) ?? $0 })
    let failure = market.withLock { market -> StoreFailure? in
      for (symbol, selection) in wanted {
        var indicators = SymbolIndicators(symbol: symbol, timeframe: .day1, selection: selection)
        for bar in market.data.history(of: symbol) {
          do throws(BarProblem) {
            try indicators.update(bar)
          } catch {
            return StoreFailure(.corrupt, "The recorded bars of \(symbol) are not usable: \(error.rawValue).")
          }
        }
        market.indicators[symbol] = indicators
        market.lastPrice[symbol] = indicators.lastBar.flatMap { try? Price($0.close, step: settings.instrument.tick) }
      }
      return nil
    }
    if let failure { throw failure }
  }

  /// Runs passes and takes in the venue's events until cancelled.
  package func run() async {
    metrics.up.set(1)
    metrics.loopInterval.set(
      Double(settings.loopInterval.components.seconds) + Double(settings.loopInterval.components.attoseconds) / 1e18)
    publicState.withLock { $0.isRunning = true }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for await event in self.venue.events { await self.take(event) } }
      group.addTask {
        var sinceReconciled = Duration.zero
        while !Task.isCancelled {
          await self.pass()
          await self.sleep(self.settings.loopInterval)
          sinceReconciled += self.settings.loopInterval
          if sinceReconciled >= Self.reconcileInterval {
            sinceReconciled = .zero
            await self.reconcile()
          }
        }
      }
      await group.waitForAll()
    }
    publicState.withLock { $0.isRunning = false }
    metrics.up.set(0)
  }

  /// How often our book is compared with the venue's.
  static let reconcileInterval = Duration.seconds(30)

  package var state: RuntimeState { publicState.withLock { $0 } }
}
