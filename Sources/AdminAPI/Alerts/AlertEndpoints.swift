package import Alerting
import ControlModel
import DataPlane
import Identity
import PromQL
import Store
import Telemetry
package import Wire

/// The alert desk.
struct AlertEndpoints {
  let context: AdminContext

  /// GET /admin/alerts?state=
  func list(_ call: Call) async throws(Refusal) -> Reply {
    let state = call.query.first("state")
    let items = context.desk.alerts.map(context.item).filter { state == nil || $0.state == state }
    return .json(200, Page(items: items))
  }

  /// POST /admin/alerts/{fingerprint}/ack
  func acknowledge(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(AckRequest.self, members: AckRequest.members, call)
    let comment = request.comment ?? ""
    guard comment.count <= 500 else {
      throw Refusal(
        .requestInvalid, "The comment has at most 500 characters.", fields: [FieldProblem("comment", "is too long")])
    }
    let alert = try alert(call)
    do throws(StoreFailure) {
      try await context.acknowledgements.take(
        alert, by: try principalName(call), comment: comment, at: context.clocks.now, requestID: call.requestID)
    } catch {
      throw Refusal(.storeUnavailable, "The alert was not taken: \(error.message)", retryAfterSeconds: 1)
    }
    return .json(200, context.item(alert))
  }

  private func principalName(_ call: Call) throws(StoreFailure) -> String { call.caller?.subject ?? "" }

  private func alert(_ call: Call) throws(Refusal) -> Alert {
    let fingerprint = call.parameters["fingerprint"] ?? ""
    guard let alert = context.desk.alert(fingerprint) else {
      throw Refusal(.notFound, "No alert \(fingerprint.prefix(64)) is active; it may have ended. See /admin/alerts.")
    }
    return alert
  }

  /// GET /admin/runbooks/{alert}?fingerprint=
  func runbook(_ call: Call) async throws(Refusal) -> Reply {
    let name = call.parameters["alert"] ?? ""
    let alert = call.query.first("fingerprint").flatMap(context.desk.alert)
    guard let text = context.runbooks.text(name, for: alert) else {
      throw Refusal(.notFound, "There is no runbook \(name.prefix(64)).")
    }
    return .json(200, RunbookDocument(alert: name, markdown: text, current: alert.map(context.item)))
  }

  /// GET /admin/runbooks
  func runbooks(_ call: Call) async throws(Refusal) -> Reply {
    .json(200, Page(items: context.runbooks.names))
  }
}

extension AdminContext {
  package func item(_ alert: Alert) -> AlertItem {
    let ack = acknowledgements.find(alert.fingerprint)
    let labels = Dictionary(alert.labels.pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    let annotations = Dictionary(alert.annotations.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    let hasRunbook = runbooks.has(alert.name)
    return AlertItem(
      fingerprint: alert.fingerprint, name: alert.name, severity: alert.severity, state: alert.state.rawValue,
      summary: annotations["summary"] ?? alert.name, labels: labels, annotations: annotations,
      value: alert.value.isFinite ? alert.value : nil, valueText: Humanized.decimal(alert.value),
      expression: alert.expression, activeAt: alert.activeAt.description, firedAt: alert.firedAt?.description,
      ageMs: clocks.now.unixMilliseconds - alert.activeAt.unixMilliseconds,
      runbook: hasRunbook ? "/admin/runbooks/\(alert.name)?fingerprint=\(alert.fingerprint)" : nil,
      control: labels["control"], controlMode: labels["control_mode"], acknowledgedBy: ack?.actor,
      acknowledgedAt: ack?.at.description, comment: ack?.comment)
  }
}
