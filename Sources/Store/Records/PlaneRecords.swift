package import ControlModel
import Foundation
package import GRDB

/// Documents of the control plane beside the controls themselves: planned stops, drill reports, what automatic controls
/// did or would have done. Each is one JSON text of its owner's, kept by kind and id.
package enum PlaneRecords {
  static let schema = """
    CREATE TABLE plane_record (
      kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
    CREATE INDEX plane_record_at ON plane_record (kind, at);
    """

  package enum Kind: String, Sendable {
    case window, drill, automatic
  }

  /// Documents kept of each kind, the newest.
  package static let keptMax = 1_000

  /// Writes a document, in place of the one with the same id; the oldest past `keptMax` are dropped.
  package static func save(
    _ kind: Kind, _ id: String, _ body: [UInt8], at now: WallTime, in database: GRDB.Database
  ) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO plane_record (kind, id, at, body) VALUES (?, ?, ?, ?)",
      arguments: [kind.rawValue, id, now.unixMilliseconds, Data(body)])
    try database.execute(
      sql: """
        DELETE FROM plane_record WHERE kind = ? AND id NOT IN
          (SELECT id FROM plane_record WHERE kind = ? ORDER BY at DESC, id DESC LIMIT \(keptMax))
        """,
      arguments: [kind.rawValue, kind.rawValue])
  }

  /// Newest first.
  package static func all(_ kind: Kind, limit: Int, in database: GRDB.Database) throws -> [[UInt8]] {
    try Data.fetchAll(
      database,
      sql: "SELECT body FROM plane_record WHERE kind = ? ORDER BY at DESC, id DESC LIMIT ?",
      arguments: [kind.rawValue, min(max(0, limit), keptMax)]
    ).map { Array($0) }
  }

  package static func find(_ kind: Kind, _ id: String, in database: GRDB.Database) throws -> [UInt8]? {
    try Data.fetchOne(
      database, sql: "SELECT body FROM plane_record WHERE kind = ? AND id = ?", arguments: [kind.rawValue, id]
    ).map { Array($0) }
  }

  /// False when there is none.
  package static func remove(_ kind: Kind, _ id: String, in database: GRDB.Database) throws -> Bool {
    try database.execute(
      sql: "DELETE FROM plane_record WHERE kind = ? AND id = ?", arguments: [kind.rawValue, id])
    return database.changesCount > 0
  }
}
