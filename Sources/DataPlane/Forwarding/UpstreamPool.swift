import ControlModel
import NIOCore
import NIOPosix
import Telemetry

/// The connections of one event loop to one upstream. Never shared between loops: no hop, no lock.
final class UpstreamPool {
  let upstream: Upstream
  let loop: LoopContext
  /// Last in, first out, so that surplus connections age out.
  private var idle: [UpstreamConnection] = []
  private var open = 0
  private var isDown = false
  private var nextProbe: Int64 = 0
  private var isProbing = false
  private let instruments: Instruments

  init(_ upstream: Upstream, loop: LoopContext) {
    self.upstream = upstream
    self.loop = loop
    instruments = Instruments(upstream.name, loop.dataPlane.metrics)
  }

  /// An open connection nobody uses.
  func takeIdle() -> UpstreamConnection? {
    while let connection = idle.popLast() {
      if connection.isOpen {
        instruments.idle.add(-1)
        instruments.busy.add(1)
        return connection
      }
    }
    return nil
  }

  /// Takes a connection back.
  func keep(_ connection: UpstreamConnection) {
    guard connection.isOpen else { return }
    connection.idleSince = loop.clocks.monotonic()
    instruments.idle.add(1)
    instruments.busy.add(-1)
    idle.append(connection)
  }

  /// Opens a connection. Refuses with `overload.shed` when the loop's share is used up; the outcome comes on the loop.
  func connect(_ done: @escaping (Result<UpstreamConnection, any Error>) -> Void) throws(Refusal) {
    guard open < upstream.connectionsMax else {
      instruments.result("shed").increment()
      throw Refusal(.overloadShed, "All connections to the upstream \(upstream.name) are in use.", retryAfterSeconds: 1)
    }
    open += 1
    let connection = UpstreamConnection(self)
    let bound = NIOLoopBound((connection, done), eventLoop: loop.eventLoop)
    let pool = NIOLoopBound(self, eventLoop: loop.eventLoop)
    ClientBootstrap(group: loop.eventLoop)
      .connectTimeout(.nanoseconds(upstream.connectTimeout.nanoseconds))
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value.0) }
      }
      .connect(host: upstream.host, port: upstream.port)
      .whenComplete { result in
        let (connection, done) = bound.value
        switch result {
        case .success:
          pool.value.reached()
          pool.value.instruments.busy.add(1)
          done(.success(connection))
        case .failure(let error):
          pool.value.open -= 1
          pool.value.missed()
          done(.failure(error))
        }
      }
  }

  func closed(_ connection: UpstreamConnection) {
    open -= 1
    if let index = idle.firstIndex(where: { $0 === connection }) {
      idle.remove(at: index)
      instruments.idle.add(-1)
    } else {
      instruments.busy.add(-1)
    }
  }

  /// Closes connections unused for longer than the idle timeout, and looks whether a failed upstream is back.
  func closeIdle(_ now: Int64) {
    let limit = upstream.idleTimeout.nanoseconds
    for connection in idle where now - connection.idleSince >= limit { connection.discard() }
    if isDown, !isProbing, now >= nextProbe { probe(now) }
  }

  /// How often an upstream that failed is tried while no request does it.
  private static let probeInterval: Int64 = 2_000_000_000

  private func probe(_ now: Int64) {
    nextProbe = now + Self.probeInterval
    isProbing = true
    do throws(Refusal) {
      try connect { [self] result in
        isProbing = false
        if case .success(let connection) = result { connection.discard() }
      }
    } catch {
      isProbing = false  // all connections in use: requests are probing already
    }
  }

  private func reached() {
    isDown = false
    instruments.up.set(1)
  }

  private func missed() {
    isDown = true
    instruments.up.set(0)
  }

  // MARK: Metrics

  func retried() { instruments.retries.increment() }

  func failed(_ code: RefusalCode) {
    instruments.result(code.rawValue).increment()
  }

  func observe(_ exchange: borrowing Exchange, at now: Int64) {
    instruments.ok.increment()
    instruments.duration(exchange.status).observe(Int(now - exchange.sentUpstreamAt))
  }

  private final class Instruments {
    let up: Gauge
    let idle: Gauge
    let busy: Gauge
    let retries: Counter
    let ok: Counter
    private let name: String
    private let results: MetricFamily
    private let durations: MetricFamily
    private var byClass: [Int: Histogram] = [:]

    init(_ name: String, _ metrics: MetricRegistry) {
      self.name = name
      up = metrics.family(MetricCatalog.upstreamUp).gauge(name)
      idle = metrics.family(MetricCatalog.upstreamConnections).gauge(name, "idle")
      busy = metrics.family(MetricCatalog.upstreamConnections).gauge(name, "busy")
      retries = metrics.family(MetricCatalog.upstreamRetries).counter(name)
      results = metrics.family(MetricCatalog.upstreamRequests)
      ok = results.counter(name, "ok")
      durations = metrics.family(MetricCatalog.upstreamRequestDuration)
      up.set(1)
    }

    func result(_ result: String) -> Counter { results.counter(name, result) }

    func duration(_ status: Int) -> Histogram {
      let hundreds = status / 100
      if let histogram = byClass[hundreds] { return histogram }
      let histogram = durations.histogram(name, codeClass(status))
      byClass[hundreds] = histogram
      return histogram
    }
  }
}
