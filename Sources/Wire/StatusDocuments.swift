/// What an operator needs first, each part with its age.
package struct StatusDocument: Codable, Sendable {
  /// `demo`, `paper` or `live`.
  package var environment: String
  package var replica: String
  package var version: String
  package var at: String
  package var startedAt: String
  package var trading: TradingState
  package var controls: ControlsState
  package var runtime: RuntimeDocument
  package var alerts: AlertsState
  package var tenants: ScopeCount
  package var profiles: ScopeCount
  package var dependencies: [DependencyItem]

  package init(
    environment: String, replica: String, version: String, at: String, startedAt: String, trading: TradingState,
    controls: ControlsState, runtime: RuntimeDocument, alerts: AlertsState, tenants: ScopeCount, profiles: ScopeCount,
    dependencies: [DependencyItem]
  ) {
    self.environment = environment
    self.replica = replica
    self.version = version
    self.at = at
    self.startedAt = startedAt
    self.trading = trading
    self.controls = controls
    self.runtime = runtime
    self.alerts = alerts
    self.tenants = tenants
    self.profiles = profiles
    self.dependencies = dependencies
  }
}

/// Whether trading runs, in one word and one sentence.
package struct TradingState: Codable, Sendable {
  /// `running`, `reduced`, `halted`, `held` or `stalled`.
  package var state: String
  package var headline: String
  package var detail: String
  package var lastOrderOutAt: String?
  package var ordersPerMinute: Double
  package var refused: Int

  package init(
    state: String, headline: String, detail: String, lastOrderOutAt: String? = nil, ordersPerMinute: Double,
    refused: Int
  ) {
    self.state = state
    self.headline = headline
    self.detail = detail
    self.lastOrderOutAt = lastOrderOutAt
    self.ordersPerMinute = ordersPerMinute
    self.refused = refused
  }
}

/// The control state behind it.
package struct ControlsState: Codable, Sendable {
  package var epoch: UInt64
  package var active: [ControlItem]
  package var pendingApprovals: [ApprovalItem]
  package var unrecorded: Int
  /// Staged releases under way.
  package var rollouts: [RolloutItem]?
  /// Stops that rules propose and nobody has decided on.
  package var proposals: [AutomaticItem]?
  /// Planned stops that run, or begin within a day.
  package var windows: [WindowItem]?

  package init(epoch: UInt64, active: [ControlItem], pendingApprovals: [ApprovalItem], unrecorded: Int) {
    self.epoch = epoch
    self.active = active
    self.pendingApprovals = pendingApprovals
    self.unrecorded = unrecorded
  }
}

/// The trading loop.
package struct RuntimeDocument: Codable, Sendable {
  package var isRunning: Bool
  package var passes: Int
  package var lastPassAt: String?
  package var lastPassAgeMs: Int64?
  package var loopIntervalMs: Int64
  package var openOrders: Int
  package var inDoubt: Int
  package var positions: Int
  package var withoutVenueStop: Int
  package var mismatches: Int
  package var lastReconciledAt: String?
  /// Date of the newest bar played.
  package var marketTime: String?

  package init(
    isRunning: Bool, passes: Int, lastPassAt: String? = nil, lastPassAgeMs: Int64? = nil, loopIntervalMs: Int64,
    openOrders: Int, inDoubt: Int, positions: Int, withoutVenueStop: Int, mismatches: Int,
    lastReconciledAt: String? = nil, marketTime: String? = nil
  ) {
    self.isRunning = isRunning
    self.passes = passes
    self.lastPassAt = lastPassAt
    self.lastPassAgeMs = lastPassAgeMs
    self.loopIntervalMs = loopIntervalMs
    self.openOrders = openOrders
    self.inDoubt = inDoubt
    self.positions = positions
    self.withoutVenueStop = withoutVenueStop
    self.mismatches = mismatches
    self.lastReconciledAt = lastReconciledAt
    self.marketTime = marketTime
  }
}

/// Alerts in numbers.
package struct AlertsState: Codable, Sendable {
  package var firing: Int
  package var pending: Int
  package var rules: Int
  /// Rules whose last evaluation failed.
  package var failing: Int

  package init(firing: Int, pending: Int, rules: Int, failing: Int) {
    self.firing = firing
    self.pending = pending
    self.rules = rules
    self.failing = failing
  }
}

/// How many of a kind there are, and how many may trade.
package struct ScopeCount: Codable, Sendable {
  package var total: Int
  package var trading: Int

  package init(total: Int, trading: Int) {
    self.total = total
    self.trading = trading
  }
}

/// Something the product leans on.
package struct DependencyItem: Codable, Sendable {
  package var name: String
  /// `ok`, `degraded` or `down`.
  package var state: String
  package var detail: String
  package var ageMs: Int64?

  package init(name: String, state: String, detail: String, ageMs: Int64? = nil) {
    self.name = name
    self.state = state
    self.detail = detail
    self.ageMs = ageMs
  }
}

/// One tenant: effective state with every cause, and activity.
package struct TenantItem: Codable, Sendable {
  package var tenant: String
  package var level: String
  /// `trading`, `reduced`, `halted` or `disabled`.
  package var state: String
  package var causes: [ControlItem]
  package var profiles: Int
  package var profilesTrading: Int
  package var openOrders: Int
  package var positions: Int
  package var notional: MoneyDocument

  package init(
    tenant: String, level: String, state: String, causes: [ControlItem], profiles: Int, profilesTrading: Int,
    openOrders: Int, positions: Int, notional: MoneyDocument
  ) {
    self.tenant = tenant
    self.level = level
    self.state = state
    self.causes = causes
    self.profiles = profiles
    self.profilesTrading = profilesTrading
    self.openOrders = openOrders
    self.positions = positions
    self.notional = notional
  }
}

/// One profile of a tenant.
package struct ProfileItem: Codable, Sendable {
  package var tenant: String
  package var profile: String
  package var user: String
  package var state: String
  package var level: String
  package var causes: [ControlItem]
  package var symbols: [String]
  package var capital: MoneyDocument
  package var cash: MoneyDocument
  package var equity: MoneyDocument
  package var openOrders: Int
  package var positions: Int

  package init(
    tenant: String, profile: String, user: String, state: String, level: String, causes: [ControlItem],
    symbols: [String], capital: MoneyDocument, cash: MoneyDocument, equity: MoneyDocument, openOrders: Int,
    positions: Int
  ) {
    self.tenant = tenant
    self.profile = profile
    self.user = user
    self.state = state
    self.level = level
    self.causes = causes
    self.symbols = symbols
    self.capital = capital
    self.cash = cash
    self.equity = equity
    self.openOrders = openOrders
    self.positions = positions
  }
}
