import ControlModel
import NIOCore
import NIOPosix
import Telemetry

/// The connections of one event loop to one host of an upstream. Never shared between loops: no hop, no lock.
final class UpstreamPool {
  let upstream: Upstream
  let loop: LoopContext
  /// Which of the upstream's hosts.
  let host: Int
  /// `Host` for clients that sent none (HTTP/1.0).
  let hostLine: [UInt8]
  private let state: UpstreamState
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
  private let instruments: UpstreamInstruments
  /// What this pool last added to the gauges, which it shares with the other pools of the upstream.
  private var reported = (idle: 0, busy: 0)

  init(_ upstream: Upstream, host: Int, state: UpstreamState, instruments: UpstreamInstruments, loop: LoopContext) {
    self.upstream = upstream
    self.host = host
    self.state = state
    self.instruments = instruments
    self.loop = loop
    hostLine = Array("Host: \(upstream.hosts[host].text)\r\n".utf8)
    idleNanoseconds = upstream.idleTimeout.nanoseconds
  }

  /// An open connection nobody uses. The upstream may be about to close one that has been idle for a while; a request
  /// that must not be sent twice gets one used a moment ago, or none.
  func takeIdle(mayRetry: Bool, at now: Int64) -> UpstreamConnection? {
    while let connection = idle.last {
      if !mayRetry, now - connection.idleSince > Self.freshNanoseconds { return nil }
      idle.removeLast()
      if connection.isOpen { return connection }
    }
    return nil
  }

  /// Servers keep idle connections for at least two seconds (gunicorn; Node.js 5, nginx 75).
  private static let freshNanoseconds: Int64 = 1_000_000_000

  /// Takes a connection back.
  func keep(_ connection: UpstreamConnection, at now: Int64) {
    guard connection.isOpen else { return }
    guard !isRetired else { return connection.discard() }
    connection.idleSince = now
    idle.append(connection)
  }

  enum Attempt {
    case connected(UpstreamConnection)
    case failed(ProxyError)
  }

  /// Opens a connection. Refuses with `overload.shed` when the loop's share is used up. The outcome comes on the loop.
  /// Read buffers grow to this while an upstream sends much: a long answer costs fewer turns of the loop.
  private static let buffers = AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 256 * 1024)

  func connect(_ done: @escaping (Attempt) -> Void) throws(Refusal) {
    guard open < upstream.connectionsMax else {
      throw Refusal(.overloadShed, "All connections to the upstream \(upstream.name) are in use.", retryAfterSeconds: 1)
    }
    open += 1
    connecting += 1
    let connection = UpstreamConnection(self)
    let bound = NIOLoopBound((self, connection, done), eventLoop: loop.eventLoop)
    let bootstrap = ClientBootstrap(group: loop.eventLoop)
      .connectTimeout(.nanoseconds(upstream.connectTimeout.nanoseconds))
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelOption(.recvAllocator, value: Self.buffers)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value.1) }
      }
    // An address needs no resolver, and so no other thread.
    let host = upstream.hosts[host]
    let attempt =
      if let address = try? SocketAddress(ipAddress: host.name, port: host.port) {
        bootstrap.connect(to: address)
      } else {
        bootstrap.connect(host: host.name, port: host.port)
      }
    attempt.whenComplete { result in
      let (pool, connection, done) = bound.value
      switch result {
      case .success:
        pool.connected(true)
        done(.connected(connection))
      case .failure(let error):
        pool.connected(false)
        done(.failed(ProxyError(connecting: error)))
      }
    }
  }

  private func connected(_ isConnected: Bool) {
    connecting -= 1
    if !isConnected { open -= 1 }
    isDown = !isConnected
    state.reached(host, isConnected)
    report()
  }

  func closed(_ connection: UpstreamConnection) {
    open -= 1
    idle.removeAll { $0 === connection }
    report()
  }

  /// Closes connections unused for longer than the idle timeout, and looks whether a failed upstream is back.
  func tick(_ now: Int64) {
    report()
    // The longest unused is the first.
    for connection in idle {
      guard now - connection.idleSince >= idleNanoseconds else { break }
      connection.discard()
    }
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
      try connect { [self] attempt in
        isProbing = false
        if case .connected(let connection) = attempt { connection.discard() }
      }
    } catch {
      isProbing = false  // all connections in use: requests are probing already
    }
  }

  private func report() {
    let now = (idle: idle.count, busy: open - connecting - idle.count)
    if now.idle != reported.idle { instruments.idle.add(Double(now.idle - reported.idle)) }
    if now.busy != reported.busy { instruments.busy.add(Double(now.busy - reported.busy)) }
    reported = now
  }
}
