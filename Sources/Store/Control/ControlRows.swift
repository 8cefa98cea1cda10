import ControlModel
import Foundation
import GRDB

/// SQL rows to values and back, in one place: inner code never sees a raw row.
enum ControlRows {
  static let schema = """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    INSERT INTO meta VALUES ('epoch', '0');
    CREATE TABLE control (
      id TEXT PRIMARY KEY, tenant TEXT, profile TEXT, venue TEXT, symbol TEXT, kind TEXT NOT NULL, level TEXT NOT NULL,
      cancel TEXT NOT NULL, reason TEXT NOT NULL, ticket TEXT, actor TEXT NOT NULL, origin TEXT NOT NULL,
      created_at INTEGER NOT NULL, epoch INTEGER NOT NULL, review_by INTEGER NOT NULL, request_id TEXT NOT NULL,
      released_by TEXT, approved_by TEXT, released_at INTEGER, release_reason TEXT, break_glass INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX control_active ON control (epoch) WHERE released_at IS NULL;
    CREATE TABLE approval (
      id TEXT PRIMARY KEY, controls TEXT NOT NULL, reason TEXT NOT NULL, requested_by TEXT NOT NULL,
      requested_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, epoch INTEGER NOT NULL, status TEXT NOT NULL,
      decided_by TEXT, decided_at INTEGER
    ) WITHOUT ROWID;
    """

  /// Approvals carry what they are bound to and how the release opens.
  static let approvalSchema = """
    ALTER TABLE approval ADD COLUMN kind TEXT NOT NULL DEFAULT 'release';
    ALTER TABLE approval ADD COLUMN digest TEXT NOT NULL DEFAULT '';
    ALTER TABLE approval ADD COLUMN stages TEXT;
    """

  static func epoch(_ database: GRDB.Database) throws -> Epoch {
    let text = try String.fetchOne(database.cachedStatement(sql: "SELECT value FROM meta WHERE name = 'epoch'"))
    guard let value = text.flatMap(UInt64.init) else { throw StoreFailure(.corrupt, "The control store has no epoch.") }
    return Epoch(value)
  }

  static func setEpoch(_ epoch: Epoch, _ database: GRDB.Database) throws {
    try database.run(prepared: "UPDATE meta SET value = ? WHERE name = 'epoch'", [String(epoch.value)])
  }

  static func insert(_ control: Control, _ database: GRDB.Database) throws {
    try database.run(
      prepared: """
        INSERT INTO control (id, tenant, profile, venue, symbol, kind, level, cancel, reason, ticket, actor, origin,
          created_at, epoch, review_by, request_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """,
      [
        control.id.text, control.scope.tenant?.text, control.scope.profile?.text, control.scope.venue?.text,
        control.scope.symbol?.text, control.kind.rawValue, control.level.text, control.cancel.rawValue, control.reason,
        control.ticket, control.actor, control.origin.description, control.createdAt.unixMilliseconds,
        Int64(control.epoch.value), control.reviewBy.unixMilliseconds, control.requestID.text,
      ])
    guard database.changesCount == 1 else { throw StoreFailure(.conflict, "Control \(control.id) exists already.") }
  }

  static func release(_ id: ControlID, _ note: ReleaseNote, _ database: GRDB.Database) throws {
    try database.execute(
      sql: """
        UPDATE control SET released_by = ?, approved_by = ?, released_at = ?, release_reason = ?, break_glass = ?
        WHERE id = ? AND released_at IS NULL
        """,
      arguments: [note.by, note.approvedBy, note.at.unixMilliseconds, note.reason, note.isBreakGlass, id.text])
    guard database.changesCount == 1 else { throw StoreFailure(.conflict, "Control \(id) is not in force.") }
  }

