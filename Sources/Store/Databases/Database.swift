import Foundation
package import GRDB
package import Telemetry

/// One SQLite file with the durability everything here relies on: WAL, and `synchronous=FULL`, so that a commit that
/// returned is on disk (https://www.sqlite.org/pragma.html#pragma_synchronous).
package final class Database: Sendable {
  package let pool: DatabasePool
  private let clocks: Clocks
  private let commit: Histogram

  /// Opens or creates the file, checks it and brings its schema up to date.
  ///
  /// Throws `corrupt` when the file is not a sound database, `unwritable` when it cannot be opened.
  package init(_ path: String, name: String, migrator: DatabaseMigrator, clocks: Clocks, metrics: MetricRegistry)
    throws(StoreFailure)
  {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.maximumReaderCount = 4
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
      try database.execute(sql: "PRAGMA foreign_keys = ON")
    }
    pool = try Self.open(path, configuration, migrator)
    self.clocks = clocks
    commit = metrics.family(MetricCatalog.storageCommit).histogram(name)
  }

  /// How often opening is tried while another process of a shared store has it locked, a tenth of a second apart: going
  /// over to WAL does not wait for a lock by itself.
  private static let openAttempts = 50
  /// How often, while other processes bring the schema up to date: each of its steps can be taken by another.
  private static let changedAttempts = 20

  private static func open(
    _ path: String, _ configuration: Configuration, _ migrator: DatabaseMigrator
  ) throws(StoreFailure) -> DatabasePool {
    for attempt in 1... {
      do {
        try check(path)
        let pool = try DatabasePool(path: path, configuration: configuration)
        try migrator.migrate(pool)
        return pool
      } catch let failure as StoreFailure {
        throw failure
      } catch let error as DatabaseError {
        switch error.resultCode {
        case .SQLITE_BUSY where attempt < openAttempts: Thread.sleep(forTimeInterval: 0.1)
        // Another process has brought the schema up to date between our look and our change.
        case .SQLITE_ERROR where attempt < changedAttempts, .SQLITE_CONSTRAINT where attempt < changedAttempts:
          Thread.sleep(forTimeInterval: 0.1)
        case .SQLITE_NOTADB, .SQLITE_CORRUPT: throw StoreFailure(.corrupt, corruption(path, error.message ?? ""))
        default:
          throw StoreFailure(.unwritable, "The database \(path) cannot be opened: \(error.message ?? "unknown").")
        }
      } catch {
        throw StoreFailure(.unwritable, "The database \(path) cannot be opened: \(error).")
      }
    }
    preconditionFailure("the last attempt throws")
  }

  /// Reads a file that is there through a connection that cannot write: one that can changes it by being opened.
  private static func check(_ path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    let verdict = try DatabaseQueue(path: path, configuration: configuration).read {
      try String.fetchOne($0, sql: "PRAGMA quick_check(1)")
    }
    guard verdict == "ok" else { throw StoreFailure(.corrupt, corruption(path, verdict ?? "no answer")) }
  }

  private static func corruption(_ path: String, _ verdict: String) -> String {
    "The database \(path) is damaged (\(verdict)). Nothing was changed. Restore it from a backup, or move it away to start empty."
  }

  /// One durable transaction: when it returns, it is on disk; when it throws, nothing happened. Not cancelled with the
  /// caller: a client that hangs up must not leave half of what it began.
  package func write<Result: Sendable>(
    _ work: @escaping @Sendable (GRDB.Database) throws -> Result
  ) async throws(StoreFailure) -> Result {
    let start = clocks.monotonic()
    do {
      let pool = pool
      // Ends with the transaction; nobody cancels it.
      let result = try await Task { try await pool.write(work) }.value
      commit.observe(Int(clocks.monotonic() - start))
      return result
    } catch let failure as StoreFailure {
      throw failure
    } catch {
      throw StoreFailure(.unavailable, "A write to the store failed: \(error).")
    }
  }

  package func read<Result: Sendable>(
    _ work: @escaping @Sendable (GRDB.Database) throws -> Result
  ) async throws(StoreFailure) -> Result {
    do {
      return try await pool.read(work)
    } catch let failure as StoreFailure {
      throw failure
    } catch {
      throw StoreFailure(.unavailable, "A read from the store failed: \(error).")
    }
  }

  /// For start-up, before anything runs concurrently.
  package func readNow<Result>(_ work: (GRDB.Database) throws -> Result) throws(StoreFailure) -> Result {
    do {
      return try pool.read(work)
    } catch let failure as StoreFailure {
      throw failure
    } catch {
      throw StoreFailure(.unavailable, "A read from the store failed: \(error).")
    }
  }
}
