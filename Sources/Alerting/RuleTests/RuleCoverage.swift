/// Which alerts have a test in which they fire and one in which they stay silent: the coverage promtool does not know
/// (https://github.com/prometheus/prometheus/issues/8131).
package struct RuleCoverage: Sendable, Equatable {
  /// Alerts no test sees firing, sorted.
  package let neverFiring: [String]
  /// Alerts no test sees silent, sorted.
  package let neverSilent: [String]
  package let alerts: Int

  package init(_ groups: [RuleGroup], _ files: [RuleTestFile]) {
    let names = Set(
      groups.flatMap(\.rules).compactMap { rule -> String? in
        if case .alerting(let alerting) = rule.kind { alerting.name } else { nil }
      })
    let checks = files.flatMap(\.tests).flatMap(\.alertChecks)
    neverFiring = names.subtracting(checks.filter { !$0.expected.isEmpty }.map(\.alertName)).sorted()
    neverSilent = names.subtracting(checks.filter(\.expected.isEmpty).map(\.alertName)).sorted()
    alerts = names.count
  }

  package var isComplete: Bool { neverFiring.isEmpty && neverSilent.isEmpty }

  /// One line per gap.
  package var gaps: [String] {
    neverFiring.map { "\($0): no test sees it firing" } + neverSilent.map { "\($0): no test sees it silent" }
  }
}
