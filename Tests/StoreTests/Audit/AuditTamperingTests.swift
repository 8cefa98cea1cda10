import BreakwaterTesting
import Foundation
import GRDB
import Store
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

  @Test func `cut short at the end differs from the head that was noted`() async throws {
    let (store, folder) = try await log()
    let noted = try await store.verifyAudit().head
    try await store.database.write {
      try $0.execute(sql: "DROP TRIGGER audit_no_delete; DELETE FROM audit WHERE seq = 8")
    }
    let verdict = try await store.verifyAudit()
    #expect(verdict.verified == 7)
    #expect(verdict.head != noted)
    withExtendedLifetime(folder) {}
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
