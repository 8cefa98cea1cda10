package import ControlModel
import Foundation
package import GRDB

/// Silences as rows, beside the audit log that says who made them; what they mute is the alert desk's.
package enum SilenceRecords {
  static let schema = """
    CREATE TABLE silence (
      id TEXT PRIMARY KEY, matchers TEXT NOT NULL, starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,
      created_by TEXT NOT NULL, created_at INTEGER NOT NULL, reason TEXT NOT NULL, ends_with_alert INTEGER NOT NULL,
      has_matched INTEGER NOT NULL
    ) WITHOUT ROWID;
    DROP TABLE alert_state;
    """

  package struct Row: Sendable, Equatable {
    package let id: String
    /// One text per condition.
    package let matchers: [String]
    package let startsAt: WallTime
    package let endsAt: WallTime
    package let createdBy: String
    package let createdAt: WallTime
    package let reason: String
    package let endsWithAlert: Bool
    package let hasMatched: Bool

    package init(
      id: String, matchers: [String], startsAt: WallTime, endsAt: WallTime, createdBy: String, createdAt: WallTime,
      reason: String, endsWithAlert: Bool, hasMatched: Bool
    ) {
      self.id = id
      self.matchers = matchers
      self.startsAt = startsAt
      self.endsAt = endsAt
      self.createdBy = createdBy
      self.createdAt = createdAt
      self.reason = reason
      self.endsWithAlert = endsWithAlert
      self.hasMatched = hasMatched
    }
  }

  /// How long an ended silence is kept, for whoever asks what was muted.
  package static let keptMilliseconds: Int64 = 30 * 86_400_000

  /// Adds a row or replaces it; drops those that ended long ago.
  package static func save(_ row: Row, at now: WallTime, in database: GRDB.Database) throws {
    try database.execute(
      sql: "DELETE FROM silence WHERE ends_at < ?", arguments: [now.unixMilliseconds - keptMilliseconds])
    let matchers = String(decoding: try JSONEncoder().encode(row.matchers), as: UTF8.self)
    try database.execute(
      sql: "INSERT OR REPLACE INTO silence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        row.id, matchers, row.startsAt.unixMilliseconds, row.endsAt.unixMilliseconds, row.createdBy,
        row.createdAt.unixMilliseconds, row.reason, row.endsWithAlert, row.hasMatched,
      ])
  }

  package static func all(in database: GRDB.Database) throws -> [Row] {
    try GRDB.Row.fetchAll(database, sql: "SELECT * FROM silence ORDER BY created_at DESC").map { row in
      let matchers = try JSONDecoder().decode([String].self, from: Data((row["matchers"] as String).utf8))
      return Row(
        id: row["id"], matchers: matchers, startsAt: WallTime(unixMilliseconds: row["starts_at"]),
        endsAt: WallTime(unixMilliseconds: row["ends_at"]), createdBy: row["created_by"],
        createdAt: WallTime(unixMilliseconds: row["created_at"]), reason: row["reason"],
        endsWithAlert: row["ends_with_alert"], hasMatched: row["has_matched"])
    }
  }
}
