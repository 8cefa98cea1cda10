import Foundation
package import GRDB
package import Telemetry

/// The alert desk's own SQLite file: alerts as they are, their history, who was told what. Apart from the controls', so
/// that a storm of alerts cannot hold up a stop.
package final class AlertStore: Sendable {
  package let database: Database

  /// What the records' functions work on.
  package typealias Connection = GRDB.Database

  package init(_ path: String, clocks: Clocks, metrics: MetricRegistry) throws(StoreFailure) {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 alerts, history, notifications") { database in
      try database.execute(sql: AlertStateRecords.schema)
      try database.execute(sql: AlertHistoryRecords.schema)
      try database.execute(sql: NotificationRecords.schema)
      try database.execute(sql: BacktestRecords.schema)
    }
    database = try Database(path, name: "alerts", migrator: migrator, clocks: clocks, metrics: metrics)
  }

  /// Rows kept at most, whatever their age: a storm must not fill the disk.
  package static let historyRowsMax = 200_000
  package static let notificationRowsMax = 100_000
  package static let historyMilliseconds: Int64 = 90 * 86_400_000
  package static let notificationMilliseconds: Int64 = 30 * 86_400_000

  /// Forgets what is older than its time or beyond its number; what is still queued stays.
  package static func prune(at now: Int64, in database: GRDB.Database) throws {
    try database.execute(sql: "DELETE FROM alert_history WHERE at < ?", arguments: [now - historyMilliseconds])
    try database.execute(
      sql: "DELETE FROM alert_history WHERE id <= (SELECT max(id) FROM alert_history) - ?", arguments: [historyRowsMax])
    try database.execute(
      sql: "DELETE FROM notification WHERE status != 'queued' AND decided_at < ?",
      arguments: [now - notificationMilliseconds])
    try database.execute(
      sql: "DELETE FROM notification WHERE id <= (SELECT max(id) FROM notification) - ?",
      arguments: [notificationRowsMax])
    try database.execute(sql: "DELETE FROM notification_told WHERE at < ?", arguments: [now - notificationMilliseconds])
  }
}
