package import ControlModel
package import GRDB

/// Revocations of tokens as rows; what they mean is the identity plane's.
package enum RevocationRecords {
  static let schema = """
    CREATE TABLE revocation (
      kind TEXT NOT NULL, name TEXT NOT NULL, issued_before INTEGER, reason TEXT NOT NULL, actor TEXT NOT NULL,
      created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (kind, name)
    ) WITHOUT ROWID;
    """

  package struct Row: Sendable, Equatable {
    /// `jti`, `sid`, `sub`, `tenant` or `everyone`.
    package let kind: String
    package let name: String
    package let issuedBefore: WallTime?
    package let reason: String
    package let actor: String
    package let createdAt: WallTime
    package let expiresAt: WallTime

    package init(
      kind: String, name: String, issuedBefore: WallTime?, reason: String, actor: String, createdAt: WallTime,
      expiresAt: WallTime
    ) {
      self.kind = kind
      self.name = name
      self.issuedBefore = issuedBefore
      self.reason = reason
      self.actor = actor
      self.createdAt = createdAt
      self.expiresAt = expiresAt
    }
  }

  /// Adds a row, or replaces the one of the same target; drops those that expired.
  package static func save(_ row: Row, in database: GRDB.Database) throws {
    try database.execute(
      sql: "DELETE FROM revocation WHERE expires_at <= ?", arguments: [row.createdAt.unixMilliseconds])
    try database.execute(
      sql: "INSERT OR REPLACE INTO revocation VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        row.kind, row.name, row.issuedBefore?.unixMilliseconds, row.reason, row.actor, row.createdAt.unixMilliseconds,
        row.expiresAt.unixMilliseconds,
      ])
  }

  package static func remove(kind: String, name: String, in database: GRDB.Database) throws {
    try database.execute(sql: "DELETE FROM revocation WHERE kind = ? AND name = ?", arguments: [kind, name])
  }

  /// All rows that still matter at `now`.
  package static func all(at now: WallTime, in database: GRDB.Database) throws -> [Row] {
    try GRDB.Row.fetchAll(
      database, sql: "SELECT * FROM revocation WHERE expires_at > ? ORDER BY created_at DESC",
      arguments: [now.unixMilliseconds]
    ).map { row in
      Row(
        kind: row["kind"], name: row["name"],
        issuedBefore: (row["issued_before"] as Int64?).map { WallTime(unixMilliseconds: $0) }, reason: row["reason"],
        actor: row["actor"], createdAt: WallTime(unixMilliseconds: row["created_at"]),
        expiresAt: WallTime(unixMilliseconds: row["expires_at"]))
    }
  }
}
