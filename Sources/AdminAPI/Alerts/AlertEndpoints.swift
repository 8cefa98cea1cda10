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

  /// Longest comment, and longest name of an owner, in characters.
  private static let commentCharactersMax = 500
  private static let ownerCharactersMax = 128

  /// POST /admin/alerts/{fingerprint}/ack
  func acknowledge(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(AckRequest.self, members: AckRequest.members, call)
    let comment = try comment(request.comment ?? "")
    let actor = try call.principal.subject
    let owner = request.owner ?? actor
    guard (1...Self.ownerCharactersMax).contains(owner.count) else {
      throw Refusal(.requestInvalid, "owner names a person.", fields: [FieldProblem("owner", "names a person")])
    }
    let alert = try alert(call)
    do throws(StoreFailure) {
      try await context.acknowledgements.take(
        alert, by: actor, owner: owner, comment: comment, at: context.clocks.now, requestID: call.requestID)
    } catch {
      throw Refusal(.storeUnavailable, "The alert was not taken: \(error.message)", retryAfterSeconds: 1)
    }
    note(alert, owner == actor ? "acknowledged" : "handed over", by: actor, owner == actor ? comment : "to \(owner)")
    context.alertRoom.acknowledged(alert)
    return .json(200, context.item(alert))
  }

  /// DELETE /admin/alerts/{fingerprint}/ack
  func release(_ call: Call) async throws(Refusal) -> Reply {
    let alert = try alert(call)
    let actor = try call.principal.subject
    do throws(StoreFailure) {
      try await context.acknowledgements.release(
        alert, by: actor, at: context.clocks.now, requestID: call.requestID)
    } catch {
      throw Refusal(.storeUnavailable, "The alert was not given back: \(error.message)", retryAfterSeconds: 1)
    }
    note(alert, "released", by: actor, "")
    return .json(200, context.item(alert))
  }

  /// POST /admin/alerts/{fingerprint}/comment
  func comment(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(CommentRequest.self, members: CommentRequest.members, call)
    let comment = try comment(request.comment ?? "")
    guard !comment.isEmpty else {
      throw Refusal(.requestInvalid, "comment is missing.", fields: [FieldProblem("comment", "is missing")])
    }
    let alert = try alert(call)
    note(alert, "commented", by: try call.principal.subject, comment)
    return .json(201, context.item(alert))
  }

  private func comment(_ text: String) throws(Refusal) -> String {
    guard text.count <= Self.commentCharactersMax else {
      throw Refusal(
        .requestInvalid, "The comment has at most \(Self.commentCharactersMax) characters.",
        fields: [FieldProblem("comment", "is too long")])
    }
    return text
  }

  private func note(_ alert: Alert, _ what: String, by actor: String, _ words: String) {
    context.alertRoom.recorder.note(
      AlertHistoryRecords.Entry(
        alert, what, at: context.clocks.now, actor: actor, note: words.isEmpty ? nil : words))
  }

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
    let now = clocks.now
    let silences = alertRoom.silences.current.muting(alert, at: now).map(\.id)
    let muting = alertRoom.muting(alert.fingerprint)?.words
    let words = muting ?? (silences.isEmpty ? nil : "silence \(silences.joined(separator: ", "))")
    return AlertItem(
      fingerprint: alert.fingerprint, name: alert.name, severity: alert.severity, state: alert.state.rawValue,
      summary: annotations["summary"] ?? alert.name, labels: labels, annotations: annotations,
      value: alert.value.isFinite ? alert.value : nil, valueText: Humanized.decimal(alert.value),
      expression: alert.expression, activeAt: alert.activeAt.description, firedAt: alert.firedAt?.description,
      ageMs: now.unixMilliseconds - alert.activeAt.unixMilliseconds,
      runbook: hasRunbook ? "/admin/runbooks/\(alert.name)?fingerprint=\(alert.fingerprint)" : nil,
      control: labels["control"], controlMode: labels["control_mode"], acknowledgedBy: ack?.actor,
      acknowledgedAt: ack?.at.description, comment: ack?.comment, silencedBy: silences.isEmpty ? nil : silences,
      muted: words, requests: alert.exemplars.isEmpty ? nil : alert.exemplars)
  }
}
