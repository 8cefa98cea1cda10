import Foundation
package import GRDB

/// The tree's nodes and the log's checkpoints, in tables beside the leaves.
package enum AuditTree {
  /// Since the fourth version of the schema.
  static let schema = """
    CREATE TABLE audit_node (pos INTEGER PRIMARY KEY, hash BLOB NOT NULL);
    CREATE TABLE audit_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL);
    CREATE TRIGGER audit_node_no_update BEFORE UPDATE ON audit_node
      BEGIN SELECT RAISE(ABORT, 'audit nodes are never changed'); END;
    CREATE TRIGGER audit_node_no_delete BEFORE DELETE ON audit_node
      BEGIN SELECT RAISE(ABORT, 'audit nodes are never deleted'); END;
    CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint
      BEGIN SELECT RAISE(ABORT, 'audit checkpoints are never changed'); END;
    CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint
      BEGIN SELECT RAISE(ABORT, 'audit checkpoints are never deleted'); END;
    """

  /// Builds the tree over leaves that were written before there was one. What their bytes are is for verification to judge.
  static func build(in database: GRDB.Database) throws {
    var frontier = MerkleFrontier<[UInt8]>()
    let rows = try Row.fetchCursor(database, sql: "SELECT leaf FROM audit ORDER BY seq")
    while let row = try rows.next() {
      let start = MerklePosition.of(level: 0, index: frontier.size)
      try keep(frontier.append(AuditLeaf.leafHash(Array((row["leaf"] as Data?) ?? Data()))), from: start, in: database)
    }
  }

  /// Adds the leaf that makes the log `size` long: O(log n) reads and writes, in the caller's transaction.
  static func append(_ leaf: AuditLeaf, in database: GRDB.Database) throws {
    let index = leaf.sequence - 1
    var hash = AuditLeaf.leafHash(leaf.bytes)
    var completed = [hash]
    var level = 0
    while index >> Int64(level) & 1 == 1 {
      hash = MerkleHash.node(try node(level, (index >> Int64(level)) - 1, in: database), hash)
      completed.append(hash)
      level += 1
    }
    try keep(completed, from: MerklePosition.of(level: 0, index: index), in: database)
  }

  private static func keep(_ hashes: [[UInt8]], from position: Int64, in database: GRDB.Database) throws {
    let statement = try database.cachedStatement(sql: "INSERT INTO audit_node (pos, hash) VALUES (?, ?)")
    for (offset, hash) in hashes.enumerated() {
      try statement.execute(arguments: [position + Int64(offset), Data(hash)])
    }
  }

  static func node(_ level: Int, _ index: Int64, in database: GRDB.Database) throws -> [UInt8] {
    let statement = try database.cachedStatement(sql: "SELECT hash FROM audit_node WHERE pos = ?")
    let position = MerklePosition.of(level: level, index: index)
    guard let hash = try Data.fetchOne(statement, arguments: [position]), hash.count == MerkleHash.byteCount else {
      throw StoreFailure(.corrupt, "The audit tree lacks node \(position); run breakwater audit verify.")
    }
    return Array(hash)
  }

  /// Proofs out of the stored nodes, valid inside one read.
  package static func prover(in database: GRDB.Database) -> MerkleProver {
    MerkleProver { try node($0, $1, in: database) }
  }

  /// How many leaves the log has.
  package static func size(in database: GRDB.Database) throws -> Int64 {
    try Int64.fetchOne(database.cachedStatement(sql: "SELECT seq FROM audit ORDER BY seq DESC LIMIT 1")) ?? 0
  }

  // MARK: Checkpoints

  /// Signs how the log stands and keeps that, unless it stands signed already. Returns the newest checkpoint.
  package static func sign(with key: AuditKey, in database: GRDB.Database) throws -> AuditCheckpoint {
    let size = try size(in: database)
    if let newest = try newest(in: database), newest.size == size { return newest }
    let checkpoint = AuditCheckpoint(size: size, root: try prover(in: database).root(of: size), signedBy: key)
    try database.run(prepared: "INSERT INTO audit_checkpoint (size, note) VALUES (?, ?)", [size, checkpoint.note])
    return checkpoint
  }

  package static func newest(in database: GRDB.Database) throws -> AuditCheckpoint? {
    try String.fetchOne(
      database.cachedStatement(sql: "SELECT note FROM audit_checkpoint ORDER BY size DESC LIMIT 1")
    ).flatMap { AuditCheckpoint(note: $0) }
  }

  /// Kept checkpoints of at least `from` and at most `to` leaves, smallest first.
  package static func checkpoints(
    from: Int64 = 0, to: Int64 = .max, in database: GRDB.Database
  ) throws -> [AuditCheckpoint] {
    try Row.fetchAll(
      database,
      sql: """
        SELECT size, CAST(CAST(note AS BLOB) AS TEXT) AS note FROM audit_checkpoint WHERE size BETWEEN ? AND ?
        ORDER BY size
        """, arguments: [from, to]
    ).map { row in
      guard let checkpoint = AuditCheckpoint(note: row["note"] ?? ""), checkpoint.size == row["size"] else {
        throw StoreFailure(.corrupt, "The checkpoint of \(row["size"] as Int64? ?? 0) entries is not readable.")
      }
      return checkpoint
    }
  }
}
