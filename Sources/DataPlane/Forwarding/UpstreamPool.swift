import ControlModel
import NIOCore
import NIOPosix
import Telemetry

/// The connections of one event loop to one upstream. Never shared between loops: no hop, no lock.
final class UpstreamPool {
  let upstream: Upstream
  let loop: LoopContext
  /// `Host` for clients that sent none (HTTP/1.0).
  let hostLine: [UInt8]
  let firstByteNanoseconds: Int64
  let totalNanoseconds: Int64
  private let idleNanoseconds: Int64
  /// Last in, first out, so that surplus connections age out.
  private var idle: [UpstreamConnection] = []
  /// Connections open or being opened.
  private var open = 0
  private var connecting = 0
  private var isDown = false
  private var isRetired = false
  private var nextProbe: Int64 = 0
  private var isProbing = false
  private let instruments: Instruments

  init(_ upstream: Upstream, loop: LoopContext) {
    self.upstream = upstream
    self.loop = loop
    let host = upstream.host.contains(":") ? "[\(upstream.host)]" : upstream.host
    hostLine = Array("Host: \(host):\(upstream.port)\r\n".utf8)
    firstByteNanoseconds = upstream.firstByteTimeout.nanoseconds
    totalNanoseconds = upstream.timeout.nanoseconds
    idleNanoseconds = upstream.idleTimeout.nanoseconds
    instruments = Instruments(upstream.name, loop.dataPlane.metrics)
  }

  /// An open connection nobody uses. The upstream may be about to close one that has been idle for a while; a request
  /// that must not be sent twice gets one used a moment ago, or none.
  func takeIdle(mayRetry: Bool) -> UpstreamConnection? {
    defer { report() }
    while let connection = idle.last {
      if !mayRetry, loop.clocks.monotonic() - connection.idleSince > Self.freshNanoseconds { return nil }
      idle.removeLast()
      if connection.isOpen { return connection }
    }
    return nil
  }

  /// Servers keep idle connections for at least two seconds (gunicorn; Node.js 5, nginx 75).
  private static let freshNanoseconds: Int64 = 1_000_000_000

  /// Takes a connection back.
  func keep(_ connection: UpstreamConnection) {
    guard connection.isOpen else { return }
    guard !isRetired else { return connection.discard() }
    connection.idleSince = loop.clocks.monotonic()
    idle.append(connection)
    report()
  }

  /// Opens a connection; nil comes if it cannot be. Refuses with `overload.shed` when the loop's share is used up. The
  /// outcome comes on the loop.
  func connect(_ done: @escaping (UpstreamConnection?) -> Void) throws(Refusal) {
    guard open < upstream.connectionsMax else {
      instruments.result("shed").increment()
      throw Refusal(.overloadShed, "All connections to the upstream \(upstream.name) are in use.", retryAfterSeconds: 1)
    }
    open += 1
    connecting += 1
    let connection = UpstreamConnection(self)
    let bound = NIOLoopBound((self, connection, done), eventLoop: loop.eventLoop)
    let bootstrap = ClientBootstrap(group: loop.eventLoop)
      .connectTimeout(.nanoseconds(upstream.connectTimeout.nanoseconds))
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value.1) }
      }
    // An address needs no resolver, and so no other thread.
    let attempt =
      if let address = try? SocketAddress(ipAddress: upstream.host, port: upstream.port) {
        bootstrap.connect(to: address)
      } else {
        bootstrap.connect(host: upstream.host, port: upstream.port)
      }
    attempt.whenComplete { result in
      let (pool, connection, done) = bound.value
      var isConnected = false
      if case .success = result { isConnected = true }
      pool.connected(isConnected)
      done(isConnected ? connection : nil)
    }
  }

  private func connected(_ isConnected: Bool) {
    connecting -= 1
    if !isConnected { open -= 1 }
    isDown = !isConnected
    instruments.up.set(isConnected ? 1 : 0)
    report()
  }

  func closed(_ connection: UpstreamConnection) {
    open -= 1
    idle.removeAll { $0 === connection }
    report()
  }

  /// Closes connections unused for longer than the idle timeout, and looks whether a failed upstream is back.
  func tick(_ now: Int64) {
    for connection in idle where now - connection.idleSince >= idleNanoseconds { connection.discard() }
    if isDown, !isProbing, now >= nextProbe { probe(now) }
  }

  /// Another pool takes over: idle connections close now, those in use after their answer.
  func retire() {
    isRetired = true
    for connection in idle { connection.discard() }
  }

  /// How often an upstream that failed is tried while no request does it.
  private static let probeInterval: Int64 = 2_000_000_000

  private func probe(_ now: Int64) {
    nextProbe = now + Self.probeInterval
    isProbing = true
    do throws(Refusal) {
      try connect { [self] connection in
        isProbing = false
        connection?.discard()
      }
    } catch {
      isProbing = false  // all connections in use: requests are probing already
    }
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

  private func report() { instruments.report(idle: idle.count, busy: open - connecting - idle.count) }

  private final class Instruments {
    let up: Gauge
    let retries: Counter
    let ok: Counter
    private let idle: Gauge
    private let busy: Gauge
    /// What this pool last added to the gauges, which it shares with the other loops' pools.
    private var reported = (idle: 0, busy: 0)
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

    func report(idle: Int, busy: Int) {
      if idle != reported.idle { self.idle.add(Double(idle - reported.idle)) }
      if busy != reported.busy { self.busy.add(Double(busy - reported.busy)) }
      reported = (idle, busy)
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
