import ControlModel
import ControlPlane
import Identity
import Telemetry
import Wire

/// Stopping from this machine, without HTTP, tokens or keys: one JSON document in, a status and one JSON document out. It
/// stops, and nothing else: there is no way to release through it.
package struct LocalHalt: Sendable {
  let context: AdminContext

  package init(_ context: AdminContext) {
    self.context = context
  }

  /// Longest command, in bytes.
  package static let bytesMax = 16 * 1024

  /// Imposes the stop in `bytes`, a `ControlRequest`, ordered by the local user `uid`.
  package func answer(_ bytes: [UInt8], uid: UInt32) async -> (status: Int, body: [UInt8]) {
    let requestID = context.ids.requestID()
    do throws(Refusal) {
      var request = try RequestBody.decode(ControlRequest.self, members: ControlRequest.members, bytes)
      request.scope = request.scope ?? "global"
      let draft = try ControlDraft(request, known: ScopeDirectory(context.runtime))
      let stop = try Authorizer.local(draft, uid: uid, requestID: requestID)
      let receipt = await context.processor.impose(stop)
      return (receipt.durability == .committed ? 201 : 202, WireJSON.encode(ReceiptDocument(receipt)))
    } catch {
      return (
        error.code.status,
        WireJSON.encode(
          ProblemDetails(
            title: error.code.title, status: error.code.status, detail: error.detail, code: error.code.rawValue,
            requestId: requestID.text, retryAfter: error.retryAfterSeconds,
            errors: error.fields.isEmpty ? nil : error.fields.map { ProblemField(field: $0.field, problem: $0.problem) }
          ))
      )
    }
  }
}
