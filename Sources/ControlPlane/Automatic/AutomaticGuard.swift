package import ControlModel

/// The guard rails between an alert and a stop. All must hold for `auto`; each that does not is named, and the rule only
/// proposes. Pure: history and time are passed in.
package enum AutomaticGuard: String, CaseIterable, Sendable {
  /// The alert names what to stop.
  case scope
  /// An invariant is broken, or two independent series agree.
  case evidence
  /// Every input has a sample younger than two intervals, and the value is a number: no data never acts.
  case freshness
  /// No rule of the group fails to evaluate.
  case evaluation
  /// Acts are left in this hour.
  case budget
  /// The same rule has not acted on the same scope lately.
  case coolDown = "cool_down"
  /// The rule, as it is loaded, has a backtest that permits it.
  case backtest

  package struct Unmet: Sendable, Equatable {
    package let rail: AutomaticGuard
    package let detail: String

    package init(_ rail: AutomaticGuard, _ detail: String) {
      self.rail = rail
      self.detail = detail
    }
  }

  /// Bounds of what rules may do by themselves.
  package struct Policy: Sendable, Equatable {
    /// Off: rules of mode `auto` propose.
    package var isOn = true
    /// Acts within an hour on everything; 0 lets no rule halt all trading.
    package var globalPerHour = 1
    /// Acts within an hour on one tenant.
    package var tenantPerHour = 3
    package var coolDownMilliseconds: Int64 = 600_000
    /// How long a proposal waits for a person.
    package var proposalMilliseconds: Int64 = 300_000

    package init() {}
  }

  /// The rails `trigger` does not meet, in order.
  package static func unmet(
    _ trigger: AutomaticTrigger, history: some Sequence<AutomaticRecord>, _ policy: Policy, at now: WallTime
  ) -> [Unmet] {
    var unmet: [Unmet] = []
    func demand(_ isMet: Bool, _ rail: AutomaticGuard, _ detail: @autoclosure () -> String) {
      if !isMet { unmet.append(Unmet(rail, detail())) }
    }
    demand(trigger.scope != nil, .scope, "the alert does not say which tenant or profile to stop")
    demand(
      trigger.isInvariantBreach || trigger.independentSeries >= 2, .evidence,
      "one series alone is no proof: \(trigger.independentSeries) of 2 independent ones, and no invariant is broken")
    let bound = 2 * trigger.intervalMilliseconds
    if let age = trigger.inputAgeMilliseconds {
      demand(
        (0..<bound).contains(age), .freshness,
        "an input is \(DurationSetting.text(milliseconds: abs(age))) old, two intervals are \(DurationSetting.text(milliseconds: bound))"
      )
    } else {
      demand(false, .freshness, "an input has no data")
    }
    demand(trigger.value.isFinite, .freshness, "the value is not a number")
    demand(trigger.evaluationError == nil, .evaluation, "its group does not evaluate: \(trigger.evaluationError ?? "")")
    // An act from a time that has not come yet, by a clock that was set back, counts: when in doubt, a person decides.
    let acts = history.filter { $0.outcome == .acted }
    let hour = acts.filter { now.unixMilliseconds - $0.at.unixMilliseconds < 3_600_000 }
    let isGlobal = trigger.scope?.isGlobal ?? true
    let limit = policy.isOn ? (isGlobal ? policy.globalPerHour : policy.tenantPerHour) : 0
    let spent = hour.count { isGlobal ? $0.trigger.scope?.isGlobal == true : $0.trigger.tenant == trigger.tenant }
    demand(
      spent < limit, .budget,
      policy.isOn ? "\(spent) of \(limit) acts of this hour are spent" : "automatic controls are switched off")
    let last = acts.filter { $0.trigger.alert == trigger.alert && $0.trigger.scope == trigger.scope }.map(\.at).max()
    if let last {
      demand(
        now.unixMilliseconds - last.unixMilliseconds >= policy.coolDownMilliseconds, .coolDown,
        "it acted on this scope at \(last)")
    }
    demand(trigger.isBacktested, .backtest, "the rule as it is loaded has no backtest that permits it")
    return unmet
  }
}
