import ControlModel
import ControlPlane
import DataPlane
import Identity
import Store
import Telemetry
import TradingRuntime
import Wire

/// Stopping, planning, releasing, deciding.
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
    return try await context.idempotency.answer(call, route: route) { () async throws(Refusal) -> Reply in
      let receipt = await processor.impose(authorized)
      return Self.reply(receipt)
    }
  }

  /// 201 when sealed and committed; 202 while another gate may still send, or only the journal, or memory, holds it.
  private static func reply(_ receipt: Receipt) -> Reply {
    let document = ReceiptDocument(receipt)
    return .json(
      receipt.durability == .committed && receipt.state == .sealed ? 201 : 202, document,
      fields: [("Location", "/admin/controls/\(document.control)"), ("ETag", "\"\(receipt.epoch)\"")])
  }

  /// POST /admin/controls/plan
  func plan(_ call: Call) async throws(Refusal) -> Reply {
    var request = try body(call)
    request.reason = request.reason ?? "plan only, nothing changes"
    let draft = try draft(request)
    let exposure = context.runtime.exposure(draft.scope)
    let state = context.processor.current.state
    return .json(
      200,
      PlanDocument(
        scope: draft.scope.summary, level: draft.level.text, currentLevel: state.effective(for: draft.scope).level.text,
        tenants: exposure.tenants, profiles: exposure.profiles, openEntries: exposure.openEntries,
        openProtective: exposure.openProtective, positions: exposure.positions,
        withoutVenueStop: exposure.withoutVenueStop, notional: MoneyDocument(cents: exposure.notionalCents),
        epoch: state.epoch.value, at: context.clocks.now.description))
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
      let items = state.controls.values.sorted { $0.epoch > $1.epoch }.map { ControlItem($0) }
      return .json(200, Page(items: items), fields: etag)
    }
    let documents = try await context.documents(active: active, limit: try call.limit(default: 50, max: 500))
    return .json(200, Page(items: documents.map { ControlItem($0.control, release: $0.release) }), fields: etag)
  }

  /// GET /admin/controls/{id}
  func show(_ call: Call) async throws(Refusal) -> Reply {
    let id = try controlID(call)
    let view = context.processor.current
    let etag = [("ETag", "\"\(view.state.epoch)\"")]
    if let control = view.state.controls[id] { return .json(200, ControlItem(control), fields: etag) }
    guard let document = try await context.document(id) else { throw unknown(id) }
    return .json(200, ControlItem(document.control, release: document.release), fields: etag)
  }

  /// GET /admin/controls/effective?tenant=&profile=&venue=&symbol=
  func effective(_ call: Call) async throws(Refusal) -> Reply {
    var problems: [FieldProblem] = []
    func name<Tag>(_ field: String, _ type: ID<Tag>.Type) -> ID<Tag>? {
      guard let text = call.query.first(field), !text.isEmpty else { return nil }
      let id = ID<Tag>(text)
      if id == nil { problems.append(FieldProblem(field, "is not a name")) }
      return id
    }
    let tenant = name("tenant", TenantID.self)
    let profile = name("profile", ProfileID.self)
    let venue = name("venue", VenueID.self)
    let symbol = call.query.first("symbol").flatMap { Symbol($0) }
    if profile != nil, tenant == nil { problems.append(FieldProblem("profile", "needs its tenant")) }
    guard problems.isEmpty else { throw Refusal(.requestInvalid, "The scope cannot be read.", fields: problems) }
    let view = context.processor.current
    let state = view.state.effective(
      for: ControlScope(tenant: tenant, profile: profile, venue: venue, symbol: symbol))
    return .json(
      200,
      EffectiveDocument(
        level: view.isHeld ? ControlLevel.halted.text : state.level.text, isHeld: view.isHeld,
        epoch: view.state.epoch.value, causes: state.causes.map { ControlItem($0) }))
  }

  private func controlID(_ call: Call) throws(Refusal) -> ControlID {
    guard let id = call.parameters["id"].flatMap({ ControlID($0) }) else {
      throw Refusal(.controlUnknown, "That is not a control id.")
    }
    return id
  }

  private func unknown(_ id: ControlID) -> Refusal {
    Refusal(.controlUnknown, "There is no control \(id); list them at /admin/controls.")
  }

  // MARK: Release

  /// POST /admin/controls/{id}/release
  func release(_ call: Call) async throws(Refusal) -> Reply {
    let id = try controlID(call)
    if context.processor.current.state.controls[id] == nil, try await context.document(id) == nil { throw unknown(id) }
    return try await release([id], call)
  }

  /// POST /admin/resume: every global control.
  func resume(_ call: Call) async throws(Refusal) -> Reply {
    let controls = context.processor.current.state.controls.values.filter(\.scope.isGlobal)
    return try await release(try some(controls, "nothing is halted globally"), call)
  }

  /// POST /admin/tenants/{tenant}/enable and …/profiles/{profile}/enable: every control of exactly that scope.
  func enable(_ call: Call) async throws(Refusal) -> Reply {
    let (tenant, profile) = try Scopes(context).named(call)
    let scope = ControlScope(tenant: tenant, profile: profile)
    let controls = context.processor.current.state.controls.values.filter { $0.scope == scope }
    return try await release(try some(controls, "\(scope.summary) has no control of its own"), call)
  }

  private func some(_ controls: [Control], _ otherwise: String) throws(Refusal) -> [ControlID] {
    guard !controls.isEmpty else { throw Refusal(.controlUnknown, "There is nothing to release: \(otherwise).") }
    return controls.sorted { $0.epoch < $1.epoch }.map(\.id)
  }

  private func release(_ ids: [ControlID], _ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(ReleaseRequest.self, members: ReleaseRequest.members, call)
    let admin = try Authorizer.admin(try call.principal, requestID: call.requestID)
    let expecting = try call.ifMatchEpoch
    let answer = try await context.processor.requestRelease(
      ids, reason: request.reason ?? "", expecting: expecting, isBreakGlass: request.breakGlass ?? false, by: admin)
    return reply(answer)
  }

  private func reply(_ answer: ReleaseAnswer) -> Reply {
    switch answer {
    case .needsApproval(let approval):
      let item = context.item(approval)
      return .json(202, item, fields: [("Location", "/admin/approvals/\(item.id)")])
    case .denied(let approval): return .json(200, context.item(approval))
    case .released(let receipt):
      return .json(200, ReceiptDocument(receipt), fields: [("ETag", "\"\(receipt.epoch)\"")])
    }
  }

  // MARK: Approvals

  /// GET /admin/approvals?status=
  func approvals(_ call: Call) async throws(Refusal) -> Reply {
    let wanted = call.query.first("status")
    let items = context.processor.current.approvals.map(context.item).filter { wanted == nil || $0.status == wanted }
    return .json(200, Page(items: items))
  }

  /// GET /admin/approvals/{id}
  func approval(_ call: Call) async throws(Refusal) -> Reply {
    guard let id = call.parameters["id"],
      let approval = context.processor.current.approvals.first(where: { $0.id.text == id })
    else { throw Refusal(.notFound, "There is no such approval.") }
    return .json(200, context.item(approval))
  }

  func decide(_ call: Call, _ decision: Approval.Decision) async throws(Refusal) -> Reply {
    guard let id = call.parameters["id"].flatMap({ ApprovalID($0) }) else {
      throw Refusal(.notFound, "That is not an approval id.")
    }
    let admin = try Authorizer.admin(try call.principal, requestID: call.requestID)
    return reply(try await context.processor.decide(id, decision, by: admin))
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
