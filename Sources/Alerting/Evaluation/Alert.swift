package import ControlModel
package import PromQL

/// One alert: a rule that holds, or lately held, for one label set.
package struct Alert: Sendable {
  package enum State: String, Sendable, Codable {
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
  package internal(set) var activeAt: WallTime
  package internal(set) var firedAt: WallTime?
  /// Since when the expression no longer holds; set while `keep_firing_for` or a restart keeps the alert.
  package internal(set) var absentSince: WallTime?
  /// Until when an alert taken over from before a restart is kept without proof.
  var unprovenUntil: WallTime?
  package let expression: String
  /// Ids of requests that show what it is about, found when it fired.
  package internal(set) var exemplars: [String] = []

  init(
    name: String, labels: Labels, annotations: [(name: String, value: String)] = [], state: State = .pending,
    value: Double, activeAt: WallTime, firedAt: WallTime? = nil, expression: String
  ) {
    fingerprint = AlertFingerprint.of(labels)
    self.name = name
    self.labels = labels
    self.annotations = annotations
    self.state = state
    self.value = value
    self.activeAt = activeAt
    self.firedAt = firedAt
    self.expression = expression
  }

  /// An alert that does not exist, to ask what would happen to it.
  package static func imagined(_ labels: Labels, at now: WallTime) -> Alert {
    Alert(
      name: labels["alertname"] ?? "", labels: labels, state: .firing, value: 1, activeAt: now, firedAt: now,
      expression: "")
  }

  package func label(_ name: String) -> String? { labels[name] }

  /// The label `severity`. A rule that names none makes warnings: silence has to be asked for, with `none`.
  package var severity: String { labels["severity"] ?? "warning" }
}

/// Names a label set in URLs and acknowledgements: FNV-1a over the sorted labels, the same that Alertmanager shows.
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
