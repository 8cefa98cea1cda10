package import ControlModel
import Foundation
package import GRDB

/// Every message to a receiver: decided, taken or given up.
///
/// The columns of a table without row ids stand in the order of its key: SQLite 3.40's quick_check, which runs at every
/// start, otherwise finds NULL where there is none.
package enum NotificationRecords {
  static let schema = """
    CREATE TABLE notification (
      id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, receiver TEXT NOT NULL, status TEXT NOT NULL,
      cause TEXT NOT NULL, decided_at INTEGER NOT NULL, finished_at INTEGER, attempts INTEGER NOT NULL, error TEXT,
      document BLOB NOT NULL
    );
    CREATE INDEX notification_queued ON notification (id) WHERE status = 'queued';
    CREATE INDEX notification_receiver ON notification (receiver, id);
    CREATE TABLE notification_alert (
      fingerprint TEXT NOT NULL, notification INTEGER NOT NULL REFERENCES notification (id) ON DELETE CASCADE,
      PRIMARY KEY (fingerprint, notification)
    ) WITHOUT ROWID;
    CREATE INDEX notification_alert_notification ON notification_alert (notification);
    """

  package struct Entry: Sendable, Equatable {
    package var id: Int64
    package let key: String
    package let receiver: String
    /// `queued`, `sent` or `failed`.
    package let status: String
    package let cause: String
    package let decidedAt: WallTime
    package let finishedAt: WallTime?
    package let attempts: Int
    package let error: String?
    /// The message, in the alert desk's own JSON.
    package let document: [UInt8]
    package let fingerprints: [String]

    package init(
      id: Int64 = 0, key: String, receiver: String, status: String, cause: String, decidedAt: WallTime,
      finishedAt: WallTime?, attempts: Int, error: String?, document: [UInt8], fingerprints: [String]
    ) {
      self.id = id
      self.key = key
      self.receiver = receiver
      self.status = status
      self.cause = cause
      self.decidedAt = decidedAt
      self.finishedAt = finishedAt
      self.attempts = attempts
      self.error = error
      self.document = document
      self.fingerprints = fingerprints
    }
  }

  package struct Filter: Sendable {
    package var receiver: String?
    package var status: String?
    package var fingerprint: String?
    package var before: Int64?
    package var limit = 100

    package static let limitMax = 1000

    package init() {}
  }

  /// Adds a message or brings what is known of it up to date. One that was sent stays sent.
  package static func save(_ entry: Entry, in database: GRDB.Database) throws {
    try database.execute(
      sql: """
        INSERT INTO notification (key, receiver, status, cause, decided_at, finished_at, attempts, error, document)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (key) DO UPDATE SET status = excluded.status, finished_at = excluded.finished_at,
          attempts = excluded.attempts, error = excluded.error WHERE status != 'sent'
        """,
      arguments: [
        entry.key, entry.receiver, entry.status, entry.cause, entry.decidedAt.unixMilliseconds,
        entry.finishedAt?.unixMilliseconds, entry.attempts, entry.error, Data(entry.document),
      ])
    guard entry.attempts == 0 || entry.status != "queued" else { return }
    for fingerprint in entry.fingerprints {
      try database.execute(
        sql: """
          INSERT OR IGNORE INTO notification_alert
          SELECT ?, id FROM notification WHERE key = ?
          """, arguments: [fingerprint, entry.key])
    }
  }

  /// What is still to be sent, oldest first.
  package static func queued(limit: Int, in database: GRDB.Database) throws -> [Entry] {
    try Row.fetchAll(
      database, sql: "SELECT * FROM notification WHERE status = 'queued' ORDER BY id LIMIT \(max(1, limit))"
    ).map(entry)
  }

  /// Newest first.
  package static func search(_ filter: Filter, in database: GRDB.Database) throws -> [Entry] {
    var conditions: [String] = []
    var arguments = StatementArguments()
    func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
      guard let value else { return }
      conditions.append(condition)
      arguments += [value]
    }
    add("receiver = ?", filter.receiver)
    add("status = ?", filter.status)
    add("id IN (SELECT notification FROM notification_alert WHERE fingerprint = ?)", filter.fingerprint)
    add("id < ?", filter.before)
    let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    let limit = min(max(1, filter.limit), Filter.limitMax)
    return try Row.fetchAll(
      database, sql: "SELECT * FROM notification \(condition) ORDER BY id DESC LIMIT \(limit)", arguments: arguments
    ).map(entry)
  }

  private static func entry(_ row: Row) -> Entry {
    Entry(
      id: row["id"], key: row["key"], receiver: row["receiver"], status: row["status"], cause: row["cause"],
      decidedAt: WallTime(unixMilliseconds: row["decided_at"]),
      finishedAt: (row["finished_at"] as Int64?).map { WallTime(unixMilliseconds: $0) }, attempts: row["attempts"],
      error: row["error"], document: Array(row["document"] as Data), fingerprints: [])
  }
}
