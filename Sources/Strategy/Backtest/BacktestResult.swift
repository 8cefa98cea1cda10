/// What a backtest found.
package struct BacktestResult: Equatable, Sendable {
  /// In the order they were closed.
  package private(set) var trades: [BacktestTrade] = []
  package private(set) var barCount = 0
  package private(set) var finalEquity: Double
  /// Deepest fall from a peak of the equity at closes, as a share of that peak.
  package private(set) var drawdownMax = 0.0
  /// After every bar; nil unless it was asked for.
  package private(set) var equity: [Double]?
  private var peak: Double

  init(cash: Double, recordsEquity: Bool) {
    finalEquity = cash
    peak = cash
    equity = recordsEquity ? [] : nil
  }

  /// Share of trades with a profit after commission; nil without trades.
  package var winRate: Double? {
    trades.isEmpty ? nil : Double(trades.count { $0.profit > 0 }) / Double(trades.count)
  }

  mutating func record(_ equity: Double) {
    barCount += 1
    peak = max(peak, equity)
    if peak > 0 { drawdownMax = max(drawdownMax, (peak - equity) / peak) }
    self.equity?.append(equity)
  }

  mutating func finish(_ trades: [BacktestTrade], equity: Double) {
    self.trades = trades
    finalEquity = equity
  }
}

/// One position from entry to exit.
package struct BacktestTrade: Equatable, Sendable {
  /// Bars counted from 0.
  package let entryBar: Int
  package let exitBar: Int
  /// Units; negative for a short.
  package let size: Double
  package let entryPrice: Double
  package let exitPrice: Double
  package let stop: Double
  /// After commission.
  package let profit: Double
  /// Of both fills.
  package let commission: Double
}
