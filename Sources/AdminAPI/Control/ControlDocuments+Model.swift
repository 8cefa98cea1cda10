package import ControlModel
package import ControlPlane
package import Store
import TradingRuntime
import Venues
package import Wire

// Domain values to wire documents and back, by hand: the wire form is a contract, the domain is not.

extension ControlItem {
  package init(_ control: Control, release: ReleaseNote? = nil) {
    self.init(
      id: control.id.text, scope: control.scope.summary, tenant: control.scope.tenant?.text,
      profile: control.scope.profile?.text, venue: control.scope.venue?.text, symbol: control.scope.symbol?.text,
      kind: control.kind.rawValue, level: control.level.text, cancel: control.cancel.rawValue, reason: control.reason,
      ticket: control.ticket, actor: control.actor, origin: control.origin.description,
      createdAt: control.createdAt.description, epoch: control.epoch.value, reviewBy: control.reviewBy.description,
      requestId: control.requestID.text, status: release == nil ? "active" : "released", releasedBy: release?.by,
      approvedBy: release?.approvedBy, releasedAt: release?.at.description, releaseReason: release?.reason)
  }
}

extension ControlItem {
  /// A control in force, with who is freer already while its release goes through its stages.
  package init(_ control: Control, in state: ControlState) {
    self.init(control)
    relief = state.reliefs[control.id]?.summary
  }
}

extension RolloutItem {
  init(_ standing: RolloutStanding) {
    self.init(
      controls: standing.controls.map(\.text), stage: standing.stage, of: standing.of, open: standing.relief.summary,
      since: standing.since.description, until: standing.until.description)
  }
}

extension ReleasePlanDocument {
  init(_ plan: ReleasePlan) {
    self.init(
      controls: plan.controls.map { ControlItem($0) }, epoch: plan.epoch.value,
      profiles: plan.profiles.map(\.description), stages: plan.reliefs.map(\.summary) + ["everything"],
      digest: plan.digest, obstacles: plan.obstacles.map { Obstacle(name: $0.name.rawValue, detail: $0.detail) })
  }
}

extension ReceiptDocument.Flatten {
  init(_ flattening: Receipt.Flattening) {
    switch flattening {
    case .waiting(let approval): self.init(state: "waiting", approval: approval.text)
    case .notAsked(let why): self.init(state: "not_asked", note: why)
    case .running(let progress): self.init(progress, "running")
    case .ended(let progress): self.init(progress, "ended")
    }
  }

  private init(_ progress: FlattenProgress, _ state: String) {
    self.init(state: state, note: progress.note)
    positions = progress.positions
    closed = progress.closed
    slices = progress.slices
    notional = MoneyDocument(progress.notional)
  }
}

extension ReceiptDocument {
  package init(_ receipt: Receipt) {
    let sealedBy =
      receipt.replicas.contains { $0.sealedBy == .reset } ? "reset" : receipt.replicas.isEmpty ? nil : "ack"
    self.init(
      control: receipt.controls.first?.id.text ?? "", controls: receipt.controls.map(\.id.text),
      scope: receipt.controls.map(\.scope.summary).joined(separator: "; "), epoch: receipt.epoch.value,
      requestId: receipt.requestID.text, state: receipt.state.rawValue, sealedBy: sealedBy,
      durability: receipt.durability.rawValue, requestedAt: receipt.requestedAt.description,
      closedAt: receipt.closedAt?.description, durableAt: receipt.durableAt?.description,
      elapsedMs: Double(receipt.elapsedNanoseconds / 1000) / 1000,
      replicas: receipt.replicas.map {
        Replica(
          id: $0.replica.text, epoch: receipt.epoch.value, at: $0.at.description, drained: $0.drained,
          sealedBy: $0.sealedBy.rawValue, lastOrderOutAt: $0.lastOrderOutAt?.description)
      },
      inDoubt: (receipt.stillInDoubt ?? receipt.replicas.flatMap(\.inDoubt)).map {
        InDoubt(order: $0.order.text, venue: $0.venue.text, since: $0.since.description)
      },
      cancel: Cancel(
        mode: receipt.cancelMode.rawValue, requested: receipt.cancel.requested, confirmed: receipt.cancel.confirmed,
        pendingMarketOpen: receipt.cancel.pendingMarketOpen, failed: receipt.cancel.failed.map(\.text)),
      exposureLeft: Exposure(
        openOrders: receipt.exposureLeft.openOrders, positions: receipt.exposureLeft.positions,
        withoutVenueStop: receipt.exposureLeft.withoutVenueStop),
      refusedSince: receipt.refusedSince, audit: receipt.audit)
    settledAt = receipt.settledAt?.description
    flatten = receipt.flattening.map { Flatten($0) }
  }
}

extension ApprovalItem {
  package init(_ approval: Approval, at now: WallTime, scope: (ControlID) -> String) {
    self.init(
      id: approval.id.text, controls: approval.controls.map(\.text), scopes: approval.controls.map(scope),
      reason: approval.reason, requestedBy: approval.requestedBy, requestedAt: approval.requestedAt.description,
      expiresAt: approval.expiresAt.description, epoch: approval.epoch.value,
      status: approval.status(at: now).rawValue, decidedBy: approval.decidedBy,
      decidedAt: approval.decidedAt?.description)
    kind = approval.kind.rawValue
    digest = approval.digest.isEmpty ? nil : approval.digest
    stages = approval.stages.map {
      "each stage watched \(DurationSetting.text(milliseconds: $0.watchMilliseconds)), \($0.sharePercent) % before all"
    }
  }
}

extension MoneyDocument {
  /// Whole cents of US dollars.
  package init(cents: Int64) {
    let sign = cents < 0 ? "-" : ""
    let fraction = String(abs(cents) % 100)
    self.init(
      amount: "\(sign)\(abs(cents) / 100).\(fraction.utf8.count == 1 ? "0" : "")\(fraction)", currency: "USD")
  }
}

