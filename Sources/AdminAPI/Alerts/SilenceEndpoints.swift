import Alerting
import ControlModel
import DataPlane
import Identity
import PromQL
import Telemetry
import Wire

/// Silences: seen, tried, made, ended.
struct SilenceEndpoints {
  let context: AdminContext

  /// GET /admin/silences?state=
  func list(_ call: Call) async throws(Refusal) -> Reply {
    let state = call.query.first("state")
    if let state, Silence.State(rawValue: state) == nil {
      throw Refusal(
        .requestInvalid, "state is pending, active or expired.",
        fields: [FieldProblem("state", "is pending, active or expired")])
    }
    let items = context.alertRoom.silences.current.all.map(item).filter { state == nil || $0.state == state }
    return .json(200, Page(items: items))
  }

  /// GET /admin/silences/{id}
  func show(_ call: Call) async throws(Refusal) -> Reply {
    let id = call.parameters["id"] ?? ""
    guard let silence = context.alertRoom.silences.current.byID[id] else {
      throw Refusal(.notFound, "There is no silence \(id.prefix(64)); see /admin/silences.")
    }
    return .json(200, item(silence))
  }

  /// POST /admin/silences: in force when this answers, if it does not begin later.
  func add(_ call: Call) async throws(Refusal) -> Reply {
    let silence = try read(call)
    let (desk, actor) = (context.alertRoom.silences, try call.principal.subject)
    return try await context.idempotency.answer(call, route: "silences") { () async throws(Refusal) -> Reply in
      try await desk.add(silence, by: actor, requestID: call.requestID)
      return .json(201, item(silence))
    }
  }

  /// POST /admin/silences/preview: what it would mute; nothing changes.
  func preview(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(SilenceRequest.self, members: SilenceRequest.members, call)
    let matchers = try matchers(request)
    let active = context.desk.alerts
    let matching = active.filter { matchers.matches($0.labels) }
    return .json(
      200,
      SilencePreview(
        matchers: matchers.texts, alerts: matching.filter(Silence.canMute).map(alert),
        neverMuted: matching.filter { !Silence.canMute($0) }.map(alert),
        activeAlerts: active.count { $0.severity != "none" }))
  }

  /// DELETE /admin/silences/{id}, or /admin/silences with `?id=` or `{"id": …}`.
  func end(_ call: Call) async throws(Refusal) -> Reply {
    var id = call.parameters["id"] ?? call.query.first("id")
    if id == nil {
      id = try RequestBody.decode(SilenceEndRequest.self, members: SilenceEndRequest.members, call).id
    }
    guard let id else {
      throw Refusal(.requestInvalid, "Name the silence.", fields: [FieldProblem("id", "is missing")])
    }
    let silence = try await context.alertRoom.silences.end(
      id, by: try call.principal.subject, at: context.clocks.now, requestID: call.requestID)
    return .json(200, item(silence))
  }

  // MARK: Reading

  private func read(_ call: Call) throws(Refusal) -> Silence {
    let request = try RequestBody.decode(SilenceRequest.self, members: SilenceRequest.members, call)
    let now = context.clocks.now
    let reason = (request.reason ?? "").split(separator: " ").joined(separator: " ")
    guard Silence.reasonCharacters.contains(reason.count) else {
      throw Self.wrong("reason", "says why, in 10 to 500 characters")
    }
    let matchers = try matchers(request)
    guard !matchers.matchesEmpty else {
      throw Self.wrong("matchers", "would mute everything; name at least one label with a value")
    }
    let startsAt = try time(request.startsAt, "startsAt") ?? now
    guard startsAt.unixMilliseconds - now.unixMilliseconds <= Silence.leadMillisecondsMax else {
      throw Self.wrong("startsAt", "is at most 31 days ahead")
    }
    let begin = max(startsAt, now)
    let endsAt: WallTime
    switch (try time(request.endsAt, "endsAt"), request.duration) {
    case (let end?, nil): endsAt = end
    case (nil, let text?):
      guard let duration = DurationSetting.milliseconds(text) else { throw Self.wrong("duration", "is e.g. 30m or 2h") }
      endsAt = begin.adding(milliseconds: min(duration, Silence.lifetimeMilliseconds.upperBound + 1))
    case (nil, nil): throw Self.wrong("endsAt", "is missing: every silence ends; name endsAt or duration")
    default: throw Self.wrong("duration", "and endsAt exclude each other")
    }
    guard Silence.lifetimeMilliseconds.contains(endsAt.unixMilliseconds - begin.unixMilliseconds) else {
      throw Self.wrong(request.endsAt == nil ? "duration" : "endsAt", "is 1 minute to 31 days after the start")
    }
    return Silence(
      id: context.ids.silenceID(), matchers: matchers, startsAt: begin, endsAt: endsAt,
      createdBy: try call.principal.subject, createdAt: now, reason: reason,
      endsWithAlert: request.endsWithAlert ?? false)
  }

  private func matchers(_ request: SilenceRequest) throws(Refusal) -> LabelMatchers {
    guard let texts = request.matchers, !texts.isEmpty else { throw Self.wrong("matchers", "is missing") }
    do throws(LabelMatchers.Problem) {
      return try LabelMatchers(texts.map(\.text))
    } catch {
      throw Self.wrong("matchers", error.description)
    }
  }

  private func time(_ text: String?, _ field: String) throws(Refusal) -> WallTime? {
    guard let text else { return nil }
    guard let time = WallTime(rfc3339: text) else { throw Self.wrong(field, "is a time (RFC 3339)") }
    return time
  }

  private static func wrong(_ field: String, _ problem: String) -> Refusal {
    Refusal(.requestInvalid, "\(field) \(problem).", fields: [FieldProblem(field, problem)])
  }

  // MARK: Documents

  private func item(_ silence: Silence) -> SilenceItem {
    let now = context.clocks.now
    let state = silence.state(at: now)
    let remaining = max(0, silence.endsAt.unixMilliseconds - now.unixMilliseconds)
    return SilenceItem(
      id: silence.id, state: state.rawValue, matchers: silence.matchers.texts, reason: silence.reason,
      createdBy: silence.createdBy, createdAt: silence.createdAt.description, startsAt: silence.startsAt.description,
      endsAt: silence.endsAt.description, endsWithAlert: silence.endsWithAlert, remainingMs: remaining,
      isExpiring: state == .active && remaining <= Silence.warningMilliseconds,
      muting: context.desk.alerts.filter { silence.mutes($0, at: now) }.map(alert))
  }

  private func alert(_ alert: Alert) -> SilencedAlert {
    SilencedAlert(
      fingerprint: alert.fingerprint, name: alert.name, severity: alert.severity, state: alert.state.rawValue,
      summary: alert.annotations.first { $0.name == "summary" }?.value ?? alert.name)
  }
}
