import Foundation
import Testing

@testable import Strategy

/// Trade lists written by backtesting.py, over series that may not be copied here (see Fixtures/README.md).
@Suite(
  .enabled(
    if: ProcessInfo.processInfo.environment["BREAKWATER_ORACLE_BARS"] != nil,
    "name the folder with GOOG.csv and EURUSD.csv in BREAKWATER_ORACLE_BARS to compare with backtesting.py"))
struct `A backtest equals backtesting_py` {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let series: String
    let size: Double
    let commission: Double
    let trades: Int
    // From the oracle's own summary.
    let finalEquity: Double
    let drawdownPercent: Double
    let winPercent: Double

    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "goog_d", series: "GOOG", size: 10, commission: 0, trades: 20, finalEquity: 999_345.943610251,
      drawdownPercent: 0.6916045221853517, winPercent: 20),
    Case(
      name: "goog_d_fee", series: "GOOG", size: 10, commission: 0.002, trades: 20, finalEquity: 998_923.1951007919,
      drawdownPercent: 0.7302906490184058, winPercent: 20),
    Case(
      name: "eurusd_h", series: "EURUSD", size: 100_000, commission: 0, trades: 45, finalEquity: 1_005_461.431809603,
      drawdownPercent: 0.6921336614395979, winPercent: 17.77777777777778),
  ]

  private func bars(_ series: String) throws -> [Bar] {
    let folder = try #require(ProcessInfo.processInfo.environment["BREAKWATER_ORACLE_BARS"])
    let data = try Data(contentsOf: URL(fileURLWithPath: folder).appendingPathComponent("\(series).csv"))
    return try BarFile.parse([UInt8](data))
  }

  @Test(arguments: cases)
  func `trade by trade and in its summary`(_ expected: Case) throws {
    let result = Backtest.run(
      try bars(expected.series), try EMACross.Parameters(size: expected.size),
      try Backtest.Settings(commissionRate: expected.commission))
    let table = try Fixture.table("backtest/bt_\(expected.name)_trades.csv")
    func column(_ name: String) throws -> [Double] { try table.numbers(name).map { try #require($0) } }
    // The oracle lists trades as they were closed, which is the order of their entries: one position at a time.
    let order = try column("entry_bar").enumerated().sorted { $0.element < $1.element }.map(\.offset)
    let trades = result.trades
    #expect(trades.count == expected.trades && order.count == expected.trades)
    for (name, value) in [
      ("entry_bar", { Double($0.entryBar) }), ("exit_bar", { Double($0.exitBar) }), ("size", \.size),
    ] as [(String, (BacktestTrade) -> Double)] {
      let theirs = try column(name)
      #expect(trades.map(value) == order.map { theirs[$0] }, "\(name)")
    }
    for (name, value, scale) in [
      ("entry_price", \.entryPrice, 0), ("exit_price", \.exitPrice, 0), ("sl", \.stop, 0), ("pnl", \.profit, 1_000),
      ("commission", \.commission, 1),
    ] as [(String, (BacktestTrade) -> Double, Double)] {
      let theirs = try column(name)
      for (trade, row) in zip(trades, order) {
        let error = abs(value(trade) - theirs[row])
        #expect(error <= 1e-9 * max(abs(theirs[row]), scale), "\(name) of the trade at bar \(trade.entryBar)")
      }
    }
    #expect(abs(result.finalEquity - expected.finalEquity) < 1e-9 * expected.finalEquity)
    #expect(abs(100 * result.drawdownMax - expected.drawdownPercent) < 1e-9)
    #expect(abs(100 * (result.winRate ?? 0) - expected.winPercent) < 1e-9)
  }
}
