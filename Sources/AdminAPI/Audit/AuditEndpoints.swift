import ControlModel
import DataPlane
package import Store
import Telemetry
import Wire

/// The audit log.
struct AuditEndpoints {
  let context: AdminContext

  /// GET /admin/audit?requestId=&actor=&action=&object=&before=&limit=
  func list(_ call: Call) async throws(Refusal) -> Reply {
    let limit = try call.limit(default: 50, max: AuditLog.Filter.limitMax)
    let filter = AuditLog.Filter(
      requestID: call.query.first("requestId"), actor: call.query.first("actor"),
      action: call.query.first("action"), object: call.query.first("object"),
      before: call.query.first("before").flatMap { Int64($0) }, limit: limit)
    do throws(StoreFailure) {
      let items = try await context.controlStore.searchAudit(filter).map(AuditItem.init)
      return .json(200, Page(items: items, next: items.count == limit ? items.last.map { String($0.seq) } : nil))
    } catch {
      throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1)
    }
  }

  /// GET /admin/audit/verify
  func verify(_ call: Call) async throws(Refusal) -> Reply {
    let start = context.clocks.monotonic()
    let verdict = try await reading { () async throws(StoreFailure) in try await context.auditKeeper.walk() }
    return .json(200, AuditVerdictDocument(verdict, nanoseconds: context.clocks.monotonic() - start))
  }

  /// GET /admin/audit/checkpoint: a signed note over everything logged by now.
  func checkpoint(_ call: Call) async throws(Refusal) -> Reply {
    .text(200, try await newest().note)
  }

  /// GET /admin/audit/proofs/inclusion?seq=&size=
  func inclusion(_ call: Call) async throws(Refusal) -> Reply {
    let store = context.controlStore
    return try await proof { () async throws(StoreFailure) in
      try await store.underCheckpoint { database, checkpoint in
        try Self.refusing {
          let size = try number("size", in: call, default: checkpoint.size, 1...max(1, checkpoint.size))
          let sequence = try number("seq", in: call, default: nil, 1...max(1, size))
          let prover = AuditTree.prover(in: database)
          let leaves = try AuditLog.search(AuditLog.Filter(before: sequence + 1, limit: 1), in: database)
          return AuditProofDocument(
            leaf: leaves.first.map { String(decoding: $0.bytes, as: UTF8.self) }, seq: sequence, size: size,
            root: Hex.text(size == checkpoint.size ? checkpoint.root : try prover.root(of: size)),
            proof: try prover.inclusion(of: sequence - 1, in: size).map { Hex.text($0) },
            checkpoint: size == checkpoint.size ? checkpoint.note : nil)
        }
      }
    }
  }

  /// GET /admin/audit/proofs/consistency?from=&size=
  func consistency(_ call: Call) async throws(Refusal) -> Reply {
    let store = context.controlStore
    return try await proof { () async throws(StoreFailure) in
      try await store.underCheckpoint { database, checkpoint in
        try Self.refusing {
          let size = try number("size", in: call, default: checkpoint.size, 0...checkpoint.size)
          let from = try number("from", in: call, default: nil, 0...size)
          let prover = AuditTree.prover(in: database)
          return AuditProofDocument(
            from: from, size: size,
            root: Hex.text(size == checkpoint.size ? checkpoint.root : try prover.root(of: size)),
            proof: try prover.consistency(from: from, to: size).map { Hex.text($0) },
            checkpoint: size == checkpoint.size ? checkpoint.note : nil)
        }
      }
    }
  }

  private func proof(
    _ work: () async throws(StoreFailure) -> Result<AuditProofDocument, Refusal>?
  ) async throws(Refusal) -> Reply {
    guard let proof = try await reading(work) else { throw Self.unsigned }
    return .json(200, try proof.get())
  }

  /// Carries a refusal out of a read, which turns what it throws into failures of the store.
  private static func refusing(_ work: () throws -> AuditProofDocument) throws -> Result<AuditProofDocument, Refusal> {
    do {
      return .success(try work())
    } catch let refusal as Refusal {
      return .failure(refusal)
    }
  }

  /// GET /admin/audit/export?from=&limit=: lines of JSON; `Link: …; rel="next"` while there are more.
  func export(_ call: Call) async throws(Refusal) -> Reply {
    let checkpoint = try await newest()
    let from = try number("from", in: call, default: 1, 1...max(1, checkpoint.size))
    let limit = try call.limit(default: AuditExport.leavesMax, max: AuditExport.leavesMax)
    let keys = context.auditKeys
    let store = context.controlStore
    let page = try await reading { () async throws(StoreFailure) in
      try await store.database.read { try AuditExport.page(from: from, limit: limit, keys: keys, in: $0) }
    }
    let next = page.next.map { [("Link", "</admin/audit/export?from=\($0)&limit=\(limit)>; rel=\"next\"")] } ?? []
    return Reply(
      200, contentType: "application/x-ndjson", fields: [("Cache-Control", "no-store")] + next, body: .bytes(page.bytes)
    )
  }

  private static let unsigned = Refusal(.notFound, "This installation signs no checkpoints.")

  private func newest() async throws(Refusal) -> AuditCheckpoint {
    let store = context.controlStore
    let checkpoint = try await reading { () async throws(StoreFailure) in try await store.checkpoint() }
    guard let checkpoint else { throw Self.unsigned }
    return checkpoint
  }

  private func number(
    _ name: String, in call: Call, default fallback: Int64?, _ allowed: ClosedRange<Int64>
  ) throws(Refusal) -> Int64 {
    let text = call.query.first(name)
    if text == nil, let fallback { return fallback }
    guard let value = text.flatMap({ Int64($0) }), allowed.contains(value) else {
      let words = "is \(allowed.lowerBound) to \(allowed.upperBound)"
      throw Refusal(.requestInvalid, "\(name) \(words).", fields: [FieldProblem(name, words)])
    }
    return value
  }

  private func reading<Result>(_ work: () async throws(StoreFailure) -> Result) async throws(Refusal) -> Result {
    do throws(StoreFailure) {
      return try await work()
    } catch {
      throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1)
    }
  }
}

extension AuditItem {
  init(_ leaf: AuditLeaf) {
    self.init(
      seq: leaf.sequence, at: leaf.entry.at.description, actor: leaf.entry.actor, actingAs: leaf.entry.actingAs,
      action: leaf.entry.action, object: leaf.entry.object, before: leaf.entry.before, after: leaf.entry.after,
      requestId: leaf.entry.requestID.text, reason: leaf.entry.reason, summary: leaf.entry.summary,
      chain: Hex.text(leaf.chain))
  }
}

extension AuditVerdictDocument {
  package init(_ verdict: AuditVerdict, nanoseconds: Int64) {
    self.init(
      isSound: verdict.isSound, verified: verdict.verified, head: Hex.text(verdict.head),
      root: Hex.text(verdict.root), vouched: verdict.vouched, firstBad: verdict.firstBad, problem: verdict.problem,
      elapsedMs: Double(nanoseconds / 1000) / 1000)
  }
}
