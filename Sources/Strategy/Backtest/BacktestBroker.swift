/// Fills orders and keeps the cash of one simulated account.
struct BacktestBroker {
  /// Without open positions' value; commissions are taken when they fall due.
  private(set) var cash: Double
  private(set) var holding: BacktestHolding?
  private(set) var trades: [BacktestTrade] = []
  private let commissionRate: Double
  private var entry: BacktestOrder?
  private var closes = false

  init(_ settings: Backtest.Settings) {
    cash = settings.cash
    commissionRate = settings.commissionRate
  }

  func equity(at price: Double) -> Double {
    guard let holding else { return cash }
    return cash + holding.signedSize * (price - holding.entryPrice)
  }

  /// A newer entry replaces one that has not filled.
  mutating func queue(_ order: BacktestOrder) {
    if case .close = order { closes = true } else { entry = order }
  }

  /// What happens within `bar`: the queued close, or the exits of an open position; then the queued entry and its
  /// exits.
  mutating func step(_ bar: Bar, _ index: Int) {
    if closes {
      closes = false
      close(at: bar.open, index)
    } else {
      leaveIfTouched(bar, index)
    }
    guard holding == nil, case .enter(let direction, let size, let stop, let takeProfit) = entry else { return }
    entry = nil
    cash -= commissionRate * size * bar.open
    holding = BacktestHolding(
      direction: direction, size: size, entryBar: index, entryPrice: bar.open, stop: stop, takeProfit: takeProfit)
    leaveIfTouched(bar, index)
  }

  mutating func finish(_ bar: Bar, _ index: Int) {
    close(at: bar.open, index)
  }

  private mutating func leaveIfTouched(_ bar: Bar, _ index: Int) {
    guard let holding else { return }
    switch holding.direction {
    case .long:
      if bar.low <= holding.stop {
        close(at: min(bar.open, holding.stop), index)
      } else if let target = holding.takeProfit, bar.high >= target {
        close(at: max(bar.open, target), index)
      }
    case .short:
      if bar.high >= holding.stop {
        close(at: max(bar.open, holding.stop), index)
      } else if let target = holding.takeProfit, bar.low <= target {
        close(at: min(bar.open, target), index)
      }
    }
  }

  private mutating func close(at price: Double, _ index: Int) {
    guard let holding else { return }
    let commission = commissionRate * holding.size * (holding.entryPrice + price)
    let gross = holding.signedSize * (price - holding.entryPrice)
    cash += gross - commissionRate * holding.size * price
    trades.append(
      BacktestTrade(
        entryBar: holding.entryBar, exitBar: index, size: holding.signedSize, entryPrice: holding.entryPrice,
        exitPrice: price, stop: holding.stop, profit: gross - commission, commission: commission))
    self.holding = nil
  }
}