  static func document(_ row: Row) throws -> ControlDocument {
    func damaged(_ column: String) -> StoreFailure {
      StoreFailure(.corrupt, "Control \(row["id"] as String? ?? "?") has an unreadable \(column).")
    }
    func optional<Tag>(_ column: String, _ type: ID<Tag>.Type) throws -> ID<Tag>? {
      guard let text = row[column] as String? else { return nil }
      guard let id = ID<Tag>(text) else { throw damaged(column) }
      return id
    }
    guard let id = ControlID(row["id"] as String) else { throw damaged("id") }
    guard let kind = ControlKind(rawValue: row["kind"]) else { throw damaged("kind") }
    guard let level = ControlLevel(text: row["level"] as String) else { throw damaged("level") }
    guard let cancel = CancelMode(rawValue: row["cancel"]) else { throw damaged("cancel") }
    guard let origin = ControlOrigin(row["origin"] as String) else { throw damaged("origin") }
    guard let requestID = RequestID(row["request_id"] as String) else { throw damaged("request id") }
    let symbol = try (row["symbol"] as String?).map { text in
      guard let symbol = Symbol(text) else { throw damaged("symbol") }
      return symbol
    }
    let scope = ControlScope(
      tenant: try optional("tenant", TenantID.self), profile: try optional("profile", ProfileID.self),
      venue: try optional("venue", VenueID.self), symbol: symbol)
    let control = Control(
      id: id, scope: scope, kind: kind, level: level, cancel: cancel, reason: row["reason"], ticket: row["ticket"],
      actor: row["actor"], origin: origin, createdAt: WallTime(unixMilliseconds: row["created_at"]),
      epoch: Epoch(UInt64(row["epoch"] as Int64)), reviewBy: WallTime(unixMilliseconds: row["review_by"]),
      requestID: requestID)
    let release = (row["released_at"] as Int64?).map { at in
      ReleaseNote(
        by: row["released_by"] ?? "", approvedBy: row["approved_by"], at: WallTime(unixMilliseconds: at),
        reason: row["release_reason"] ?? "", isBreakGlass: row["break_glass"] ?? false)
    }
    return ControlDocument(control: control, release: release)
  }

  static func upsert(_ approval: Approval, _ database: GRDB.Database) throws {
    try database.run(
      prepared: """
        INSERT INTO approval (id, controls, reason, requested_by, requested_at, expires_at, epoch, status, decided_by,
          decided_at, kind, digest, stages)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET status = excluded.status, decided_by = excluded.decided_by, decided_at = excluded.decided_at
        """,
      [
        approval.id.text, approval.controls.map(\.text).joined(separator: ","), approval.reason, approval.requestedBy,
        approval.requestedAt.unixMilliseconds, approval.expiresAt.unixMilliseconds, Int64(approval.epoch.value),
        approval.status.rawValue, approval.decidedBy, approval.decidedAt?.unixMilliseconds, approval.kind.rawValue,
        approval.digest, approval.stages?.text,
      ])
  }

  static func approval(_ row: Row) throws -> Approval {
    let stages = (row["stages"] as String?).map { ReleaseStages(text: $0) }
    guard let id = ApprovalID(row["id"] as String), let status = Approval.Status(rawValue: row["status"]),
      let kind = Approval.Kind(rawValue: row["kind"]), stages != .some(nil)
    else {
      throw StoreFailure(.corrupt, "An approval in the control store is unreadable.")
    }
    return Approval(
      id: id, kind: kind, controls: (row["controls"] as String).split(separator: ",").compactMap { ControlID($0) },
      reason: row["reason"], requestedBy: row["requested_by"],
      requestedAt: WallTime(unixMilliseconds: row["requested_at"]), epoch: Epoch(UInt64(row["epoch"] as Int64)),
      digest: row["digest"], stages: stages ?? nil, expiresAt: WallTime(unixMilliseconds: row["expires_at"]),
      status: status, decidedBy: row["decided_by"],
      decidedAt: (row["decided_at"] as Int64?).map { WallTime(unixMilliseconds: $0) })
  }
}
