import ControlModel
import ControlPlane
import DataPlane
import Identity
import Wire

/// Starting again: looking, asking, deciding.
struct ReleaseEndpoints {
  let context: AdminContext

  /// POST /admin/controls/{id}/release
  func release(_ call: Call) async throws(Refusal) -> Reply {
    let id = try call.controlID
    if context.processor.current.state.controls[id] == nil, try await context.document(id) == nil {
      throw Refusal.unknown(id)
    }
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

  /// POST /admin/automatic/{id}/undo: what a rule stopped.
  func undo(_ call: Call) async throws(Refusal) -> Reply {
    try await release([try await context.automatic.control(of: call.parameters["id"] ?? "")], call)
  }

  private func some(_ controls: [Control], _ otherwise: String) throws(Refusal) -> [ControlID] {
    guard !controls.isEmpty else { throw Refusal(.controlUnknown, "There is nothing to release: \(otherwise).") }
    return controls.sorted { $0.epoch < $1.epoch }.map(\.id)
  }

  private func release(_ ids: [ControlID], _ call: Call) async throws(Refusal) -> Reply {
    let request = try RequestBody.decode(ReleaseRequest.self, members: ReleaseRequest.members, call)
    let admin = try Authorizer.admin(try call.principal, requestID: call.requestID)
    let stages = try stages(request)
    if request.dryRun == true {
      let plan = try await context.processor.planRelease(ids, stages: stages)
      return .json(200, ReleasePlanDocument(plan), fields: [("ETag", "\"\(plan.epoch)\"")])
    }
    let expecting = try call.ifMatchEpoch
    let answer = try await context.processor.requestRelease(
      ids, reason: request.reason ?? "", expecting: expecting, isBreakGlass: request.breakGlass ?? false,
      stages: stages, previewed: request.digest, by: admin)
    return reply(answer)
  }

  /// As the request says, else as the installation does.
  private func stages(_ request: ReleaseRequest) throws(Refusal) -> ReleaseStages? {
    let own = context.releaseStages
    guard request.staged ?? (own != nil || request.watch != nil || request.share != nil) else { return nil }
    var stages = own ?? ReleaseStages()
    var problems: [FieldProblem] = []
    if let text = request.watch {
      if let watch = DurationSetting.milliseconds(text), ReleaseStages.watchBounds.contains(watch) {
        stages.watchMilliseconds = watch
      } else {
        problems.append(FieldProblem("watch", "is a duration from 1s to 1h"))
      }
    }
    if let share = request.share {
      if ReleaseStages.shareBounds.contains(share) {
        stages.sharePercent = share
      } else {
        problems.append(FieldProblem("share", "is 1 to 99 percent"))
      }
    }
    guard problems.isEmpty else {
      throw Refusal(.requestInvalid, "The stages of the release cannot be read.", fields: problems)
    }
    return stages
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
    let request = try RequestBody.decode(DecisionRequest.self, members: DecisionRequest.members, call)
    return reply(try await context.processor.decide(id, decision, previewed: request.digest, by: admin))
  }
}
