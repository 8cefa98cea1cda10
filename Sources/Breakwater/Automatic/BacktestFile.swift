import Alerting
import Foundation

/// The file of `controls.automatic.backtests`, as `breakwater rules backtest --record --write` makes it.
enum BacktestFile {
  /// Largest file read: 2,000 records and more.
  private static let bytesMax = 1024 * 1024

  /// No file is no records. What is wrong with it becomes a problem.
  static func records(_ file: String?, _ problems: inout [ConfigurationProblem]) -> [BacktestRecord] {
    guard let file else { return [] }
    var wrong = "the file cannot be read, or is over 1 MiB"
    if let data = FileManager.default.contents(atPath: file), data.count <= bytesMax {
      do {
        return try BacktestLibrary.records([UInt8](data))
      } catch {
        wrong = "is no list of records as breakwater rules backtest --record --write makes it"
      }
    }
    problems.append(ConfigurationProblem(file: file, line: nil, key: "controls.automatic.backtests", message: wrong))
    return []
  }
}
