package import ControlModel
import Foundation
package import GRDB
package import Telemetry

/// Control state, approvals and the audit log in one SQLite file of their own, so that no other writer can hold up a stop.
package final class SQLiteControlStore: ControlStore {
  package let database: Database
  private let written: MetricFamily
  private let failures: Counter
  private let key: AuditKey?
  private let transitions: AsyncStream<Void>.Continuation
  /// Says that a control transition was committed; one consumer, and what it missed counts as one.
  package let committed: AsyncStream<Void>

  /// - Parameter key: signs a checkpoint with every control transition; nil signs none.
  package init(
    _ path: String, key: AuditKey? = nil, clocks: Clocks, metrics: MetricRegistry
  ) throws(StoreFailure) {
    self.key = key
    (committed, transitions) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    database = try Database(path, name: "control", migrator: Self.migrator(), clocks: clocks, metrics: metrics)
    written = metrics.family(MetricCatalog.auditRecords)
    failures = metrics.counter(MetricCatalog.auditWriteFailures)
  }

  private static func migrator() -> DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 controls, approvals, audit") { database in
      try database.execute(sql: ControlRows.schema)
      try database.execute(sql: AuditLog.schema)
      try database.execute(sql: OperationRecords.schema)
    }
    migrator.registerMigration("2 revocations") { try $0.execute(sql: RevocationRecords.schema) }
    migrator.registerMigration("3 alerts over a restart") { database in
      try database.execute(sql: OperationRecords.alertSchema)
    }
    migrator.registerMigration("4 audit tree and checkpoints") { database in
      try database.execute(sql: AuditTree.schema)
      try AuditTree.build(in: database)
    }
    migrator.registerMigration("5 gates") { try $0.execute(sql: GateRows.schema) }
    migrator.registerMigration("act-as sessions") { try $0.execute(sql: ActAsRecords.schema) }
    migrator.registerMigration("approvals bound to what was previewed") { database in
      try database.execute(sql: ControlRows.approvalSchema)
      try database.execute(sql: PlaneRecords.schema)
    }
    migrator.registerMigration("silences") { try $0.execute(sql: SilenceRecords.schema) }
    return migrator
  }

  package func load() async throws(StoreFailure) -> ControlRecord {
    try await database.read { try Self.record($0) }
  }

  private static func record(_ database: GRDB.Database) throws -> ControlRecord {
    let active = try database.rows(prepared: "SELECT * FROM control WHERE released_at IS NULL")
      .map(ControlRows.document)
    let approvals = try database.rows(prepared: "SELECT * FROM approval ORDER BY requested_at DESC LIMIT 200")
      .map(ControlRows.approval)
    let state = ControlState(epoch: try ControlRows.epoch(database), controls: active.map(\.control))
    return ControlRecord(state: state, approvals: approvals)
  }

  package func renew(_ renewal: GateRenewal) async throws(StoreFailure) -> ControlRecord {
    try await database.write { database in
      try GateRows.renew(renewal, database)
      return try Self.record(database)
    }
  }

  package func gates() async throws(StoreFailure) -> [GateRow] { try await database.read { try GateRows.all($0) } }

  package func removeGate(
    _ gate: ReplicaID, run: String, turn: Int64?, _ audit: AuditEntry
  ) async throws(StoreFailure) {
    try await audited(audit) { try GateRows.remove(gate, run: run, turn: turn, $0) }
  }

  /// The committed epoch: one small read, for noticing that another replica committed something.
  package func epoch() async throws(StoreFailure) -> Epoch { try await database.read { try ControlRows.epoch($0) } }

  package func commit(_ commit: ControlCommit) async throws(StoreFailure) -> Int64 {
    let key = key
    let sequence = try await counted(commit.audit.action) { database in
      let current = try ControlRows.epoch(database)
      guard current == commit.expecting else {
        throw StoreFailure(.conflict, "The control store is at epoch \(current), not \(commit.expecting).")
      }
      for control in commit.imposed { try ControlRows.insert(control, database) }
      if let note = commit.release {
        for id in commit.released { try ControlRows.release(id, note, database) }
      }
      for approval in commit.approvals { try ControlRows.upsert(approval, database) }
      try ControlRows.setEpoch(commit.epoch, database)
      let sequence = try AuditLog.append(commit.audit, in: database).sequence
      if let key { _ = try AuditTree.sign(with: key, in: database) }
      return sequence
    }
    transitions.yield()
    return sequence
  }

  package func audit(_ entry: AuditEntry) async throws(StoreFailure) -> Int64 {
    try await counted(entry.action) { try AuditLog.append(entry, in: $0).sequence }
  }

  /// A write with its audit entry: `work` changes something, the entry says so, both or neither are durable.
  package func audited<Result: Sendable>(
    _ entry: AuditEntry, _ work: @escaping @Sendable (GRDB.Database) throws -> Result
  ) async throws(StoreFailure) -> Result {
    try await counted(entry.action) { database in
      let result = try work(database)
      try AuditLog.append(entry, in: database)
      return result
    }
  }

  private func counted<Result: Sendable>(
    _ kind: String, _ work: @escaping @Sendable (GRDB.Database) throws -> Result
  ) async throws(StoreFailure) -> Result {
    do throws(StoreFailure) {
      let result = try await database.write(work)
      written.counter(kind).increment()
      return result
    } catch {
      if error.kind != .conflict { failures.increment() }
      throw error
    }
  }

  package func documents(active: Bool?, limit: Int) async throws(StoreFailure) -> [ControlDocument] {
    let condition = active.map { $0 ? "WHERE released_at IS NULL" : "WHERE released_at IS NOT NULL" } ?? ""
    let limit = min(max(1, limit), AuditLog.Filter.limitMax)
    return try await database.read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM control \(condition) ORDER BY epoch DESC LIMIT \(limit)")
        .map(ControlRows.document)
    }
  }

  package func document(_ id: ControlID) async throws(StoreFailure) -> ControlDocument? {
    try await database.read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM control WHERE id = ?", arguments: [id.text])
        .map(ControlRows.document)
    }
  }

  package func searchAudit(_ filter: AuditLog.Filter) async throws(StoreFailure) -> [AuditLeaf] {
    try await database.read { try AuditLog.search(filter, in: $0) }
  }

  /// Walks the whole log; see `AuditLog.verify`. Takes about 5 s per million entries.
  package func verifyAudit(_ trust: AuditLog.Trust = AuditLog.Trust()) async throws(StoreFailure) -> AuditVerdict {
    try await database.read { try AuditLog.verify(trust, in: $0) }
  }

  /// Reads under the checkpoint over everything logged by now, which nearly always is signed already and then takes one
  /// read altogether. Returns nil without a key.
  package func underCheckpoint<Result: Sendable>(
    _ work: @escaping @Sendable (GRDB.Database, AuditCheckpoint) throws -> Result
  ) async throws(StoreFailure) -> Result? {
    let result = try await database.read { database -> Result? in
      guard let checkpoint = try self.currentCheckpoint(in: database) else { return nil }
      return try work(database, checkpoint)
    }
    if let result { return result }
    guard let checkpoint = try await checkpoint() else { return nil }
    return try await database.read { try work($0, checkpoint) }
  }

  private func currentCheckpoint(in database: GRDB.Database) throws -> AuditCheckpoint? {
    guard key != nil, let newest = try AuditTree.newest(in: database),
      newest.size == (try AuditTree.size(in: database))
    else { return nil }
    return newest
  }

  /// The checkpoint over everything logged by now; nil without a key.
  package func checkpoint() async throws(StoreFailure) -> AuditCheckpoint? {
    guard let key else { return nil }
    let current = try await database.read { try self.currentCheckpoint(in: $0) }
    if let current { return current }
    return try await database.write { try AuditTree.sign(with: key, in: $0) }
  }
}
