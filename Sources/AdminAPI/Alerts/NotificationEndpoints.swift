import Alerting
import ControlModel
import DataPlane
import Foundation
import Identity
import PromQL
import Store
import Telemetry
import Wire

/// Who was told what, and who would be.
struct NotificationEndpoints {
  let context: AdminContext

  /// GET /admin/notifications?receiver=&status=&fingerprint=&before=&limit=
  func list(_ call: Call) async throws(Refusal) -> Reply {
    var filter = NotificationRecords.Filter()
    filter.receiver = call.query.first("receiver")
    filter.status = call.query.first("status")
    filter.fingerprint = call.query.first("fingerprint")
    filter.before = try before(call)
    filter.limit = try call.limit(default: 100, max: NotificationRecords.Filter.limitMax)
    let entries = try await read { [filter] in try NotificationRecords.search(filter, in: $0) }
    let next = entries.count == filter.limit ? entries.last.map { String($0.id) } : nil
    return .json(200, Page(items: entries.map(NotificationItem.init), next: next))
  }

  /// GET /admin/alert-history?fingerprint=&name=&what=&since=&before=&limit=
  func history(_ call: Call) async throws(Refusal) -> Reply {
    var filter = AlertHistoryRecords.Filter()
    filter.fingerprint = call.query.first("fingerprint")
    filter.name = call.query.first("name")
    filter.what = call.query.first("what")
    if let text = call.query.first("since") {
      guard let time = WallTime(rfc3339: text) else {
        throw Refusal(
          .requestInvalid, "since is a time (RFC 3339).", fields: [FieldProblem("since", "is a time (RFC 3339)")])
      }
      filter.since = time
    }
    filter.before = try before(call)
    filter.limit = try call.limit(default: 100, max: AlertHistoryRecords.Filter.limitMax)
    let entries = try await read { [filter] in try AlertHistoryRecords.search(filter, in: $0) }
    let next = entries.count == filter.limit ? entries.last.map { String($0.id) } : nil
    return .json(200, Page(items: entries.map(AlertHistoryItem.init), next: next))
  }

  /// GET /admin/receivers
  func receivers(_ call: Call) async throws(Refusal) -> Reply {
    .json(
      200,
      Page(
        items: context.alertRoom.receivers.map {
          ReceiverItem(
            name: $0.name, kind: $0.kindName, place: $0.place, fallback: $0.fallback, sendsResolved: $0.sendsResolved)
        }))
  }

  /// POST /admin/receivers/{receiver}/test: sends one message and says how it went.
  func test(_ call: Call) async throws(Refusal) -> Reply {
    let name = call.parameters["receiver"] ?? ""
    guard let delivery = await context.alertRoom.notifier.test(name, by: try call.principal.subject) else {
      let known = context.alertRoom.notifier.receivers.map(\.name).joined(separator: ", ")
      throw Refusal(
        .notFound,
        "There is no receiver \(name.prefix(64)) that takes messages; known are \(known.isEmpty ? "none" : known).")
    }
    guard let entry = NotificationRecords.Entry(delivery) else {
      preconditionFailure("a message of strings and numbers can be encoded")
    }
    return .json(200, NotificationItem(entry))
  }

  /// POST /admin/alert-routes/test `{labels}`: where such an alert would go; nothing is sent.
  func routes(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(RouteTestRequest.self, members: RouteTestRequest.members, call)
    var at = context.clocks.now
    if let text = request.at {
      guard let time = WallTime(rfc3339: text) else {
        throw Refusal(.requestInvalid, "at is a time (RFC 3339).", fields: [FieldProblem("at", "is a time (RFC 3339)")])
      }
      at = time
    }
    guard let labels = try? Labels((request.labels ?? [:]).map { ($0.key, $0.value) }) else {
      throw Refusal(
        .requestInvalid, "labels are names with values.", fields: [FieldProblem("labels", "are names with values")])
    }
    let room = context.alertRoom
    let tree = room.tree
    let alert = Alert.imagined(labels, at: at)
    let silences = room.silences.current.muting(alert, at: at).map(\.id)
    let active = context.desk.alerts
    let inhibiting = active.filter { other in tree.inhibitions.contains { $0.mutes(alert, by: [other]) } }.map(\.name)
    let routes = tree.leaves(for: labels).map { leaf in
      let groupBy: [String] = if case .labels(let names) = leaf.groupBy { names } else { ["..."] }
      let isRest = leaf.isRoot && alert.severity == "none"
      return RouteTestDocument.Route(
        route: leaf.key, receivers: isRest ? [] : leaf.receivers, groupBy: groupBy,
        groupWait: DurationSetting.text(milliseconds: leaf.groupWaitMilliseconds),
        groupInterval: DurationSetting.text(milliseconds: leaf.groupIntervalMilliseconds),
        repeatInterval: DurationSetting.text(milliseconds: leaf.repeatIntervalMilliseconds),
        isOpen: tree.isOpen(leaf, at: at) || !Silence.canMute(alert))
    }
    return .json(
      200,
      RouteTestDocument(
        labels: request.labels ?? [:], routes: routes, silences: silences, inhibitedBy: Array(Set(inhibiting)).sorted(),
        isTold: silences.isEmpty && inhibiting.isEmpty && routes.contains { $0.isOpen && !$0.receivers.isEmpty }))
  }

  private func before(_ call: Call) throws(Refusal) -> Int64? {
    guard let text = call.query.first("before") else { return nil }
    guard let id = Int64(text) else {
      throw Refusal(
        .requestInvalid, "before is the `next` of an earlier page.",
        fields: [FieldProblem("before", "is the `next` of an earlier page")])
    }
    return id
  }

  private func read<Result: Sendable>(
    _ work: @escaping @Sendable (AlertStore.Connection) throws -> Result
  ) async throws(Refusal) -> Result {
    do throws(StoreFailure) {
      return try await context.alertRoom.recorder.store.database.read(work)
    } catch {
      throw Refusal(.storeUnavailable, "The alert records cannot be read: \(error.message)", retryAfterSeconds: 1)
    }
  }
}

extension NotificationItem {
  init(_ entry: NotificationRecords.Entry) {
    let document = try? JSONDecoder().decode(Alerting.Notification.self, from: Data(entry.document))
    self.init(
      id: entry.id, key: entry.key, receiver: entry.receiver, status: entry.status, cause: entry.cause,
      decidedAt: entry.decidedAt.description, finishedAt: entry.finishedAt?.description, attempts: entry.attempts,
      error: entry.error, groupKey: document?.groupKey ?? "",
      alerts: (document?.alerts ?? []).map {
        Alert(
          fingerprint: $0.fingerprint, name: $0.name, severity: $0.severity,
          status: $0.isFiring ? "firing" : "resolved", summary: $0.summary)
      })
  }
}

extension AlertHistoryItem {
  init(_ entry: AlertHistoryRecords.Entry) {
    self.init(
      id: entry.id, at: entry.at.description, fingerprint: entry.fingerprint, name: entry.name,
      severity: entry.severity, what: entry.what, value: entry.value, labels: entry.labels, summary: entry.summary,
      actor: entry.actor, note: entry.note)
  }
}
