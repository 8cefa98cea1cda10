import ControlModel
import Telemetry

/// The instruments of the runtime, found once.
struct RuntimeMetrics: Sendable {
  let up: Gauge
  let loopInterval: Gauge
  let lastCompleted: Gauge
  let loopDuration: Histogram
  let passes: Counter
  let signals: MetricFamily
  let orders: MetricFamily
  let rejects: MetricFamily
  let ack: Histogram
  let open: Gauge
  let inDoubt: Gauge
  let blocked: MetricFamily
  let whileHalted: Counter
  let mismatches: MetricFamily
  let reconciled: Gauge
  let marketAge: Gauge
  let exposure: Gauge
  let violations: MetricFamily
  private let venue: String

  init(_ registry: MetricRegistry, venue: VenueID) {
    self.venue = venue.text
    up = registry.gauge(MetricCatalog.runtimeUp)
    loopInterval = registry.gauge(MetricCatalog.loopInterval)
    lastCompleted = registry.gauge(MetricCatalog.loopLastCompleted)
    loopDuration = registry.histogram(MetricCatalog.loopDuration)
    passes = registry.family(MetricCatalog.loopIterations).counter("ok")
    signals = registry.family(MetricCatalog.signals)
    orders = registry.family(MetricCatalog.orders)
    rejects = registry.family(MetricCatalog.orderRejects)
    ack = registry.family(MetricCatalog.orderAck).histogram(venue.text)
    open = registry.gauge(MetricCatalog.ordersOpen)
    inDoubt = registry.gauge(MetricCatalog.ordersInDoubt)
    blocked = registry.family(MetricCatalog.ordersBlocked)
    whileHalted = registry.counter(MetricCatalog.ordersWhileHalted)
    mismatches = registry.family(MetricCatalog.reconciliationMismatches)
    reconciled = registry.gauge(MetricCatalog.reconciliationLastSuccess)
    marketAge = registry.family(MetricCatalog.marketDataAge).gauge(venue.text)
    exposure = registry.gauge(MetricCatalog.exposureNotional)
    violations = registry.family(MetricCatalog.invariantViolations)
    // What alerts divide by exists from the start.
    for state in ["submitted", "filled", "rejected"] { _ = orders.counter(venue.text, state) }
    for by in ["halt", "tenant", "profile", "held", "risk"] { _ = blocked.counter(by) }
  }

  func count(_ state: String) { orders.counter(venue, state).increment() }
  func reject(_ reason: String) { rejects.counter(venue, reason).increment() }
}
