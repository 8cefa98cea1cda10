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
    do throws(StoreFailure) {
      let verdict = try await context.controlStore.verifyAudit()
      context.registry.gauge(MetricCatalog.auditChainErrors).set(verdict.isSound ? 0 : 1)
      return .json(200, AuditVerdictDocument(verdict, nanoseconds: context.clocks.monotonic() - start))
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
      isSound: verdict.isSound, verified: verdict.verified, head: Hex.text(verdict.head), firstBad: verdict.firstBad,
      problem: verdict.problem, elapsedMs: Double(nanoseconds / 1000) / 1000)
  }
}
