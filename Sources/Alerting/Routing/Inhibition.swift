import PromQL

/// While a source alert fires, its targets are not told: a backend that is down explains its slow requests.
package struct Inhibition: Sendable {
  package let source: LabelMatchers
  package let target: LabelMatchers
  /// Labels that must be equal in both.
  package let equal: [String]

  package init(source: LabelMatchers, target: LabelMatchers, equal: [String]) {
    self.source = source
    self.target = target
    self.equal = equal
  }

  /// Whether one of `firing` keeps people from hearing of `alert`. An alert that is both source and target does not
  /// inhibit one that is both as well, or each would silence the other (Alertmanager's rule).
  package func mutes(_ alert: Alert, by firing: [Alert]) -> Bool {
    guard Silence.canMute(alert), target.matches(alert.labels) else { return false }
    let isSourceToo = source.matches(alert.labels)
    return firing.contains { other in
      other.state == .firing && other.fingerprint != alert.fingerprint && source.matches(other.labels)
        && !(isSourceToo && target.matches(other.labels))
        && equal.allSatisfy { (other.labels[$0] ?? "") == (alert.labels[$0] ?? "") }
    }
  }
}
