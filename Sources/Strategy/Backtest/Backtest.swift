/// Replays recorded bars through a strategy with a fill model simple enough to check by hand.
///
/// Every bar: first the broker acts on what was ordered before, then the strategy decides at the close.
/// - Orders fill at the next bar's open, a close before an entry.
/// - A stop is live from the entry bar on: a long leaves at `min(open, stop)` once `low <= stop`, a short at
///   `max(open, stop)` once `high >= stop`.
/// - A take-profit fills at `max(open, target)` for a long, at `min` for a short. When one bar touches both, the stop
///   counts, for nobody knows which came first.
/// - A position still open at the end is closed at the last bar's open.
///
/// Prices and profits are `Double`: this estimates a strategy, it books no money. The EMA cross reproduces the trade
/// lists of backtesting.py 0.6.6 exactly (`BacktestOracleTests`).
package enum Backtest {
  /// The simulated account.
  package struct Settings: Equatable, Sendable {
    package let cash: Double
    /// Share of the notional paid on every fill, e.g. 0.002.
    package let commissionRate: Double
    /// Whether the result keeps the equity after every bar (8 bytes each).
    package let recordsEquity: Bool

    /// - Throws: outside `cash` 0...1e12 or `commissionRate` 0...0.1.
    package init(
      cash: Double = 1_000_000, commissionRate: Double = 0, recordsEquity: Bool = false
    ) throws(ParameterError) {
      self.cash = try cash.checked("backtest.cash", 0...1e12)
      self.commissionRate = try commissionRate.checked("backtest.commissionRate", 0...0.1)
      self.recordsEquity = recordsEquity
    }
  }

  /// EMA cross with RSI filter and ATR stop. `bars` must ascend; they do when `BarFile` read them.
  package static func run(_ bars: [Bar], _ cross: EMACross.Parameters, _ settings: Settings) -> BacktestResult {
    var strategy = EMACross(cross)
    return run(bars, &strategy, settings)
  }

  /// The seven rules. Every bar is taken to be closed; the session is asked at the bar's end, so daily bars want the
  /// continuous calendar. Throws if the bars do not ascend.
  package static func run(
    _ bars: [Bar], _ pipeline: PipelineStrategy, _ settings: Settings
  ) throws(BarProblem) -> BacktestResult {
    for (one, next) in zip(bars, bars.dropFirst()) where next.start <= one.start { throw .notAscending }
    var strategy = pipeline
    return run(bars, &strategy, settings)
  }

  static func run<S: BacktestStrategy>(
    _ bars: [Bar], _ strategy: inout S, _ settings: Settings
  ) -> BacktestResult {
    var broker = BacktestBroker(settings)
    var summary = BacktestResult(cash: settings.cash, recordsEquity: settings.recordsEquity)
    for index in bars.indices {
      let bar = bars[index]
      broker.step(bar, index)
      if index == bars.count - 1 { broker.finish(bar, index) }
      let equity = broker.equity(at: bar.close)
      summary.record(equity)
      if let order = strategy.decide(bar, broker.holding, equity: equity) { broker.queue(order) }
    }
    summary.finish(broker.trades, equity: broker.cash)
    return summary
  }
}

/// Decides at every close. Two live here: the oracle's EMA cross, and the seven rules.
protocol BacktestStrategy {
  mutating func decide(_ bar: Bar, _ holding: BacktestHolding?, equity: Double) -> BacktestOrder?
}

enum BacktestOrder {
  /// `size` units, positive; `stop` below the price for a long, above it for a short.
  case enter(Direction, size: Double, stop: Double, takeProfit: Double?)
  case close
}

/// An open position.
struct BacktestHolding {
  let direction: Direction
  let size: Double
  let entryBar: Int
  let entryPrice: Double
  let stop: Double
  let takeProfit: Double?

  var signedSize: Double { size * direction.sign }
}
