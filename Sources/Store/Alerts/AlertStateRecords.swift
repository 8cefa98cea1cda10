package import ControlModel
import Foundation
package import GRDB

/// The alerts as they are, in one text of the alert desk's, and what each receiver was last told.
package enum AlertStateRecords {
  static let schema = """
    CREATE TABLE alert_state (at INTEGER NOT NULL, records BLOB NOT NULL);
    CREATE TABLE notification_told (
      receiver TEXT NOT NULL, group_key TEXT NOT NULL, at INTEGER NOT NULL, document BLOB NOT NULL,
      PRIMARY KEY (receiver, group_key)
    ) WITHOUT ROWID;
    """

  /// Replaces the alerts as they are with `records`.
  package static func save(_ records: [UInt8], at now: WallTime, in database: GRDB.Database) throws {
    try database.execute(sql: "DELETE FROM alert_state")
    try database.execute(
      sql: "INSERT INTO alert_state (at, records) VALUES (?, ?)", arguments: [now.unixMilliseconds, Data(records)])
  }

  /// What `save` saved last, and when.
  package static func alerts(in database: GRDB.Database) throws -> (records: [UInt8], at: WallTime)? {
    try Row.fetchOne(database, sql: "SELECT at, records FROM alert_state").map { row in
      (Array(row["records"] as Data), WallTime(unixMilliseconds: row["at"]))
    }
  }

  /// What a receiver knows of a group; nil forgets it.
  package static func tell(
    _ receiver: String, _ groupKey: String, at: Int64, _ document: [UInt8]?, in database: GRDB.Database
  ) throws {
    guard let document else {
      return try database.execute(
        sql: "DELETE FROM notification_told WHERE receiver = ? AND group_key = ?", arguments: [receiver, groupKey])
    }
    try database.execute(
      sql: "INSERT OR REPLACE INTO notification_told VALUES (?, ?, ?, ?)",
      arguments: [receiver, groupKey, at, Data(document)])
  }

  package static func told(in database: GRDB.Database) throws -> [[UInt8]] {
    try Data.fetchAll(database, sql: "SELECT document FROM notification_told").map { Array($0) }
  }
}
