import ControlModel
import NIOCore
import Telemetry

/// One event loop's side of an upstream: a pool for each host, and what the loop has seen since its last tick. What all
/// loops know together is in `state`.
final class LoopUpstream {
  let upstream: Upstream
  let state: UpstreamState
  let pools: [UpstreamPool]
  let instruments: UpstreamInstruments
  let firstByteNanoseconds: Int64
  let totalNanoseconds: Int64
  private var next = 0
  private var window = ConcurrencyLimit.Window()

  init(_ upstream: Upstream, _ state: UpstreamState, loop: LoopContext) {
    self.upstream = upstream
    self.state = state
    let instruments = UpstreamInstruments(upstream.name, loop.dataPlane.metrics)
    self.instruments = instruments
    pools = upstream.hosts.indices.map {
      UpstreamPool(upstream, host: $0, state: state, instruments: instruments, loop: loop)
    }
    firstByteNanoseconds = upstream.firstByteTimeout.nanoseconds
    totalNanoseconds = upstream.timeout.nanoseconds
  }

  /// The host whose turn it is, of those that serve.
  func pool(at now: Int64) -> UpstreamPool {
    guard pools.count > 1 else { return pools[0] }
    next = next + 1 < pools.count ? next + 1 : 0
    guard state.hosts[next].isEjected(at: now) else { return pools[next] }
    return other(than: pools[next], at: now) ?? pools[next]
  }

  /// Another host that serves, the next in the list; nil when there is none.
  func other(than tried: UpstreamPool, at now: Int64) -> UpstreamPool? {
    for step in 1..<max(1, pools.count) {
      let pool = pools[(tried.host + step) % pools.count]
      if !state.hosts[pool.host].isEjected(at: now) { return pool }
    }
    return nil
  }

  // MARK: What was seen

  func answered(after nanoseconds: Int64) {
    window.answers += 1
    window.nanoseconds += nanoseconds
    window.inFlightMax = max(window.inFlightMax, state.slots.count)
  }

  func timedOut() { window.timeouts += 1 }

  func tick(_ now: Int64) {
    for pool in pools { pool.tick(now) }
    state.release(at: now)
    guard !window.isEmpty else { return }
    state.slots.learn(window, at: now)
    window = ConcurrencyLimit.Window()
  }

  func retire() {
    for pool in pools { pool.retire() }
  }
}

/// An upstream's instruments, found once per loop.
final class UpstreamInstruments {
  let retries: Counter
  let ok: Counter
  let idle: Gauge
  let busy: Gauge
  private let name: String
  private let results: MetricFamily
  private let durations: MetricFamily
  private var byClass: [Histogram?] = Array(repeating: nil, count: 10)

  init(_ name: String, _ metrics: MetricRegistry) {
    self.name = name
    idle = metrics.family(MetricCatalog.upstreamConnections).gauge(name, "idle")
    busy = metrics.family(MetricCatalog.upstreamConnections).gauge(name, "busy")
    retries = metrics.family(MetricCatalog.upstreamRetries).counter(name)
    results = metrics.family(MetricCatalog.upstreamRequests)
    ok = results.counter(name, "ok")
    durations = metrics.family(MetricCatalog.upstreamRequestDuration)
  }

  func failed(_ code: RefusalCode) { results.counter(name, code.rawValue).increment() }

  func observe(_ exchange: borrowing Exchange, at now: Int64) {
    ok.increment()
    duration(exchange.status).observe(Int(now - exchange.sentUpstreamAt))
  }

  private func duration(_ status: Int) -> Histogram {
    let hundreds = min(max(0, status / 100), 9)
    if let histogram = byClass[hundreds] { return histogram }
    let histogram = durations.histogram(name, codeClass(status))
    byClass[hundreds] = histogram
    return histogram
  }
}
