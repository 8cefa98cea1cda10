import ControlModel
import Foundation
import GRDB

/// The rows of registered gates.
enum GateRows {
  /// Since the fifth version of the schema.
  static let schema = """
    CREATE TABLE gate (
      id TEXT PRIMARY KEY, run TEXT NOT NULL, home TEXT NOT NULL, turn INTEGER NOT NULL, acked INTEGER NOT NULL,
      is_alone INTEGER NOT NULL, lease INTEGER NOT NULL, at INTEGER NOT NULL, drained INTEGER NOT NULL,
      was_reset INTEGER NOT NULL, last_out INTEGER, in_doubt TEXT NOT NULL
    ) WITHOUT ROWID;
    """

  static func renew(_ renewal: GateRenewal, _ database: GRDB.Database) throws {
    let row = try database.row(
      prepared: "SELECT run, home, turn, is_alone, lease FROM gate WHERE id = ?", [renewal.gate.text])
    let isOwn = row.map { $0["run"] as String == renewal.run } ?? false
    guard renewal.isFirst || isOwn else {
      throw StoreFailure(
        .conflict,
        row == nil
          ? "The gate \(renewal.gate) was removed; restart it to register it again."
          : "Another process runs as \(renewal.gate); give each its own replica name.")
    }
    // A process of the same home is gone; whoever may have been there before it is as gone as it was then.
    let isSuccessor = isOwn || row?["home"] as String? == renewal.home
    let isAlone = row == nil || renewal.isAlone || (isSuccessor && row?["is_alone"] ?? false)
    try database.run(
      prepared: """
        INSERT OR REPLACE INTO gate (id, run, home, turn, acked, is_alone, lease, at, drained, was_reset, last_out, in_doubt)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      [
        renewal.gate.text, renewal.run, renewal.home, (row?["turn"] as Int64? ?? 0) + 1, Int64(renewal.acked.value),
        isAlone, isAlone ? renewal.lease : max(renewal.lease, row?["lease"] ?? 0), renewal.at.unixMilliseconds,
        renewal.report.drained, renewal.report.wasReset,
        renewal.report.lastOrderOutAt?.unixMilliseconds, renewal.report.inDoubt.map(\.text).joined(separator: ","),
      ])
  }

  static func all(_ database: GRDB.Database) throws -> [GateRow] {
    try Row.fetchAll(database, sql: "SELECT * FROM gate ORDER BY id").map { row in
      guard let gate = ReplicaID(row["id"] as String) else {
        throw StoreFailure(.corrupt, "A gate in the control store has an unreadable name.")
      }
      return GateRow(
        gate: gate, run: row["run"], turn: row["turn"], acked: Epoch(UInt64(row["acked"] as Int64)),
        isAlone: row["is_alone"], lease: row["lease"], at: WallTime(unixMilliseconds: row["at"]),
        report: GateReport(
          drained: row["drained"], wasReset: row["was_reset"],
          lastOrderOutAt: (row["last_out"] as Int64?).map { WallTime(unixMilliseconds: $0) },
          inDoubt: (row["in_doubt"] as String).split(separator: ",").compactMap { OrderID($0) }))
    }
  }

  static func remove(_ gate: ReplicaID, run: String, turn: Int64?, _ database: GRDB.Database) throws {
    try database.execute(
      sql: "DELETE FROM gate WHERE id = ? AND run = ? AND (? IS NULL OR turn = ?)",
      arguments: [gate.text, run, turn, turn])
    guard database.changesCount == 1 else {
      throw StoreFailure(.conflict, "The gate \(gate) is not registered for this run, or renewed its lease meanwhile.")
    }
  }
}
