import ControlModel
import Foundation
package import GRDB
import Telemetry

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
    let last = try database.row(prepared: "SELECT seq, chain FROM audit ORDER BY seq DESC LIMIT 1")
    let previous: [UInt8] = last.map { Array($0["chain"] as Data) } ?? AuditLeaf.origin
    let leaf = AuditLeaf(entry, sequence: (last?["seq"] ?? 0) + 1, after: previous)
    try database.run(
      prepared: "INSERT INTO audit (seq, leaf, chain, request_id, actor, action, object) VALUES (?, ?, ?, ?, ?, ?, ?)",
      [
        leaf.sequence, Data(leaf.bytes), Data(leaf.chain), entry.requestID.text, entry.actor, entry.action,
        entry.object,
      ])
    try AuditTree.append(leaf, in: database)
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

  /// What a verification compares the log with, beside its own checkpoints.
  package struct Trust: Sendable {
    package var keys: [AuditVerifierKey]
    package var witness: [AuditCheckpoint]

    package init(keys: [AuditVerifierKey] = [], witness: [AuditCheckpoint] = []) {
      self.keys = keys
      self.witness = witness
    }
  }

  /// Walks the whole log from the first leaf and stops at the first row that is missing, changed, moved, found under other
  /// search terms than its own, or not what a checkpoint vouches for. Rows are read as bytes, whatever type someone gave
  /// them. Without keys the log's own checkpoints are left out.
  package static func verify(_ trust: Trust = Trust(), in database: GRDB.Database) throws -> AuditVerdict {
    var notes: [(AuditCheckpoint, AuditWalk.Source)] = trust.witness.map { ($0, .witness) }
    var unreadable: StoreFailure?
    if !trust.keys.isEmpty {
      do {
        notes += try AuditTree.checkpoints(in: database).map { ($0, .log) }
      } catch let failure as StoreFailure {
        unreadable = failure
      }
    }
    var walk = AuditWalk(checkpoints: notes, keys: trust.keys)
    let nodes = try Row.fetchCursor(
      database, sql: "SELECT pos, CAST(hash AS BLOB) FROM audit_node ORDER BY pos")
    var position: Int64 = 0
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT seq, CAST(leaf AS BLOB), CAST(chain AS BLOB), CAST(request_id AS BLOB), CAST(actor AS BLOB),
          CAST(action AS BLOB), CAST(object AS BLOB) FROM audit ORDER BY seq
        """)
    while !walk.isBroken, let row = try rows.next() {
      let sequence: Int64 = row[0]
      var changed: Int64?
      let isFound = try row.bytes(1) { leaf in
        let scan = try row.bytes(2) { link in
          try walk.take(leaf, chain: link, sequence: sequence) { hash in
            let node = try nodes.next()
            let isSame = try node?.bytes(1) { hash.isSame(as: $0) } ?? false
            if node?[0] as Int64? != position || !isSame { changed = changed ?? position }
            position += 1
          }
        }
        guard let scan else { return true }
        return try [(3, scan.requestID), (4, scan.actor), (5, scan.action), (6, scan.object)].allSatisfy {
          column, range in
          try row.bytes(column) { holds(UnsafeRawBufferPointer(rebasing: leaf[range]), $0) }
        }
      }
      if !isFound {
        walk.fail(sequence, "row \(sequence)'s search columns (request, actor, action, object) differ from its content")
      }
      if let changed { walk.fail(sequence, "node \(changed) of the tree over row \(sequence) was changed") }
    }
    if !walk.isBroken, try nodes.next() != nil {
      walk.fail(walk.size + 1, "the tree has nodes for rows after \(walk.size), which are missing")
    }
    if let unreadable { walk.fail(walk.size + 1, unreadable.message) }
    return walk.finish()
  }

  /// Whether a search column holds what the leaf says between these quotes.
  private static func holds(_ quoted: UnsafeRawBufferPointer, _ column: UnsafeRawBufferPointer) -> Bool {
    guard quoted.count != column.count || !quoted.elementsEqual(column) else {
      return !column.contains(UInt8(ascii: "\\"))
    }
    var line = JSONLine()
    line.begin()
    line.field("", escaping: Array(column))
    line.end()
    return line.bytes.dropFirst(5).dropLast(2).elementsEqual(quoted)
  }
}

extension Row {
  /// A column's bytes where SQLite has them; none for NULL.
  fileprivate func bytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    try withUnsafeData(atIndex: column) { data in
      guard let data else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
      return try data.withUnsafeBytes(body)
    }
  }
}
