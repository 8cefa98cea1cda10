import ControlModel
import ControlPlane
import DataPlane
import Identity
import Store
import Telemetry
import TradingRuntime
import Wire

/// Stopping, planning a stop, and reading what is in force.
struct ControlEndpoints {
  let context: AdminContext

  // MARK: Stop

  /// POST /admin/controls
  func impose(_ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(ControlRequest.self, members: ControlRequest.members, call)
    return try await stop(try draft(request), call, route: "controls")
  }

  /// POST /admin/halt: everything.
  func halt(_ call: Call) async throws(Refusal) -> Reply {
    var request = try body(call)
    request.scope = request.scope ?? "global"
    return try await stop(try draft(request), call, route: "halt")
  }

  /// POST /admin/tenants/{tenant}/disable and …/profiles/{profile}/disable
  func disable(_ call: Call) async throws(Refusal) -> Reply {
    let (tenant, profile) = try Scopes(context).named(call)
    let request = try body(call)
    guard request.tenant == nil, request.profile == nil, request.venue == nil, request.symbol == nil else {
      throw Refusal(.requestInvalid, "The path names the scope already; leave it out of the body.")
    }
    var named = request
    named.tenant = tenant.text
    named.profile = profile?.text
    named.scope = profile == nil ? "tenant" : "profile"
    var draft = try draft(named)
    draft.kind = .disable
    return try await stop(draft, call, route: "disable")
  }

  private func body(_ call: Call) throws(Refusal) -> ControlRequest {
    try RequestBody.decode(ControlRequest.self, members: ControlRequest.members, call)
  }

  private func draft(_ request: ControlRequest) throws(Refusal) -> ControlDraft {
    try ControlDraft(request, known: ScopeDirectory(context.runtime))
  }

  private func stop(_ draft: ControlDraft, _ call: Call, route: String) async throws(Refusal) -> Reply {
    let authorized = try Authorizer.stop(draft, by: try call.principal, requestID: call.requestID)
    let processor = context.processor
    let wait = try call.preferredWait
    return try await context.idempotency.answer(call, route: route) { () async throws(Refusal) -> Reply in
      return Self.reply(await processor.impose(authorized, waiting: wait), waited: wait)
    }
  }

  /// 201 when sealed and committed; 202 while another gate may still send, or only the journal, or memory, holds it.
  private static func reply(_ receipt: Receipt, waited: Duration?) -> Reply {
    let document = ReceiptDocument(receipt)
    var fields = [("Location", "/admin/controls/\(document.control)"), ("ETag", "\"\(receipt.epoch)\"")]
    if let waited { fields.append(("Preference-Applied", "wait=\(waited.components.seconds)")) }
    return .json(receipt.durability == .committed && receipt.state != .accepted ? 201 : 202, document, fields: fields)
  }

  /// POST /admin/controls/plan
  func plan(_ call: Call) async throws(Refusal) -> Reply {
    var request = try body(call)
    request.reason = request.reason ?? "plan only, nothing changes"
    let draft = try draft(request)
    return .json(200, StopPlan(context).document(draft))
  }

  // MARK: Read

  /// GET /admin/controls?active=
  func list(_ call: Call) async throws(Refusal) -> Reply {
    let active: Bool?
    switch call.query.first("active") {
    case nil: active = nil
    case "true": active = true
    case "false": active = false
    default:
      throw Refusal(.requestInvalid, "active is true or false.", fields: [FieldProblem("active", "is true or false")])
    }
    let state = context.processor.current.state
    let etag = [("ETag", "\"\(state.epoch)\"")]
    if active == true {
      // From memory: it also knows stops the store has not taken yet.
      let items = state.controls.values.sorted { $0.epoch > $1.epoch }.map { ControlItem($0, in: state) }
      return .json(200, Page(items: items), fields: etag)
    }
    let documents = try await context.documents(active: active, limit: try call.limit(default: 50, max: 500))
    return .json(200, Page(items: documents.map { ControlItem($0.control, release: $0.release) }), fields: etag)
  }

  /// GET /admin/controls/{id}
  func show(_ call: Call) async throws(Refusal) -> Reply {
    let id = try call.controlID
    let view = context.processor.current
    let etag = [("ETag", "\"\(view.state.epoch)\"")]
    if let control = view.state.controls[id] { return .json(200, ControlItem(control, in: view.state), fields: etag) }
    guard let document = try await context.document(id) else { throw unknown(id) }
    return .json(200, ControlItem(document.control, release: document.release), fields: etag)
  }

  /// GET /admin/controls/{id}/receipt: what is true of a stop now.
  func receipt(_ call: Call) async throws(Refusal) -> Reply {
    let id = try call.controlID
    guard let receipt = await context.processor.receipt(id) else {
      throw Refusal(
        .notFound,
        "The receipt of \(id) is not kept: it is from before a restart. Its document is at /admin/controls/\(id).")
    }
    return .json(200, ReceiptDocument(receipt), fields: [("ETag", "\"\(receipt.epoch)\"")])
  }

  /// GET /admin/controls/effective?tenant=&profile=&venue=&symbol=
  func effective(_ call: Call) async throws(Refusal) -> Reply {
    var request = ControlRequest()
    func name(_ field: String) -> String? { call.query.first(field).flatMap { $0.isEmpty ? nil : $0 } }
    request.tenant = name("tenant")
    request.profile = name("profile")
    request.venue = name("venue")
    request.symbol = name("symbol")
    var problems: [FieldProblem] = []
    let scope = ScopeParser.names(request, known: ScopeDirectory(context.runtime), &problems)
    guard problems.isEmpty else {
      let sentence = problems.map { "\($0.field) \($0.problem)" }.joined(separator: "; ")
      throw Refusal(.requestInvalid, "The scope cannot be read: \(sentence).", fields: problems)
    }
    let view = context.processor.current
    let state = view.state.effective(for: scope)
    return .json(
      200,
      EffectiveDocument(
        level: view.isHeld ? ControlLevel.halted.text : state.level.text, isHeld: view.isHeld,
        epoch: view.state.epoch.value, causes: state.causes.map { ControlItem($0, in: view.state) }),
      fields: [("ETag", "\"\(view.state.epoch)\"")])
  }

  private func unknown(_ id: ControlID) -> Refusal { .unknown(id) }
}

extension Refusal {
  static func unknown(_ id: ControlID) -> Refusal {
    Refusal(.controlUnknown, "There is no control \(id); list them at /admin/controls.")
  }
}

extension AdminContext {
  func item(_ approval: Approval) -> ApprovalItem {
    let controls = processor.current.state.controls
    return ApprovalItem(approval, at: clocks.now) { controls[$0]?.scope.summary ?? "released" }
  }

  func documents(active: Bool?, limit: Int) async throws(Refusal) -> [ControlDocument] {
    do throws(StoreFailure) {
      return try await controlStore.documents(active: active, limit: limit)
    } catch {
      throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1)
    }
  }

  func document(_ id: ControlID) async throws(Refusal) -> ControlDocument? {
    do throws(StoreFailure) {
      return try await controlStore.document(id)
    } catch {
      throw Refusal(.storeUnavailable, error.message, retryAfterSeconds: 1)
    }
  }
}
