import ControlModel
import Telemetry

/// The instruments of the control plane.
struct ControlMetrics: Sendable {
  private let haltActive: Gauge
  private let disabled: MetricFamily
  private let active: Gauge
  private let epoch: Gauge
  private let ackEpoch: MetricFamily
  private let propagation: MetricFamily
  private let actions: MetricFamily
  private let pending: Gauge
  private let unrecorded: Gauge
  private let tenantState: MetricFamily
  let journalFailures: Counter
  let breakGlass: Counter

  init(_ registry: MetricRegistry) {
    haltActive = registry.gauge(MetricCatalog.controlHaltActive)
    disabled = registry.family(MetricCatalog.controlDisabled)
    active = registry.gauge(MetricCatalog.controlsActive)
    epoch = registry.gauge(MetricCatalog.controlEpoch)
    ackEpoch = registry.family(MetricCatalog.controlAckEpoch)
    propagation = registry.family(MetricCatalog.controlPropagation)
    actions = registry.family(MetricCatalog.controlActions)
    pending = registry.gauge(MetricCatalog.controlPendingApprovals)
    unrecorded = registry.gauge(MetricCatalog.controlUnrecorded)
    tenantState = registry.family(MetricCatalog.tenantState)
    breakGlass = registry.counter(MetricCatalog.controlBreakGlass)
    journalFailures = registry.counter(MetricCatalog.auditWriteFailures)
  }

  func phase(_ name: String, _ nanoseconds: Int64) { propagation.histogram(name).observe(Int(nanoseconds)) }

  func acknowledged(_ replica: ReplicaID, _ epoch: Epoch) {
    ackEpoch.gauge(replica.text).set(Double(epoch.value))
  }

  func action(_ action: String, origin: ControlOrigin, result: String) {
    let kind =
      switch origin {
      case .human: "human"
      case .alert: "alert"
      case .platform: "platform"
      case .lease: "lease"
      case .drill: "drill"
      }
    actions.counter(action, kind, result).increment()
  }

  func observe(_ state: ControlState, pendingApprovals: Int, unrecorded count: Int) {
    let controls = state.controls.values
    haltActive.set(controls.contains { $0.scope.isGlobal && $0.level == .halted } ? 1 : 0)
    disabled.gauge("tenant").set(Double(controls.count { $0.kind == .disable && $0.scope.profile == nil }))
    disabled.gauge("profile").set(Double(controls.count { $0.kind == .disable && $0.scope.profile != nil }))
    active.set(Double(controls.count))
    epoch.set(Double(state.epoch.value))
    pending.set(Double(pendingApprovals))
    unrecorded.set(Double(count))
    tenantState.setAll(0)
    for control in controls {
      guard let tenant = control.scope.tenant, control.scope.profile == nil else { continue }
      tenantState.gauge(tenant.text, control.kind == .disable ? "disabled" : control.level.text).set(1)
    }
  }
}
