import BreakwaterTesting
import ControlModel
import Foundation
import GRDB
import Store
import Telemetry
import Testing

/// Every edit, deletion, insertion and reordering in the log is found, and the first bad row is named.
@Suite struct `The audit log` {
  private static let rows = 8

  private func log() async throws -> (SQLiteControlStore, TemporaryFolder) {
    let folder = try TemporaryFolder()
    let store = try Sample.sqlite(folder)
    for index in 1...Self.rows { _ = try await store.audit(Sample.entry(index)) }
    return (store, folder)
  }

  /// Changes the table as someone would who owns the file, and answers what verification says.
  private func verdict(after change: @escaping @Sendable (GRDB.Database) throws -> Void) async throws -> AuditVerdict {
    let (store, folder) = try await log()
    try await store.database.write { database in
      try database.execute(sql: "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;")
      try change(database)
    }
    defer { withExtendedLifetime(folder) {} }
    return try await store.verifyAudit()
  }

  @Test func `is sound when nobody touched it`() async throws {
    let verdict = try await verdict { _ in }
    #expect(verdict.isSound)
    #expect(verdict.verified == Int64(Self.rows))
  }

  @Test func `shows every changed bit of every row and link`() async throws {
    let (store, folder) = try await log()
    let sizes = try await store.database.read { database in
      try Row.fetchAll(database, sql: "SELECT seq, LENGTH(leaf) AS leaf, LENGTH(chain) AS chain FROM audit")
        .map { (seq: $0["seq"] as Int64, leaf: $0["leaf"] as Int, chain: $0["chain"] as Int) }
    }
    try await store.database.write {
      try $0.execute(sql: "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;")
    }
    struct Undo: Error {}
    var random = SeededRandom(4)
    for size in sizes {
      for (column, count) in [("leaf", size.leaf), ("chain", size.chain)] {
        for byte in 0..<count {
          let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
          let found = Box<AuditVerdict>()
          _ = try? await store.database.write { database in
            var bytes = try Data.fetchOne(
              database, sql: "SELECT \(column) FROM audit WHERE seq = ?", arguments: [size.seq])!
            bytes[byte] ^= bit
            try database.execute(sql: "UPDATE audit SET \(column) = ? WHERE seq = ?", arguments: [bytes, size.seq])
            found.set(try AuditLog.verify(in: database))
            throw Undo()
          }
          #expect(found.value?.firstBad == size.seq, "\(column) byte \(byte) of row \(size.seq)")
          #expect(found.value?.verified == size.seq - 1)
        }
      }
    }
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: 1..<Int64(8))
  func `shows a deleted row`(sequence: Int64) async throws {
    let verdict = try await verdict { try $0.execute(sql: "DELETE FROM audit WHERE seq = \(sequence)") }
    #expect(verdict.firstBad == sequence)
    #expect(verdict.problem?.contains("missing") == true)
  }

  @Test func `shows a row deleted with the later ones moved up`() async throws {
    let verdict = try await verdict { database in
      try database.execute(sql: "DELETE FROM audit WHERE seq = 3")
      for sequence in 4...Self.rows {
        try database.execute(sql: "UPDATE audit SET seq = \(sequence - 1) WHERE seq = \(sequence)")
      }
    }
    #expect(verdict.firstBad == 3)
  }

  @Test func `shows swapped rows`() async throws {
    let verdict = try await verdict { database in
      for (from, to) in [(4, 100), (5, 4), (100, 5)] {
        try database.execute(sql: "UPDATE audit SET seq = \(to) WHERE seq = \(from)")
      }
    }
    #expect(verdict.firstBad == 4)
  }

  @Test func `shows an inserted row, also one that links to its predecessor`() async throws {
    for sequence in [0, 9] as [Int64] {
      let verdict = try await verdict { database in
        let last = try Data.fetchOne(database, sql: "SELECT chain FROM audit ORDER BY seq DESC LIMIT 1")!
        let forged = AuditLeaf(Sample.entry(77), sequence: sequence + 1, after: Array(last))
        try database.execute(
          sql: "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)",
          arguments: [
            sequence, Data(forged.bytes), Data(forged.chain), "sample-request-77", "ada", "control.impose", "ctl_77",
          ])
      }
      #expect(verdict.firstBad == (sequence == 0 ? 1 : 9), "at \(sequence)")
    }
  }

  @Test(arguments: ["request_id", "actor", "action", "object"], ["'other'", "x'00ff'", "7", "''"])
  func `shows a row filed under another name`(column: String, value: String) async throws {
    let verdict = try await verdict { try $0.execute(sql: "UPDATE audit SET \(column) = \(value) WHERE seq = 5") }
    #expect(verdict.firstBad == 5)
    #expect(verdict.problem?.contains("search columns") == true)
  }

  @Test(arguments: ["leaf", "chain"], ["''", "'text'", "12", "x''"])
  func `shows content of another type, without falling over`(column: String, value: String) async throws {
    let verdict = try await verdict { try $0.execute(sql: "UPDATE audit SET \(column) = \(value) WHERE seq = 5") }
    #expect(verdict.firstBad == 5)
  }

