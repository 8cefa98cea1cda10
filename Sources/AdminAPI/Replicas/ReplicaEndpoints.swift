import ControlModel
import ControlPlane
import DataPlane
import Foundation
import Identity
import Store
import Wire

/// The gates that share a control store, and what they did.
struct ReplicaEndpoints {
  let context: AdminContext

  /// GET /admin/replicas
  func list(_ call: Call) async throws(Refusal) -> Reply {
    do throws(StoreFailure) {
      let items = try await context.keeper.gates().map { row in
        ReplicaItem(
          replica: row.gate.text, run: row.run, epoch: row.acked.value, turn: row.turn, renewedAt: row.at.description,
          leaseMs: row.lease / 1_000_000, isAlone: row.isAlone, lastOrderOutAt: row.report.lastOrderOutAt?.description,
          isSelf: row.gate == context.about.replica)
      }
      return .json(200, Page(items: items))
    } catch {
      throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1)
    }
  }

  /// POST /admin/replicas/{replica}/remove: a gate that is gone for good, so that stops no longer wait for its lease.
  func remove(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(ReasonRequest.self, members: ReasonRequest.members, call)
    let admin = try Authorizer.admin(try call.principal, requestID: call.requestID)
    guard let replica = ReplicaID(call.parameters["replica"] ?? "") else { throw Refusal(.notFound, "No such gate.") }
    if let problem = ControlDraft.reasonProblem(request.reason ?? "", atLeast: Control.reasonLengthMin) {
      throw Refusal(.requestInvalid, "The gate was not removed: reason \(problem.problem).", fields: [problem])
    }
    guard replica != context.about.replica else {
      throw Refusal(.preconditionFailed, "\(replica) answers this call, so it is alive; stop its process first.")
    }
    try await context.keeper.remove(replica, by: admin, reason: request.reason ?? "")
    return .json(200, ["removed": replica.text])
  }

  /// GET /admin/history/export: this replica's history, lines of JSON.
  func history(_ call: Call) async throws(Refusal) -> Reply {
    await context.history.flush()
    var bytes: [UInt8] = []
    for name in [HistoryRecorder.earlierFileName, HistoryRecorder.fileName] {
      if let data = try? Data(contentsOf: URL(fileURLWithPath: context.historyFolder + "/" + name)) { bytes += data }
    }
    return Reply(
      200, contentType: "application/x-ndjson", fields: [("Cache-Control", "no-store")], body: .bytes(bytes))
  }
}
