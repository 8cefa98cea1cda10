import Synchronization
import Telemetry

/// The state of every upstream, kept over reloads for those that stay what they are.
final class UpstreamStates: Sendable {
  private let states = Mutex<[String: UpstreamState]>([:])
  private let metrics: MetricRegistry
  private let clocks: Clocks
  private let tell: @Sendable (LogEvent) -> Void

  init(metrics: MetricRegistry, clocks: Clocks, tell: @escaping @Sendable (LogEvent) -> Void) {
    self.metrics = metrics
    self.clocks = clocks
    self.tell = tell
    let circuits = metrics.family(MetricCatalog.upstreamCircuitState)
    let hosts = metrics.family(MetricCatalog.upstreamHosts)
    let limits = metrics.family(MetricCatalog.upstreamConcurrencyLimit)
    let inFlight = metrics.family(MetricCatalog.upstreamInFlight)
    let uploads = metrics.family(MetricCatalog.upstreamUploads)
    metrics.onCollect { [weak self] in
      let states = self?.states.withLock { Array($0.values) } ?? []
      var circuit: [[String]: Double] = [:]
      var serving: [[String]: Double] = [:]
      var limit: [[String]: Double] = [:]
      var busy: [[String]: Double] = [:]
      var receiving: [[String]: Double] = [:]
      for state in states {
        let name = state.upstream.name
        let current = state.circuit.name
        for possible in ["closed", "open", "half_open"] { circuit[[name, possible]] = possible == current ? 1 : 0 }
        serving[[name, "ejected"]] = Double(state.ejectedHosts)
        serving[[name, "serving"]] = Double(state.hosts.count - state.ejectedHosts)
        limit[[name]] = Double(state.slots.limit)
        busy[[name]] = Double(state.slots.count)
        receiving[[name]] = Double(state.bodies.count)
      }
      circuits.set(circuit)
      hosts.set(serving)
      limits.set(limit)
      inFlight.set(busy)
      uploads.set(receiving)
    }
  }

  /// What is known about `upstream`; a new one starts afresh.
  func state(of upstream: Upstream) -> UpstreamState {
    states.withLock { states in
      if let state = states[upstream.name], state.describes(upstream) { return state }
      let made = UpstreamState(upstream, metrics: metrics, clocks: clocks, tell: tell)
      states[upstream.name] = made
      return made
    }
  }

  /// Forgets upstreams that are not configured any more.
  func keep(_ upstreams: [String: Upstream]) {
    states.withLock { states in states = states.filter { upstreams[$0.key] != nil } }
  }
}
