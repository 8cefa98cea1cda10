package import ControlModel
package import GRDB

/// Sessions in which staff acted as a tenant, as rows. They outlive the session: a tenant may ask who was there.
package enum ActAsRecords {
  static let schema = """
    CREATE TABLE act_as (
      id TEXT PRIMARY KEY, tenant TEXT NOT NULL, actor TEXT NOT NULL, mode TEXT NOT NULL, reason TEXT NOT NULL,
      created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, ended_at INTEGER, ended_by TEXT
    ) WITHOUT ROWID;
    CREATE INDEX act_as_tenant ON act_as (tenant, created_at DESC);
    """

  /// How long a session stays on record.
  package static let keptMilliseconds: Int64 = 400 * 86_400_000

  package struct Row: Sendable, Equatable {
    package let id: String
    package let tenant: String
    package let actor: String
    /// `read` or `write`.
    package let mode: String
    package let reason: String
    package let createdAt: WallTime
    package let expiresAt: WallTime
    package var endedAt: WallTime?
    package var endedBy: String?

    package init(
      id: String, tenant: String, actor: String, mode: String, reason: String, createdAt: WallTime, expiresAt: WallTime
    ) {
      self.id = id
      self.tenant = tenant
      self.actor = actor
      self.mode = mode
      self.reason = reason
      self.createdAt = createdAt
      self.expiresAt = expiresAt
    }
  }

  /// Which sessions to list.
  package struct Filter: Sendable {
    package var tenant: String?
    /// Only those that can still be used at this moment.
    package var activeAt: WallTime?
    package var limit = 50

    package static let limitMax = 200

    package init() {}
  }

  /// Adds a session; forgets those past `keptMilliseconds`.
  package static func insert(_ row: Row, in database: GRDB.Database) throws {
    try database.execute(
      sql: "DELETE FROM act_as WHERE created_at < ?", arguments: [row.createdAt.unixMilliseconds - keptMilliseconds])
    try database.execute(
      sql: "INSERT INTO act_as VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
      arguments: [
        row.id, row.tenant, row.actor, row.mode, row.reason, row.createdAt.unixMilliseconds,
        row.expiresAt.unixMilliseconds,
      ])
  }

  package static func end(_ id: String, by actor: String, at now: WallTime, in database: GRDB.Database) throws {
    try database.execute(
      sql: "UPDATE act_as SET ended_at = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL",
      arguments: [now.unixMilliseconds, actor, id])
  }

  package static func find(_ id: String, in database: GRDB.Database) throws -> Row? {
    try GRDB.Row.fetchOne(database, sql: "SELECT * FROM act_as WHERE id = ?", arguments: [id]).map(row)
  }

  /// How many sessions of an actor can still be used.
  package static func active(of actor: String, at now: WallTime, in database: GRDB.Database) throws -> Int {
    try Int.fetchOne(
      database, sql: "SELECT count(*) FROM act_as WHERE actor = ? AND expires_at > ? AND ended_at IS NULL",
      arguments: [actor, now.unixMilliseconds]) ?? 0
  }

  /// Newest first.
  package static func list(_ filter: Filter, in database: GRDB.Database) throws -> [Row] {
    try GRDB.Row.fetchAll(
      database,
      sql: """
        SELECT * FROM act_as WHERE (? IS NULL OR tenant = ?) AND (? IS NULL OR (expires_at > ? AND ended_at IS NULL))
        ORDER BY created_at DESC, id DESC LIMIT ?
        """,
      arguments: [
        filter.tenant, filter.tenant, filter.activeAt?.unixMilliseconds, filter.activeAt?.unixMilliseconds,
        min(max(1, filter.limit), Filter.limitMax),
      ]
    ).map(row)
  }

  private static func row(_ row: GRDB.Row) -> Row {
    var session = Row(
      id: row["id"], tenant: row["tenant"], actor: row["actor"], mode: row["mode"], reason: row["reason"],
      createdAt: WallTime(unixMilliseconds: row["created_at"]),
      expiresAt: WallTime(unixMilliseconds: row["expires_at"]))
    session.endedAt = (row["ended_at"] as Int64?).map { WallTime(unixMilliseconds: $0) }
    session.endedBy = row["ended_by"]
    return session
  }
}
