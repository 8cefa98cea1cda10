import ControlModel
import Foundation
package import GRDB

/// The audit table of a database: appended to inside the transaction that makes the recorded change, never updated.
package enum AuditLog {
  static let schema = """
    CREATE TABLE audit (
      seq INTEGER PRIMARY KEY,
      leaf BLOB NOT NULL,
      chain BLOB NOT NULL,
      request_id TEXT NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      object TEXT NOT NULL
    );
    CREATE INDEX audit_request ON audit (request_id);
    CREATE INDEX audit_object ON audit (object);
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;
    """

  /// Appends one leaf; the caller's transaction makes it durable together with what it records.
  @discardableResult
  package static func append(_ entry: AuditEntry, in database: GRDB.Database) throws -> AuditLeaf {
    let last = try Row.fetchOne(database, sql: "SELECT seq, chain FROM audit ORDER BY seq DESC LIMIT 1")
    let previous: [UInt8] = last.map { Array($0["chain"] as Data) } ?? AuditLeaf.origin
    let leaf = AuditLeaf(entry, sequence: (last?["seq"] ?? 0) + 1, after: previous)
    try database.execute(
      sql: "INSERT INTO audit (seq, leaf, chain, request_id, actor, action, object) VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        leaf.sequence, Data(leaf.bytes), Data(leaf.chain), entry.requestID.text, entry.actor, entry.action,
        entry.object,
      ])
    return leaf
  }

  /// What to look for; nil matches everything.
  package struct Filter: Sendable {
    package var requestID: String?
    package var actor: String?
    package var action: String?
    package var object: String?
    /// Only leaves before this sequence, for paging towards the past.
    package var before: Int64?
    package var limit: Int

    package static let limitMax = 500

    package init(
      requestID: String? = nil, actor: String? = nil, action: String? = nil, object: String? = nil,
      before: Int64? = nil, limit: Int = 50
    ) {
      self.requestID = requestID
      self.actor = actor
      self.action = action
      self.object = object
      self.before = before
      self.limit = min(max(1, limit), Self.limitMax)
    }
  }

  /// Matching leaves, newest first.
  package static func search(_ filter: Filter, in database: GRDB.Database) throws -> [AuditLeaf] {
    var conditions: [String] = []
    var arguments: [any DatabaseValueConvertible] = []
    for (column, value) in [
      ("request_id", filter.requestID), ("actor", filter.actor), ("action", filter.action), ("object", filter.object),
    ] {
      if let value {
        conditions.append("\(column) = ?")
        arguments.append(value)
      }
    }
    if let before = filter.before {
      conditions.append("seq < ?")
      arguments.append(before)
    }
    let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    return try Row.fetchAll(
      database, sql: "SELECT leaf, chain FROM audit \(condition) ORDER BY seq DESC LIMIT \(filter.limit)",
      arguments: StatementArguments(arguments)
    ).compactMap { AuditLeaf(bytes: Array($0["leaf"] as Data), chain: Array($0["chain"] as Data)) }
  }

  /// Walks the whole chain from the first leaf and stops at the first row that is missing, changed, moved, or found under
  /// other search terms than its own. Rows are read as bytes, whatever type someone gave them.
  package static func verify(in database: GRDB.Database) throws -> AuditVerdict {
    var verified: Int64 = 0
    var previous = AuditLeaf.origin
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT seq, CAST(leaf AS BLOB) AS leaf, CAST(chain AS BLOB) AS chain, CAST(request_id AS BLOB) AS request_id,
          CAST(actor AS BLOB) AS actor, CAST(action AS BLOB) AS action, CAST(object AS BLOB) AS object
        FROM audit ORDER BY seq
        """)
    while let row = try rows.next() {
      func bytes(_ column: String) -> [UInt8] { (row[column] as Data?).map { Array($0) } ?? [] }
      let sequence: Int64 = row["seq"]
      if let problem = problem(sequence: sequence, expected: verified + 1, previous, bytes) {
        return AuditVerdict(verified: verified, head: previous, firstBad: verified + 1, problem: problem)
      }
      previous = bytes("chain")
      verified += 1
    }
    return AuditVerdict(verified: verified, head: previous, firstBad: nil, problem: nil)
  }

  private static func problem(
    sequence: Int64, expected: Int64, _ previous: [UInt8], _ bytes: (_ column: String) -> [UInt8]
  ) -> String? {
    guard sequence == expected else { return "row \(expected) is missing; the next one is \(sequence)" }
    guard AuditLeaf.link(previous, bytes("leaf")) == bytes("chain") else {
      return "row \(sequence) was changed, or one before it"
    }
    guard let leaf = AuditLeaf(bytes: bytes("leaf"), chain: bytes("chain")), leaf.sequence == sequence else {
      return "row \(sequence) does not hold its own sequence number"
    }
    let entry = leaf.entry
    let terms = [
      ("request_id", entry.requestID.text), ("actor", entry.actor), ("action", entry.action), ("object", entry.object),
    ]
    guard terms.allSatisfy({ bytes($0.0) == Array($0.1.utf8) }) else {
      return "the search columns of row \(sequence) differ from its content"
    }
    return nil
  }
}

/// What a verification found.
package struct AuditVerdict: Sendable, Equatable {
  /// Leaves in order and unchanged, from the first.
  package let verified: Int64
  /// The link of the last of them.
  package let head: [UInt8]
  package let firstBad: Int64?
  package let problem: String?

  package var isSound: Bool { firstBad == nil }
}
