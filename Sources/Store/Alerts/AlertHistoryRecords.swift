package import ControlModel
import Foundation
package import GRDB

/// Everything that happened to alerts: what the rules found and what people did about it.
package enum AlertHistoryRecords {
  static let schema = """
    CREATE TABLE alert_history (
      id INTEGER PRIMARY KEY, at INTEGER NOT NULL, fingerprint TEXT NOT NULL, name TEXT NOT NULL,
      severity TEXT NOT NULL, what TEXT NOT NULL, value TEXT NOT NULL, tenant TEXT, labels TEXT NOT NULL,
      summary TEXT NOT NULL, actor TEXT, note TEXT
    );
    CREATE INDEX alert_history_fingerprint ON alert_history (fingerprint, id);
    CREATE INDEX alert_history_name ON alert_history (name, id);
    CREATE INDEX alert_history_at ON alert_history (at);
    """

  package struct Entry: Sendable, Equatable {
    /// 0 until it is stored.
    package var id: Int64
    package let at: WallTime
    package let fingerprint: String
    package let name: String
    package let severity: String
    /// `pending`, `firing`, `resolved`, `dropped`, `acknowledged`, `released`, `commented`, `silenced`, `unsilenced` …
    package let what: String
    package let value: String
    package let tenant: String?
    package let labels: [String: String]
    package let summary: String
    package let actor: String?
    package let note: String?

    package init(
      id: Int64 = 0, at: WallTime, fingerprint: String, name: String, severity: String, what: String, value: String,
      tenant: String?, labels: [String: String], summary: String, actor: String? = nil, note: String? = nil
    ) {
      self.id = id
      self.at = at
      self.fingerprint = fingerprint
      self.name = name
      self.severity = severity
      self.what = what
      self.value = value
      self.tenant = tenant
      self.labels = labels
      self.summary = summary
      self.actor = actor
      self.note = note
    }
  }

  package struct Filter: Sendable {
    package var fingerprint: String?
    package var name: String?
    package var what: String?
    package var since: WallTime?
    /// Only entries before this id.
    package var before: Int64?
    package var limit = 100

    package static let limitMax = 1000

    package init() {}
  }

  package static func add(_ entries: [Entry], in database: GRDB.Database) throws {
    let statement = try database.cachedStatement(
      sql: """
        INSERT INTO alert_history (at, fingerprint, name, severity, what, value, tenant, labels, summary, actor, note)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    for entry in entries {
      let labels = String(decoding: try JSONEncoder.sorted.encode(entry.labels), as: UTF8.self)
      try statement.execute(arguments: [
        entry.at.unixMilliseconds, entry.fingerprint, entry.name, entry.severity, entry.what, entry.value, entry.tenant,
        labels, entry.summary, entry.actor, entry.note,
      ])
    }
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
    add("fingerprint = ?", filter.fingerprint)
    add("name = ?", filter.name)
    add("what = ?", filter.what)
    add("at >= ?", filter.since?.unixMilliseconds)
    add("id < ?", filter.before)
    let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    let limit = min(max(1, filter.limit), Filter.limitMax)
    return try Row.fetchAll(
      database, sql: "SELECT * FROM alert_history \(condition) ORDER BY id DESC LIMIT \(limit)", arguments: arguments
    ).map { row in
      let labels = try? JSONDecoder().decode([String: String].self, from: Data((row["labels"] as String).utf8))
      return Entry(
        id: row["id"], at: WallTime(unixMilliseconds: row["at"]), fingerprint: row["fingerprint"], name: row["name"],
        severity: row["severity"], what: row["what"], value: row["value"], tenant: row["tenant"], labels: labels ?? [:],
        summary: row["summary"], actor: row["actor"], note: row["note"])
    }
  }
}

extension JSONEncoder {
  /// The same text for the same value.
  static var sorted: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}
