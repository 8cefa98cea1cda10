import Alerting
package import ControlModel
import ControlPlane
import Identity
import MetricStore
import PromQL
package import Strategy
import Telemetry
import TradingRuntime
import Venues
package import Wire

/// Puts together what an operator needs first. Reads memory only; cheap enough for once a second.
package struct StatusReport: Sendable {
  let context: AdminContext

  package init(_ context: AdminContext) {
    self.context = context
  }

  package func status() -> StatusDocument {
    let now = context.clocks.now
    let view = context.processor.current
    let runtime = context.runtime.state
    let accounts = context.runtime.accounts()
    let alerts = context.desk.alerts
    let tenants = tenantItems(view.state, accounts)
    let profilesTrading = accounts.count { view.state.effective(for: scope(of: $0)).level == .active && !view.isHeld }
    let exposure = context.runtime.exposure(.global)
    var controls = ControlsState(
      epoch: view.state.epoch.value,
      active: view.state.controls.values.sorted { $0.epoch > $1.epoch }.map { ControlItem($0, in: view.state) },
      pendingApprovals: view.approvals.filter { $0.status(at: now) == .pending }.map(context.item),
      unrecorded: view.unrecorded)
    controls.rollouts = view.rollouts.map { RolloutItem($0) }
    controls.proposals = context.automatic.proposals.filter { $0.outcome(at: now) == .proposed }.map { record in
      var item = AutomaticItem(record, at: now)
      item.inputs = []  // a picture once a second; they are at /admin/automatic/{id}
      return item
    }
    let soon = now.adding(milliseconds: Self.windowNoticeMilliseconds)
    controls.windows = context.windows.planned.filter { $0.occurrence(at: now).map { $0.start <= soon } ?? false }
      .map { WindowItem($0, at: now) }
    return StatusDocument(
      environment: context.about.environment, replica: context.about.replica.text, version: context.about.version,
      at: now.description, startedAt: context.about.startedAt.description,
      trading: trading(view, runtime, at: now, profilesTrading: profilesTrading, of: accounts.count),
      controls: controls,
      runtime: RuntimeDocument(
        isRunning: runtime.isRunning, passes: runtime.passes, lastPassAt: runtime.lastPassAt?.description,
        lastPassAgeMs: runtime.lastPassAt.map { now.unixMilliseconds - $0.unixMilliseconds },
        loopIntervalMs: Int64(context.runtime.settings.loopInterval / .milliseconds(1)),
        openOrders: exposure.openOrders, inDoubt: context.runtime.inDoubt(.global).count,
        positions: exposure.positions, withoutVenueStop: exposure.withoutVenueStop,
        mismatches: runtime.mismatches.values.reduce(0, +), lastReconciledAt: runtime.lastReconciledAt?.description,
        marketTime: context.runtime.marketTime?.description),
      alerts: AlertsState(
        firing: alerts.count { $0.state == .firing && $0.severity != "none" },
        pending: alerts.count { $0.state == .pending }, rules: context.desk.ruleCount,
        failing: context.desk.status.reduce(0) { $0 + $1.rules.count { $0.lastError != nil } }),
      tenants: ScopeCount(total: tenants.count, trading: view.isHeld ? 0 : tenants.count { $0.level == "active" }),
      profiles: ScopeCount(total: accounts.count, trading: profilesTrading), dependencies: dependencies(at: now))
  }

  /// How long before it begins a planned stop is shown.
  private static let windowNoticeMilliseconds: Int64 = 86_400_000

  // MARK: Trading in a word

  private func trading(
    _ view: CommandProcessor.View, _ runtime: TradingRuntime.RuntimeState, at now: WallTime, profilesTrading: Int,
    of profiles: Int
  ) -> TradingState {
    let global = view.state.effective(for: .global)
    let last = context.runtime.gate.lastOrderOut(.global)
    let rate = ordersPerMinute(at: now)
    let age = runtime.lastPassAt.map { now.unixMilliseconds - $0.unixMilliseconds } ?? .max
    let isStalled =
      !runtime.isRunning || age > 3 * max(1000, Int64(context.runtime.settings.loopInterval / .milliseconds(1)))
    let (state, headline, detail): (String, String, String)
    if view.isHeld {
      (state, headline, detail) = (
        "held", "Trading is held", "Control state is not known yet; nothing can be sent until it is."
      )
    } else if global.level == .halted, let cause = global.causes.first(where: { $0.level == .halted }) {
      (state, headline, detail) = (
        "halted", "Trading is halted", "By \(cause.actor) at \(cause.createdAt): \(cause.reason)"
      )
    } else if global.level == .reduceOnly, let cause = global.causes.first {
      (state, headline, detail) = (
        "reduced", "Only orders that shrink positions pass", "By \(cause.actor) at \(cause.createdAt): \(cause.reason)"
      )
    } else if isStalled {
      (state, headline, detail) = (
        "stalled", "The trading loop is not running",
        "No pass completed for \(age == .max ? "ever" : DurationSetting.text(milliseconds: age))."
      )
    } else {
      let part =
        profilesTrading == profiles
        ? "All \(profiles) profiles trade." : "\(profilesTrading) of \(profiles) profiles trade."
      (state, headline, detail) = ("running", "Trading is running", part)
    }
    return TradingState(
      state: state, headline: headline, detail: detail, lastOrderOutAt: last?.description, ordersPerMinute: rate,
      refused: context.runtime.refusedCount)
  }

  private func ordersPerMinute(at now: WallTime) -> Double {
    guard let expression = Self.orderRate,
      case .vector(let vector)? = try? Engine().instant(expression, at: now.unixMilliseconds, in: context.metricStore)
    else { return 0 }
    let value = vector.first?.value ?? 0
    return value.isFinite ? (value * 60).rounded() : 0
  }

  private static let orderRate = try? Expression(#"sum(rate(breakwater_orders_total{state="submitted"}[30s]))"#)

  // MARK: Tenants

  package func tenantItems() -> [TenantItem] {
    tenantItems(context.processor.current.state, context.runtime.accounts())
  }

  private func tenantItems(_ state: ControlState, _ accounts: [AccountSummary]) -> [TenantItem] {
    Dictionary(grouping: accounts, by: \.profile.account.tenant).sorted { $0.key < $1.key }.map { tenant, accounts in
      let own = state.effective(for: ControlScope(tenant: tenant))
      let notional = accounts.flatMap(\.positions).reduce(Money.zero) { sum, position in
        (try? sum + position.notional) ?? sum
      }
      return TenantItem(
        tenant: tenant.text, level: own.level.text, state: Self.word(own), causes: own.causes.map { ControlItem($0) },
        profiles: accounts.count,
        profilesTrading: accounts.count { state.effective(for: scope(of: $0)).level == .active },
        openOrders: accounts.reduce(0) { $0 + $1.openOrders },
        positions: accounts.reduce(0) { $0 + $1.positions.count },
        notional: MoneyDocument(notional))
    }
  }

  package func profileItems(of tenant: TenantID) -> [ProfileItem] {
    let state = context.processor.current.state
    return context.runtime.accounts(of: tenant).map { account in
      let effective = state.effective(for: scope(of: account))
      return ProfileItem(
        tenant: tenant.text, profile: account.profile.account.profile.text, user: account.profile.user.text,
        state: Self.word(effective), level: effective.level.text, causes: effective.causes.map { ControlItem($0) },
        symbols: account.profile.symbols.map(\.text), capital: MoneyDocument(account.profile.capital),
        cash: MoneyDocument(account.cash), equity: MoneyDocument(account.equity), openOrders: account.openOrders,
        positions: account.positions.count)
    }
  }

  /// What one tenant may see of its own trading.
  package func tradingStatus(of tenant: TenantID) -> TradingStatusDocument {
    let view = context.processor.current
    let effective = view.state.effective(for: ControlScope(tenant: tenant))
    let accounts = context.runtime.accounts(of: tenant)
    let runtime = context.runtime.state
    return TradingStatusDocument(
      tenant: tenant.text, state: view.isHeld ? "held" : Self.word(effective), level: effective.level.text,
      isHeld: view.isHeld, since: effective.causes.last?.createdAt.description, profiles: accounts.count,
      openOrders: accounts.reduce(0) { $0 + $1.openOrders },
      positions: accounts.reduce(0) { $0 + $1.positions.count }, lastPassAt: runtime.lastPassAt?.description,
      marketTime: context.runtime.marketTime?.description)
  }

  private func scope(of account: AccountSummary) -> ControlScope {
    ControlScope(tenant: account.profile.account.tenant, profile: account.profile.account.profile)
  }

  static func word(_ effective: EffectiveState) -> String {
    switch effective.level {
    case .active: "trading"
    case .reduceOnly: "reduced"
    case .halted: effective.causes.contains { $0.kind == .disable } ? "disabled" : "halted"
    }
  }

  // MARK: Dependencies

  func dependencies(at now: WallTime) -> [DependencyItem] {
    let runtime = context.runtime.state
    let passAge = runtime.lastPassAt.map { now.unixMilliseconds - $0.unixMilliseconds }
    let barAge = context.runtime.lastBarAt.map { now.unixMilliseconds - $0.unixMilliseconds }
    let keys = context.keys()
    let keyAge = keys.age.map { Int64($0 / .milliseconds(1)) }
    let evaluation = context.desk.status.compactMap(\.lastEvaluation).max()
    let evaluationAge = evaluation.map { now.unixMilliseconds - $0.unixMilliseconds }
    let reconciled = runtime.lastReconciledAt.map { now.unixMilliseconds - $0.unixMilliseconds }
    let mismatches = runtime.mismatches.values.reduce(0, +)
    return [
      item("Trading loop", passAge, warnAfter: 3_000, ok: "beating"),
      item("Market data", barAge, warnAfter: 30_000, ok: "fresh"),
      DependencyItem(
        name: "Reconciliation", state: mismatches > 0 ? "degraded" : reconciled == nil ? "down" : "ok",
        detail: mismatches > 0
          ? "\(mismatches) difference\(mismatches == 1 ? "" : "s")" : reconciled == nil ? "never ran" : "books agree",
        ageMs: reconciled),
      DependencyItem(
        name: "Signing keys",
        state: keys.keyIDs.isEmpty ? "down" : keys.lastFailure != nil && keyAge == nil ? "degraded" : "ok",
        detail: keys.keyIDs.isEmpty
          ? keys.lastError ?? "never loaded" : "\(keys.keyIDs.count) key\(keys.keyIDs.count == 1 ? "" : "s")",
        ageMs: keyAge),
      item("Alert evaluator", evaluationAge, warnAfter: 5_000, ok: "on time"),
    ]
  }

  private func item(_ name: String, _ age: Int64?, warnAfter: Int64, ok: String) -> DependencyItem {
    guard let age else { return DependencyItem(name: name, state: "down", detail: "never seen", ageMs: nil) }
    return DependencyItem(
      name: name, state: age > warnAfter ? "degraded" : "ok", detail: age > warnAfter ? "late" : ok, ageMs: age)
  }
}

extension MoneyDocument {
  /// Exact dollars, to the cent, rounded towards zero.
  package init(_ money: Money) {
    self.init(cents: money.mantissa / 1_000_000)
  }
}
