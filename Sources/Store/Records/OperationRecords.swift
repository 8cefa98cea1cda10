package import ControlModel
import Foundation
package import GRDB

/// Operators' durable records beside the controls: acknowledged alerts and answers kept for idempotency keys.
package enum OperationRecords {
  static let schema = """
    CREATE TABLE alert_ack (
      fingerprint TEXT PRIMARY KEY, actor TEXT NOT NULL, at INTEGER NOT NULL, comment TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE idempotency (
      key TEXT PRIMARY KEY, digest TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL, at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX idempotency_at ON idempotency (at);
    """

  /// From the third version of the schema to the fourth.
  static let alertSchema = """
    CREATE TABLE alert_state (at INTEGER NOT NULL, records BLOB NOT NULL);
    """

  package struct Acknowledgement: Sendable, Equatable {
    package let fingerprint: String
    package let actor: String
    package let at: WallTime
    package let comment: String

    package init(fingerprint: String, actor: String, at: WallTime, comment: String) {
      self.fingerprint = fingerprint
      self.actor = actor
      self.at = at
      self.comment = comment
    }
  }

  package static func save(_ ack: Acknowledgement, in database: GRDB.Database) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO alert_ack (fingerprint, actor, at, comment) VALUES (?, ?, ?, ?)",
      arguments: [ack.fingerprint, ack.actor, ack.at.unixMilliseconds, ack.comment])
  }

  package static func forgetAck(_ fingerprint: String, in database: GRDB.Database) throws {
    try database.execute(sql: "DELETE FROM alert_ack WHERE fingerprint = ?", arguments: [fingerprint])
  }

  package static func acks(in database: GRDB.Database) throws -> [Acknowledgement] {
    try Row.fetchAll(database, sql: "SELECT * FROM alert_ack").map { row in
      Acknowledgement(
        fingerprint: row["fingerprint"], actor: row["actor"], at: WallTime(unixMilliseconds: row["at"]),
        comment: row["comment"])
    }
  }

  /// The answer given to a request that carried an idempotency key.
  package struct KeptAnswer: Sendable, Equatable {
    /// SHA-256 in hex of the request body the key was used with.
    package let digest: String
    package let status: Int
    package let body: [UInt8]

    package init(digest: String, status: Int, body: [UInt8]) {
      self.digest = digest
      self.status = status
      self.body = body
    }
  }

  /// How long an answer is replayed.
  package static let answerLifetimeMilliseconds: Int64 = 24 * 3600 * 1000

  package static func answer(for key: String, at now: WallTime, in database: GRDB.Database) throws -> KeptAnswer? {
    try Row.fetchOne(
      database, sql: "SELECT digest, status, body FROM idempotency WHERE key = ? AND at > ?",
      arguments: [key, now.unixMilliseconds - answerLifetimeMilliseconds]
    ).map { KeptAnswer(digest: $0["digest"], status: $0["status"], body: Array($0["body"] as Data)) }
  }

  package static func keep(_ answer: KeptAnswer, for key: String, at now: WallTime, in database: GRDB.Database) throws {
    try database.execute(
      sql: "DELETE FROM idempotency WHERE at <= ?", arguments: [now.unixMilliseconds - answerLifetimeMilliseconds])
    try database.execute(
      sql: "INSERT OR REPLACE INTO idempotency (key, digest, status, body, at) VALUES (?, ?, ?, ?, ?)",
      arguments: [key, answer.digest, answer.status, Data(answer.body), now.unixMilliseconds])
  }
}
