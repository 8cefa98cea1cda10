import ControlModel
import DataPlane
import Identity
import Store
import Telemetry
import Wire

/// Tokens that verify and are not believed any more.
struct RevocationEndpoints {
  let context: AdminContext

  /// Longest name of a token, session or person, in bytes: the bound of the claims themselves.
  private static let nameBytesMax = 256
  private static let reasonCharacters = 10...500

  /// GET /admin/revocations
  func list(_ call: Call) async throws(Refusal) -> Reply {
    let rows = try await context.revocations.rows(at: context.clocks.now)
    return .json(200, Page(items: rows.map(RevocationItem.init)))
  }

  /// POST /admin/revocations: in force when this answers.
  func add(_ call: Call) async throws(Refusal) -> Reply {
    let (target, issuedBefore, reason) = try read(call)
    let (desk, now, actor) = (context.revocations, context.clocks.now, try call.principal.subject)
    return try await context.idempotency.answer(call, route: "revocations") { () async throws(Refusal) -> Reply in
      let row = try await desk.add(
        target, issuedBefore: issuedBefore, reason: reason, by: actor, at: now, requestID: call.requestID)
      context.streams.closeUnwelcome(desk.list.current, at: now)
      return .json(201, RevocationItem(row))
    }
  }

  /// DELETE /admin/revocations: the same body names which.
  func remove(_ call: Call) async throws(Refusal) -> Reply {
    let (target, _, reason) = try read(call)
    try await context.revocations.remove(
      target, reason: reason, by: try call.principal.subject, at: context.clocks.now, requestID: call.requestID)
    return .json(200, RemovedDocument(removed: "\(target.kind):\(target.name)"))
  }

  private struct RemovedDocument: Encodable {
    let removed: String
  }

  private func read(_ call: Call) throws(Refusal) -> (RevocationTarget, WallTime?, String) {
    let request = try RequestBody.decode(RevocationRequest.self, members: RevocationRequest.members, call)
    let reason = request.reason ?? ""
    guard Self.reasonCharacters.contains(reason.count) else {
      throw Self.wrong("reason", "says why, in 10 to 500 characters")
    }
    var issuedBefore: WallTime?
    if let text = request.issuedBefore {
      guard let time = WallTime(rfc3339: text) else { throw Self.wrong("issuedBefore", "is a time (RFC 3339)") }
      issuedBefore = time
    }
    let named: [(kind: String, name: String)] = [
      ("jti", request.jti), ("sid", request.sid), ("sub", request.sub), ("tenant", request.tenant),
    ].compactMap { kind, name in name.map { (kind, $0) } }
    if named.isEmpty, issuedBefore != nil { return (.everyone, issuedBefore, reason) }
    guard named.count == 1, let only = named.first else {
      throw Refusal(
        .requestInvalid,
        "Name exactly one of jti, sid, sub and tenant, or only issuedBefore for everyone's older tokens.")
    }
    guard (1...Self.nameBytesMax).contains(only.name.utf8.count),
      let target = RevocationTarget(kind: only.kind, name: only.name)
    else { throw Self.wrong(only.kind, "is not a name such as tokens carry") }
    return (target, issuedBefore, reason)
  }

  private static func wrong(_ field: String, _ problem: String) -> Refusal {
    Refusal(.requestInvalid, "\(field) \(problem).", fields: [FieldProblem(field, problem)])
  }
}

extension RevocationItem {
  init(_ row: RevocationRecords.Row) {
    self.init(
      kind: row.kind, name: row.name, issuedBefore: row.issuedBefore?.description, reason: row.reason, by: row.actor,
      createdAt: row.createdAt.description, expiresAt: row.expiresAt.description)
  }
}
