package import ControlModel
package import ControlPlane
package import Wire

extension AutomaticItem {
  /// As it stands at `now`.
  package init(_ record: AutomaticRecord, at now: WallTime) {
    let trigger = record.trigger
    self.init(
      id: record.id, at: record.at.description, alert: trigger.alert, fingerprint: trigger.fingerprint,
      summary: trigger.summary, mode: trigger.mode.rawValue, action: trigger.action.rawValue,
      outcome: record.outcome(at: now).rawValue,
      unmet: record.unmet.map { Unmet(rail: $0.rail.rawValue, detail: $0.detail) }, rule: trigger.ruleHash,
      expression: trigger.expression, value: "\(trigger.value)",
      inputs: trigger.inputs.map { input in
        Input(series: input.series, points: input.points.map { Input.Point(at: $0.at, value: "\($0.value)") })
      }, exemplars: trigger.exemplars)
    scope = trigger.scope?.summary
    tenant = trigger.tenant?.text
    profile = trigger.profile?.text
    expiresAt = record.expiresAt?.description
    if record.outcome(at: now) == .proposed, let expires = record.expiresAt {
      secondsLeft = Int(max(0, expires.unixMilliseconds - now.unixMilliseconds) / 1000)
    }
    control = record.control?.text
    decidedBy = record.decidedBy
    decidedAt = record.decidedAt?.description
    reason = record.reason
    if record.control != nil { undo = "breakwater automatic undo \(record.id) --reason \"…\"" }
  }
}

extension AutomaticRecord {
  /// A record from the store; nil when it is not readable.
  package init?(_ item: AutomaticItem) {
    guard let at = WallTime(rfc3339: item.at), let mode = AutomaticTrigger.Mode(rawValue: item.mode),
      let action = AutomaticTrigger.Action(rawValue: item.action), let outcome = Outcome(rawValue: item.outcome)
    else { return nil }
    let trigger = AutomaticTrigger(
      alert: item.alert, fingerprint: item.fingerprint, summary: item.summary, mode: mode, action: action,
      tenant: item.tenant.flatMap { TenantID($0) }, profile: item.profile.flatMap { ProfileID($0) },
      ruleHash: item.rule, expression: item.expression, value: Double(item.value) ?? .nan, isInvariantBreach: false,
      independentSeries: 0, inputAgeMilliseconds: nil, intervalMilliseconds: 0, isBacktested: false,
      inputs: item.inputs.map { input in
        AutomaticTrigger.Input(
          series: input.series, points: input.points.map { (at: $0.at, value: Double($0.value) ?? .nan) })
      }, exemplars: item.exemplars)
    self.init(
      id: item.id, at: at, trigger: trigger, outcome: outcome,
      unmet: item.unmet.compactMap { unmet in
        AutomaticGuard(rawValue: unmet.rail).map { AutomaticGuard.Unmet($0, unmet.detail) }
      }, expiresAt: item.expiresAt.flatMap { WallTime(rfc3339: $0) }, control: item.control.flatMap { ControlID($0) },
      decidedBy: item.decidedBy, decidedAt: item.decidedAt.flatMap { WallTime(rfc3339: $0) }, reason: item.reason)
  }
}
