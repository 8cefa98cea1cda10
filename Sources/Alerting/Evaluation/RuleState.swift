import ControlModel
import PromQL

/// All alerts of one alerting rule, as a pure state machine: results in, transitions out. The rules are Prometheus'
/// (rules/alerting.go), with times from the caller's clock.
struct RuleState: Sendable {
  private(set) var alerts: [Labels: Alert] = [:]

  enum Transition: Sendable {
    case started(Alert)
    case fired(Alert)
    case resolved(Alert)
    /// Stopped holding before it had held long enough.
    case dropped(Alert)
  }

  /// One evaluation's result: a label set and value per alert that holds.
  struct Holding: Sendable {
    let labels: Labels
    let value: Double
    let annotations: [(name: String, value: String)]
  }

  /// How long alerts from before a restart are kept although their expression does not hold: the store starts empty, and
  /// rules over a window of a minute see nothing before it has filled.
  static let unprovenMilliseconds: Int64 = 60_000

  /// Takes in what holds at `now`. An alert that stopped holding resolves, after `keep_firing_for` if it fires.
  /// Precondition: each label set once.
  mutating func take(
    _ holding: [Holding], of rule: Rule.Alerting, expression: String, at now: WallTime
  ) -> [Transition] {
    var transitions: [Transition] = []
    for result in holding {
      var alert: Alert
      if let known = alerts[result.labels] {
        alert = known
      } else {
        alert = Alert(
          name: rule.name, labels: result.labels, annotations: result.annotations, value: result.value, activeAt: now,
          expression: expression)
        if rule.holdMilliseconds > 0 { transitions.append(.started(alert)) }
      }
      alert.value = result.value
      alert.annotations = result.annotations
      alert.absentSince = nil
      alert.unprovenUntil = nil
      // A clock that was set back starts `for` anew; otherwise the alert would wait until the clock has caught up.
      alert.activeAt = min(alert.activeAt, now)
      if alert.state == .pending, now.unixMilliseconds - alert.activeAt.unixMilliseconds >= rule.holdMilliseconds {
        alert.state = .firing
        alert.firedAt = now
        transitions.append(.fired(alert))
      }
      alerts[result.labels] = alert
    }
    let held = Set(holding.map(\.labels))
    let absent = alerts.values.filter { !held.contains($0.labels) }.sorted { $0.fingerprint < $1.fingerprint }
    for var alert in absent {
      let since = min(alert.absentSince ?? now, now)
      alert.absentSince = since
      let isKept =
        alert.state == .firing && now.unixMilliseconds - since.unixMilliseconds < rule.keepFiringMilliseconds
        || alert.unprovenUntil.map { now < $0 } ?? false
      alerts[alert.labels] = isKept ? alert : nil
      if !isKept { transitions.append(alert.state == .firing ? .resolved(alert) : .dropped(alert)) }
    }
    return transitions
  }

  /// Requests that show what an alert is about.
  mutating func illustrate(_ labels: Labels, _ requests: [String]) { alerts[labels]?.exemplars = requests }

  /// Takes over an alert from before a restart.
  mutating func restore(_ alert: Alert, at now: WallTime) {
    var alert = alert
    alert.unprovenUntil = now.adding(milliseconds: Self.unprovenMilliseconds)
    alerts[alert.labels] = alert
  }
}
