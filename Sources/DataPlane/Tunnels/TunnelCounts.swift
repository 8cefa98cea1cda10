import ControlModel
import Synchronization
import Telemetry

/// How many tunnels are open, in all and per tenant, over all event loops. Touched when one begins and ends.
final class TunnelCounts: Sendable {
  private struct Counts {
    var all = 0
    var byTenant: [TenantID: Int] = [:]
  }

  private let counts = Mutex(Counts())
  private let settings: DataPlaneSettings
  private let open: Gauge
  private let closed: MetricFamily
  let bytesIn: Counter
  let bytesOut: Counter

  init(_ settings: DataPlaneSettings, _ metrics: MetricRegistry) {
    self.settings = settings
    open = metrics.gauge(MetricCatalog.tunnels)
    closed = metrics.family(MetricCatalog.tunnelsClosed)
    let bytes = metrics.family(MetricCatalog.tunnelBytes)
    (bytesIn, bytesOut) = (bytes.counter("in"), bytes.counter("out"))
  }

  /// Refuses with `overload.shed` at a cap.
  func enter(_ tenant: TenantID?) throws(Refusal) {
    let problem = counts.withLock { counts -> String? in
      if counts.all >= settings.tunnelsMax { return "Too many WebSocket connections are open." }
      if let tenant {
        guard counts.byTenant[tenant, default: 0] < settings.tunnelsPerTenantMax else {
          return "This tenant has too many WebSocket connections open."
        }
        counts.byTenant[tenant, default: 0] += 1
      }
      counts.all += 1
      open.set(Double(counts.all))
      return nil
    }
    if let problem { throw Refusal(.overloadShed, problem, retryAfterSeconds: 5) }
  }

  func leave(_ tenant: TenantID?, _ end: Tunnel.End) {
    counts.withLock { counts in
      counts.all -= 1
      open.set(Double(counts.all))
      guard let tenant else { return }
      counts.byTenant[tenant, default: 1] -= 1
      if counts.byTenant[tenant] == 0 { counts.byTenant[tenant] = nil }
    }
    closed.counter(end.rawValue).increment()
  }
}
