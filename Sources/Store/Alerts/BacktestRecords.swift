package import ControlModel
import Foundation
package import GRDB

/// Backtests of rules, by the hash of what the rule decides by.
package enum BacktestRecords {
  static let schema = """
    CREATE TABLE backtest (
      hash TEXT PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, document BLOB NOT NULL
    ) WITHOUT ROWID;
    """

  /// Keeps the newest one of a rule.
  package static func save(
    hash: String, at: WallTime, actor: String, document: [UInt8], in database: GRDB.Database
  ) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO backtest VALUES (?, ?, ?, ?)",
      arguments: [hash, at.unixMilliseconds, actor, Data(document)])
  }

  package static func all(in database: GRDB.Database) throws -> [[UInt8]] {
    try Data.fetchAll(database, sql: "SELECT document FROM backtest ORDER BY hash").map { Array($0) }
  }
}