  /// Drops every guard and changes the tables of a log that is signed after rows 5 and 8.
  private func signed(
    witness: Bool = false, after change: @escaping @Sendable (GRDB.Database) throws -> Void
  ) async throws -> AuditVerdict {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let key = try AuditKey(seed: Array(repeating: 3, count: 32))
    let store = try SQLiteControlStore(
      folder.file("control.sqlite"), key: key, clocks: TestClock().clocks, metrics: MetricRegistry())
    for index in 1...Self.rows {
      _ = try await store.audit(Sample.entry(index))
      if index == 5 { _ = try await store.checkpoint() }
    }
    let newest = try #require(try await store.checkpoint())
    try await store.database.write { database in
      for trigger in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'") {
        try database.execute(sql: "DROP TRIGGER \(trigger)")
      }
      try change(database)
    }
    return try await store.verifyAudit(AuditLog.Trust(keys: [key.verifier], witness: witness ? [newest] : []))
  }

  @Test func `is vouched for by its checkpoints when nobody touched it`() async throws {
    let verdict = try await signed { _ in }
    #expect(verdict.isSound && verdict.vouched == Int64(Self.rows), "\(verdict.problem ?? "")")
  }

  @Test(arguments: 1...Int64(8))
  func `cut short anywhere is found by the checkpoint that states more rows`(first: Int64) async throws {
    let verdict = try await signed { try $0.execute(sql: "DELETE FROM audit WHERE seq >= \(first)") }
    #expect(verdict.firstBad == first && verdict.verified == first - 1)
  }

  @Test(arguments: [1, 4, 6, 8] as [Int64])
  func `cut short with its nodes and checkpoints is found by a witness, and only so`(first: Int64) async throws {
    let change: @Sendable (GRDB.Database) throws -> Void = { database in
      let position = MerklePosition.of(level: 0, index: first - 1)
      try database.execute(
        sql: """
          DELETE FROM audit WHERE seq >= \(first); DELETE FROM audit_node WHERE pos >= \(position);
          DELETE FROM audit_checkpoint WHERE size >= \(first);
          """)
    }
    #expect(try await signed(after: change).isSound)
    let verdict = try await signed(witness: true, after: change)
    #expect(verdict.firstBad == first && verdict.problem?.contains("witness") == true)
  }

  @Test func `rewritten from a row on, links and nodes and all, is found by the next checkpoint`() async throws {
    let verdict = try await signed { database in
      let rows = try Row.fetchAll(database, sql: "SELECT leaf, chain FROM audit ORDER BY seq")
      let leaves = rows.compactMap { AuditLeaf(bytes: Array($0["leaf"] as Data), chain: Array($0["chain"] as Data)) }
      try database.execute(sql: "DELETE FROM audit WHERE seq >= 7; DELETE FROM audit_node")
      var frontier = MerkleFrontier<[UInt8]>()
      var (previous, position) = (AuditLeaf.origin, 0)
      for leaf in leaves {
        var entry = leaf.entry
        if leaf.sequence == 7 { entry.summary = "nothing happened" }
        let forged = AuditLeaf(entry, sequence: leaf.sequence, after: previous)
        previous = forged.chain
        for hash in frontier.append(AuditLeaf.leafHash(forged.bytes)) {
          try database.execute(sql: "INSERT INTO audit_node VALUES (?, ?)", arguments: [position, Data(hash)])
          position += 1
        }
        guard leaf.sequence >= 7 else { continue }
        try database.execute(
          sql: "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)",
          arguments: [
            leaf.sequence, Data(forged.bytes), Data(forged.chain), entry.requestID.text, entry.actor, entry.action,
            entry.object,
          ])
      }
    }
    #expect(verdict.firstBad == 6 && verdict.problem?.contains("from 6 to 8") == true, "\(verdict.problem ?? "")")
  }

  @Test func `shows every changed node and checkpoint`() async throws {
    for position in 0..<15 {
      let verdict = try await signed { database in
        try database.execute(sql: "UPDATE audit_node SET hash = x'00' WHERE pos = \(position)")
      }
      #expect(!verdict.isSound, "node \(position)")
    }
    for change in ["note = note || 'x'", "note = replace(note, '5', '6')", "size = 6", "note = 7"] {
      let verdict = try await signed {
        try $0.execute(sql: "UPDATE audit_checkpoint SET \(change) WHERE size = 5")
      }
      #expect(!verdict.isSound, "\(change)")
    }
  }

  @Test func `of an installation without a tree gets one when it is opened`() async throws {
    let (store, folder) = try await log()
    try await store.database.write { database in
      try database.execute(
        sql: """
          DROP TABLE audit_node; DROP TABLE audit_checkpoint;
          DELETE FROM grdb_migrations WHERE identifier = '4 audit tree and checkpoints';
          """)
    }
    try store.database.pool.close()
    let again = try Sample.sqlite(folder)
    #expect(try await again.verifyAudit().isSound)
    _ = try await again.audit(Sample.entry(9))
    #expect(try await again.verifyAudit().verified == 9)
  }

  @Test func `is not changed through the database either`() async throws {
    let (store, folder) = try await log()
    for sql in ["UPDATE audit SET actor = 'x' WHERE seq = 1", "DELETE FROM audit WHERE seq = 1"] {
      await #expect(throws: StoreFailure.self) { try await store.database.write { try $0.execute(sql: sql) } }
    }
    #expect(try await store.verifyAudit().isSound)
    withExtendedLifetime(folder) {}
  }
}
