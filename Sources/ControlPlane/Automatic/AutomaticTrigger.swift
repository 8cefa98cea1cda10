package import ControlModel

/// An alert that calls for containment, with everything a guard rail asks about. Built from the alert's rule and the
/// stored series at the moment it fires; nothing that decides is looked up later.
package struct AutomaticTrigger: Sendable, Equatable {
  /// `labels.control_mode`.
  package enum Mode: String, Sendable {
    /// Only write down what would have been done.
    case shadow
    /// Show it to a person, who decides.
    case propose
    /// Act, then page; with any guard rail unmet, propose.
    case auto
  }

  /// `labels.control`.
  package enum Action: String, Sendable {
    case globalHalt = "global_halt"
    case tenantDisable = "tenant_disable"
    case profileDisable = "profile_disable"
  }

  /// One series the expression read, over the ten minutes before.
  package struct Input: Sendable, Equatable {
    package let series: String
    /// Unix milliseconds and value.
    package let points: [(at: Int64, value: Double)]

    package init(series: String, points: [(at: Int64, value: Double)]) {
      self.series = series
      self.points = points
    }

    package static func == (a: Input, b: Input) -> Bool {
      a.series == b.series && a.points.elementsEqual(b.points) { $0.at == $1.at && $0.value == $1.value }
    }
  }

  /// What is shown to people and decides nothing.
  package struct Evidence: Sendable {
    package let inputs: [Input]
    /// Ids of requests that show the trouble.
    package let exemplars: [String]

    package init(inputs: [Input], exemplars: [String]) {
      self.inputs = inputs
      self.exemplars = exemplars
    }
  }

  package var alert: String
  package var fingerprint: String
  package var summary: String
  package var mode: Mode
  package var action: Action
  /// The alert's labels `tenant` and `profile`.
  package var tenant: TenantID?
  package var profile: ProfileID?
  /// SHA-256 in hex of the rule as it is loaded.
  package var ruleHash: String
  package var expression: String
  package var value: Double
  /// The rule reads a metric that is zero as long as nothing is broken: one breach is proof enough.
  package var isInvariantBreach: Bool
  /// Metrics the expression reads that have data.
  package var independentSeries: Int
  /// Age of the newest sample of the input whose newest sample is oldest; nil when one has none.
  package var inputAgeMilliseconds: Int64?
  /// How often the rule's group is evaluated.
  package var intervalMilliseconds: Int64
  /// An error in the rule's group.
  package var evaluationError: String?
  /// The rule, by its hash, has a backtest over stored history that permits it.
  package var isBacktested: Bool
  package var inputs: [Input]
  /// Ids of requests that show the trouble.
  package var exemplars: [String]

  package init(
    alert: String, fingerprint: String, summary: String, mode: Mode, action: Action, tenant: TenantID? = nil,
    profile: ProfileID? = nil, ruleHash: String, expression: String, value: Double, isInvariantBreach: Bool,
    independentSeries: Int, inputAgeMilliseconds: Int64?, intervalMilliseconds: Int64, evaluationError: String? = nil,
    isBacktested: Bool, inputs: [Input] = [], exemplars: [String] = []
  ) {
    self.alert = alert
    self.fingerprint = fingerprint
    self.summary = summary
    self.mode = mode
    self.action = action
    self.tenant = tenant
    self.profile = profile
    self.ruleHash = ruleHash
    self.expression = expression
    self.value = value
    self.isInvariantBreach = isInvariantBreach
    self.independentSeries = independentSeries
    self.inputAgeMilliseconds = inputAgeMilliseconds
    self.intervalMilliseconds = intervalMilliseconds
    self.evaluationError = evaluationError
    self.isBacktested = isBacktested
    self.inputs = inputs
    self.exemplars = exemplars
  }

  /// What it would stop; nil when the alert's labels do not name it.
  package var scope: ControlScope? {
    switch action {
    case .globalHalt: .global
    case .tenantDisable: tenant.map { ControlScope(tenant: $0) }
    case .profileDisable: tenant.flatMap { tenant in profile.map { ControlScope(tenant: tenant, profile: $0) } }
    }
  }

  /// `rule:MarketDataStale@1f2e3d4c`: who acts when it acts.
  package var actor: String { "rule:\(alert)@\(ruleHash.prefix(8))" }
}

/// What became of a trigger, kept for ever in the shadow log.
package struct AutomaticRecord: Sendable, Equatable {
  package enum Outcome: String, Sendable {
    /// Written down only.
    case shadow
    /// Waits for a person, until `expiresAt`.
    case proposed
    /// It stopped trading by itself.
    case acted
    /// What it would stop is stopped already.
    case alreadyStopped = "already_stopped"
    case accepted, dismissed
    /// Nobody decided in time, or the alert ended first.
    case lapsed
  }

  package let id: String
  package let at: WallTime
  package var trigger: AutomaticTrigger
  package var outcome: Outcome
  /// Guard rails that were not met: why `auto` only proposed, or what `shadow` would have proposed for.
  package let unmet: [AutomaticGuard.Unmet]
  package let expiresAt: WallTime?
  package var control: ControlID?
  package var decidedBy: String?
  package var decidedAt: WallTime?
  package var reason: String?

  package init(
    id: String, at: WallTime, trigger: AutomaticTrigger, outcome: Outcome, unmet: [AutomaticGuard.Unmet],
    expiresAt: WallTime? = nil, control: ControlID? = nil, decidedBy: String? = nil, decidedAt: WallTime? = nil,
    reason: String? = nil
  ) {
    self.id = id
    self.at = at
    self.trigger = trigger
    self.outcome = outcome
    self.unmet = unmet
    self.expiresAt = expiresAt
    self.control = control
    self.decidedBy = decidedBy
    self.decidedAt = decidedAt
    self.reason = reason
  }

  /// What a reader sees at `now`: a proposal past its time has lapsed.
  package func outcome(at now: WallTime) -> Outcome {
    outcome == .proposed && expiresAt.map { now >= $0 } == true ? .lapsed : outcome
  }
}