extension ControlDraft {
  /// A stop from its wire form. Refuses `request.invalid`, naming every wrong field.
  ///
  /// - Parameter knownTenants: to name the nearest ones when a tenant is misspelled.
  package init(_ request: ControlRequest, known: ScopeDirectory) throws(Refusal) {
    var problems: [FieldProblem] = []
    let scope = ScopeParser.scope(request, known: known, &problems)
    var level = ControlLevel.halted
    if let text = request.level {
      if let parsed = ControlLevel(text: text), parsed != .active {
        level = parsed
      } else {
        problems.append(FieldProblem("level", "is reduceOnly or halted"))
      }
    }
    var cancel = CancelMode.entries
    if let text = request.cancel {
      if let parsed = CancelMode(rawValue: text) {
        cancel = parsed
      } else {
        problems.append(FieldProblem("cancel", "is none, entries or all"))
      }
    }
    if request.flatten == true, level != .halted {
      problems.append(
        FieldProblem("flatten", "goes with level halted: under reduceOnly strategies close by themselves"))
    }
    var review: Int64?
    if let text = request.reviewAfter {
      review = DurationSetting.milliseconds(text)
      if review == nil { problems.append(FieldProblem("reviewAfter", "is a duration such as 30m or 4h")) }
    }
    guard problems.isEmpty else {
      let sentence = problems.map { "\($0.field) \($0.problem)" }.joined(separator: "; ")
      throw Refusal(.requestInvalid, "The stop was not applied: \(sentence).", fields: problems)
    }
    self.init(
      scope: scope, level: level, cancel: cancel, reason: request.reason ?? "", ticket: request.ticket,
      reviewAfterMilliseconds: review, flatten: request.flatten ?? false)
  }
}

/// Which tenants, profiles and venues exist, so that a misspelled scope is refused with the nearest names.
package struct ScopeDirectory: Sendable {
  package let tenants: [TenantID]
  package let profiles: [TenantID: [ProfileID]]
  package let venues: [VenueID]
  package let symbols: [Symbol]

  init(_ runtime: TradingRuntime) {
    let accounts = runtime.accounts().map(\.profile.account)
    tenants = runtime.tenants
    profiles = Dictionary(grouping: accounts, by: \.tenant).mapValues { $0.map(\.profile) }
    venues = [runtime.settings.venue]
    symbols = runtime.markets(in: .global).map(\.symbol)
  }

  /// Up to three names closest to `name`.
  static func nearest(_ name: String, in names: [String]) -> String {
    let close = names.map { ($0, EditDistance.between(name, $0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
    return close.prefix(3).map(\.0).joined(separator: ", ")
  }
}

enum ScopeParser {
  /// The scope of a request that says twice what it means.
  static func scope(
    _ request: ControlRequest, known: ScopeDirectory, _ problems: inout [FieldProblem]
  ) -> ControlScope {
    let named = [request.tenant, request.profile, request.venue, request.symbol].contains { $0 != nil }
    switch request.scope {
    case "global": if named { problems.append(FieldProblem("scope", "is global, but a narrower name is given too")) }
    case "tenant": require(request.tenant, "tenant", &problems)
    case "profile":
      require(request.tenant, "tenant", &problems)
      require(request.profile, "profile", &problems)
    case "venue": require(request.venue, "venue", &problems)
    case "symbol": require(request.symbol, "symbol", &problems)
    default: problems.append(FieldProblem("scope", "is global, tenant, profile, venue or symbol"))
    }
    return names(request, known: known, &problems)
  }

  /// The scope that the names alone make.
  static func names(
    _ request: ControlRequest, known: ScopeDirectory, _ problems: inout [FieldProblem]
  ) -> ControlScope {
    let tenant = request.tenant.flatMap { text -> TenantID? in
      let tenant = TenantID(text).flatMap { known.tenants.contains($0) ? $0 : nil }
      if tenant == nil { unknown("tenant", text, known.tenants.map(\.text), &problems) }
      return tenant
    }
    let profile = request.profile.flatMap { text -> ProfileID? in
      guard let tenant else {
        if request.tenant == nil { problems.append(FieldProblem("profile", "needs its tenant")) }
        return nil
      }
      let profiles = known.profiles[tenant] ?? []
      let profile = ProfileID(text).flatMap { profiles.contains($0) ? $0 : nil }
      if profile == nil { unknown("profile", text, profiles.map(\.text), &problems) }
      return profile
    }
    let venue = request.venue.flatMap { text -> VenueID? in
      let venue = VenueID(text).flatMap { known.venues.contains($0) ? $0 : nil }
      if venue == nil { unknown("venue", text, known.venues.map(\.text), &problems) }
      return venue
    }
    let symbol = request.symbol.flatMap { text -> Symbol? in
      let symbol = Symbol(text).flatMap { known.symbols.contains($0) ? $0 : nil }
      if symbol == nil { unknown("symbol", text, known.symbols.map(\.text), &problems) }
      return symbol
    }
    return ControlScope(tenant: tenant, profile: tenant == nil ? nil : profile, venue: venue, symbol: symbol)
  }

  private static func require(_ value: String?, _ field: String, _ problems: inout [FieldProblem]) {
    if value == nil { problems.append(FieldProblem(field, "is missing for this scope")) }
  }

  private static func unknown(
    _ field: String, _ text: String, _ names: [String], _ problems: inout [FieldProblem]
  ) {
    problems.append(
      FieldProblem(field, "\(text.prefix(64)) is not known; the nearest are \(ScopeDirectory.nearest(text, in: names))")
    )
  }
}
