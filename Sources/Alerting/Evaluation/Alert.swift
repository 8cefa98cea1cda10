package import ControlModel
package import PromQL

/// One alert: a rule that holds, or lately held, for one label set.
package struct Alert: Sendable {
  package enum State: String, Sendable {
    /// The expression holds, not long enough yet.
    case pending
    case firing
  }

  package let fingerprint: String
  package let name: String
  /// With `alertname`, sorted by name.
  package let labels: Labels
  package internal(set) var annotations: [(name: String, value: String)]
  package internal(set) var state: State
  package internal(set) var value: Double
  /// When the expression began to hold.
  package let activeAt: WallTime
  package internal(set) var firedAt: WallTime?
  /// When the expression was last true.
  package internal(set) var lastTrueAt: WallTime
  package let expression: String

  package var severity: String { labels["severity"] ?? "none" }
}

/// Names a label set in URLs and acknowledgements: FNV-1a over the sorted labels, as Prometheus computes it.
package enum AlertFingerprint {
  package static func of(_ labels: Labels) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }
    for (name, value) in labels.pairs {
      add(name.utf8)
      add([0xff])
      add(value.utf8)
      add([0xff])
    }
    let text = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}

/// All alerts of one alerting rule, as a pure state machine: results in, transitions out.
struct RuleState: Sendable {
  private(set) var alerts: [Labels: Alert] = [:]

  enum Transition: Sendable {
    case started(Alert)
    case fired(Alert)
    case resolved(Alert)
  }

  /// One evaluation's result: a label set and value per alert that holds.
  struct Holding: Sendable {
    let labels: Labels
    let value: Double
    let annotations: [(name: String, value: String)]
  }

  /// Takes in what holds at `now`. Alerts that stopped holding resolve, after `keep_firing_for` if they fire.
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
          fingerprint: AlertFingerprint.of(result.labels), name: rule.name, labels: result.labels, annotations: [],
          state: .pending, value: result.value, activeAt: now, firedAt: nil, lastTrueAt: now, expression: expression)
        if rule.holdMilliseconds > 0 { transitions.append(.started(alert)) }
      }
      alert.value = result.value
      alert.annotations = result.annotations
      alert.lastTrueAt = now
      if alert.state == .pending, now.unixMilliseconds - alert.activeAt.unixMilliseconds >= rule.holdMilliseconds {
        alert.state = .firing
        alert.firedAt = now
        transitions.append(.fired(alert))
      }
      alerts[result.labels] = alert
    }
    let held = Set(holding.map(\.labels))
    for (labels, alert) in alerts where !held.contains(labels) {
      let isKept =
        alert.state == .firing
        && now.unixMilliseconds - alert.lastTrueAt.unixMilliseconds < rule.keepFiringMilliseconds
      if isKept { continue }
      alerts[labels] = nil
      if alert.state == .firing { transitions.append(.resolved(alert)) }
    }
    return transitions
  }
}
