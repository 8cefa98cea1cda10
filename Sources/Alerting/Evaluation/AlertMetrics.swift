import Telemetry

/// The instruments of rule evaluation.
struct AlertMetrics: Sendable {
  private let duration: MetricFamily
  private let failures: MetricFamily
  private let missedIterations: MetricFamily
  private let alerts: MetricFamily

  init(_ registry: MetricRegistry) {
    duration = registry.family(MetricCatalog.ruleEvaluationDuration)
    failures = registry.family(MetricCatalog.ruleEvaluationFailures)
    missedIterations = registry.family(MetricCatalog.ruleGroupMissed)
    alerts = registry.family(MetricCatalog.alerts)
  }

  func prepare(_ group: String) {
    _ = failures.counter(group)
    _ = missedIterations.counter(group)
  }

  func evaluated(_ group: String, _ nanoseconds: Int64) { duration.histogram(group).observe(Int(nanoseconds)) }
  func failed(_ group: String) { failures.counter(group).increment() }
  func missed(_ group: String, _ count: Int) { missedIterations.counter(group).increment(by: count) }

  func observe(_ current: [Alert]) {
    alerts.set(Dictionary(current.map { ([$0.severity, $0.state.rawValue], 1) }, uniquingKeysWith: +))
  }
}
