import ControlModel
import DataPlane
package import RequestLog
import Store
import Telemetry
import Wire

/// "What happened to request X", and searching for it.
struct RequestEndpoints {
  let context: AdminContext

  /// GET /admin/requests/{requestId}: gateway line, runtime events and audit rows of one request, in order of time.
  func timeline(_ call: Call) async throws(Refusal) -> Reply {
    let id = call.parameters["requestId"] ?? ""
    guard let requestID = RequestID(id) else {
      throw Refusal(
        .requestInvalid, "A request id has 8 to 128 characters of A-Z a-z 0-9 . _ -; this one does not.",
        fields: [FieldProblem("requestId", "is not a request id")])
    }
    var records = await records(requestID)
    if !records.contains(where: { $0.eventName == "http.access" }) {
      await context.sleep(Self.accessLineDelay)
      records = await self.records(requestID)
    }
    let leaves = await auditLeaves(requestID)
    guard !records.isEmpty || !(leaves ?? []).isEmpty else { throw Refusal(.notFound, missing(requestID)) }
    var entries = records.filter { $0.eventName != "http.access" }.map(TimelineEntry.init)
    let access = records.first { $0.eventName == "http.access" }.map(AccessItem.init)
    if let access { entries.append(TimelineEntry(access)) }
    entries += (leaves ?? []).map(TimelineEntry.init)
    entries.sort { ($0.at, Self.rank($0)) < ($1.at, Self.rank($1)) }
    return .json(
      200,
      TimelineDocument(
        requestId: requestID.text, access: access, entries: entries,
        note: leaves == nil ? "The audit log could not be read; its rows are missing here." : nil))
  }

  /// Event loops hand over their access lines five times a second.
  private static let accessLineDelay = Duration.milliseconds(250)

  private func records(_ id: RequestID) async -> [LogRecord] {
    await context.log.flush()
    return await context.log.records(withID: id.text)
  }

  /// Within one millisecond: the edge first, the audit row last.
  private static func rank(_ entry: TimelineEntry) -> Int {
    switch entry.source {
    case "gateway": 0
    case "audit": 2
    default: 1
    }
  }

  private func auditLeaves(_ id: RequestID) async -> [AuditLeaf]? {
    try? await context.controlStore.searchAudit(AuditLog.Filter(requestID: id.text, limit: 100))
  }

  private func missing(_ id: RequestID) -> String {
    guard let oldest = context.log.oldestKept else { return "No request \(id) is on record." }
    return "No request \(id) is on record. The log goes back to \(WallTime(unixMilliseconds: oldest)); "
      + "an older request is gone, a newer one never arrived here."
  }

  /// GET /admin/requests?tenant=&user=&status=&code=&since=&until=&limit=
  func search(_ call: Call) async throws(Refusal) -> Reply {
    var query = try query(call)
    query.event = "http.access"
    query.actor = call.query.first("user")
    await context.log.flush()
    let records = await context.log.search(query)
    return .json(200, Page(items: records.map(AccessItem.init)))
  }

  /// GET /admin/logs?event=&component=&severity=&tenant=&q=&since=&until=&limit=
  func logs(_ call: Call) async throws(Refusal) -> Reply {
    var query = try query(call)
    query.event = call.query.first("event")
    query.component = call.query.first("component")
    query.severity = call.query.first("severity")?.uppercased()
    query.text = call.query.first("q")
    await context.log.flush()
    return .json(200, Page(items: await context.log.search(query).map(LogItem.init)))
  }

  private func query(_ call: Call) throws(Refusal) -> LogQuery {
    var query = LogQuery(limit: try call.limit(default: 50, max: LogQuery.limitMax))
    query.tenant = call.query.first("tenant")
    query.code = call.query.first("code")
    if let text = call.query.first("status") {
      let isClass = text.count == 3 && text.hasSuffix("xx")
      guard let status = Int(isClass ? text.prefix(1) + "00" : text[...]), (100...599).contains(status) else {
        throw Refusal(
          .requestInvalid, "status is a code such as 502, or a class such as 5xx.",
          fields: [FieldProblem("status", "is a code or a class")])
      }
      query.status = status
      query.isStatusClass = isClass
    }
    query.since = try time(call, "since")
    query.until = try time(call, "until")
    return query
  }

  /// RFC 3339, or a duration before now such as `5m`.
  private func time(_ call: Call, _ name: String) throws(Refusal) -> WallTime? {
    guard let text = call.query.first(name) else { return nil }
    if let time = WallTime(rfc3339: text) { return time }
    if let ago = DurationSetting.milliseconds(text) { return context.clocks.now.adding(milliseconds: -ago) }
    throw Refusal(
      .requestInvalid, "\(name) is a time (RFC 3339) or a duration before now such as 5m.",
      fields: [FieldProblem(name, "is a time or a duration")])
  }
}

extension AccessItem {
  package init(_ record: LogRecord) {
    self.init(
      at: record.ts, requestId: record.requestID ?? "", traceId: record.traceID, tenant: record.tenant,
      actor: record.actor, role: record.role, method: record.method ?? "", path: record.path ?? "",
      route: record.route, status: record.status ?? 0, code: record.code, upstream: record.upstream,
      upstreamMs: record.upstreamMilliseconds, durationMs: record.durationMilliseconds ?? 0,
      bytesIn: record.bytesIn ?? 0, bytesOut: record.bytesOut ?? 0, peer: record.peer)
  }
}

extension LogItem {
  init(_ record: LogRecord) {
    self.init(
      at: record.ts, severity: record.severityText, event: record.eventName, component: record.component,
      body: record.body, requestId: record.requestID, tenant: record.tenant, actor: record.actor,
      status: record.status, method: record.method, path: record.path,
      attributes: (record.attributes ?? [:]).mapValues(\.text))
  }
}

extension TimelineEntry {
  init(_ record: LogRecord) {
    let attributes = (record.attributes ?? [:]).mapValues(\.text)
    self.init(
      at: record.ts, source: record.component, event: record.eventName, severity: record.severityText,
      body: record.body ?? "", actor: record.actor, tenant: record.tenant, order: attributes["order"],
      attributes: attributes)
  }

  init(_ access: AccessItem) {
    var attributes = ["durationMs": String(access.durationMs), "route": access.route ?? "none"]
    if let upstream = access.upstream { attributes["upstream"] = upstream }
    if let milliseconds = access.upstreamMs { attributes["upstreamMs"] = String(milliseconds) }
    if let code = access.code { attributes["code"] = code }
    self.init(
      at: access.at, source: "gateway", event: "http.access", severity: access.status >= 500 ? "ERROR" : "INFO",
      body: "\(access.method) \(access.path) answered \(access.status) in \(access.durationMs) ms", actor: access.actor,
      tenant: access.tenant, order: nil, attributes: attributes)
  }

  init(_ leaf: AuditLeaf) {
    self.init(
      at: leaf.entry.at.description, source: "audit", event: leaf.entry.action, severity: "INFO",
      body: leaf.entry.summary, actor: leaf.entry.actor, tenant: nil, order: nil,
      attributes: ["seq": String(leaf.sequence), "object": leaf.entry.object, "reason": leaf.entry.reason])
  }
}
