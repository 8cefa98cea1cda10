import ControlModel
package import NIOCore
package import NIOPosix
import Synchronization
import Telemetry

/// One listening socket and the connections it accepted.
package final class Listener: Sendable {
  package enum Kind: String, Sendable {
    case `public`, ops
  }

  package let kind: Kind
  package let address: SocketAddress
  private let channel: any Channel
  private let loops: [NIOLoopBound<LoopContext>]
  private let dataPlane: DataPlane

  private init(
    kind: Kind, channel: any Channel, address: SocketAddress, loops: [NIOLoopBound<LoopContext>], dataPlane: DataPlane
  ) {
    self.kind = kind
    self.channel = channel
    self.address = address
    self.loops = loops
    self.dataPlane = dataPlane
  }

  /// Connections waiting in the kernel to be accepted.
  private static let backlog: CInt = 4096

  /// Binds `host:port` (0 picks a free port) and serves on the loops of `group`; connections are spread round robin.
  /// Throws the system's error, e.g. `EADDRINUSE`.
  ///
  /// - Parameter socket: one that listens already, handed over by a supervisor; then nothing is bound.
  package static func start(
    _ kind: Kind, host: String, port: Int, on group: MultiThreadedEventLoopGroup, dataPlane: DataPlane, seed: UInt64,
    socket: NIOBSDSocket.Handle? = nil
  ) async throws -> Listener {
    let admission = Admission(kind: kind, dataPlane: dataPlane)
    var loops: [NIOLoopBound<LoopContext>] = []
    for (index, loop) in group.makeIterator().enumerated() {
      let bound = try await loop.submit {
        let context = LoopContext(
          loop, name: "\(kind.rawValue)-\(index)", dataPlane: dataPlane, seed: seed &+ UInt64(index))
        context.start()
        return NIOLoopBound(context, eventLoop: loop)
      }.get()
      loops.append(bound)
    }
    let byLoop = Dictionary(uniqueKeysWithValues: zip(group.makeIterator().map { ObjectIdentifier($0) }, loops))
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let address = channel.remoteAddress else { throw AdmissionRefused() }
          guard let loop = byLoop[ObjectIdentifier(channel.eventLoop)]?.value else {
            preconditionFailure("a connection runs on a loop of its listener's group")
          }
          loop.refreshSnapshot()
          let tls = kind == .public ? loop.snapshot.tls : nil
          let peer = PeerAddress(address, isSecure: tls != nil, trusting: dataPlane.settings.trustedProxies)
          let verdict = admission.enter(peer, mayAnswer: tls == nil)
          guard verdict != .close else { throw AdmissionRefused() }
          channel.closeFuture.whenComplete { _ in admission.leave(peer, verdict) }
          try channel.syncOptions?.setOption(.recvAllocator, value: ClientReadBuffers(loop))
          let pipeline = channel.pipeline.syncOperations
          if let tls {
            try pipeline.addHandler(TLSHandshake(loop: loop, identity: tls, listener: kind, peer: peer))
          } else {
            let connection = ClientConnection(loop: loop, listener: kind, peer: peer)
            if verdict == .answer { connection.standingRefusal = Admission.full }
            try pipeline.addHandler(connection)
          }
        }
      }
    let binding = socket.map { bootstrap.withBoundSocket($0) } ?? bootstrap.bind(host: host, port: port)
    let channel = try await binding.get()
    guard let address = channel.localAddress else { throw AdmissionRefused() }
    return Listener(kind: kind, channel: channel, address: address, loops: loops, dataPlane: dataPlane)
  }

  /// Stops accepting, lets requests in flight finish within the drain timeout, then cuts what is left.
  package func drain() async {
    dataPlane.startDraining()
    await stopAccepting()
    try? await channel.close().get()  // already closed is as good
    // All at once: one after the other, each would have the drain timeout for itself.
    await withTaskGroup { group in
      for loop in loops {
        group.addTask {
          await withCheckedContinuation { continuation in
            loop.eventLoop.execute { loop.value.drain { continuation.resume() } }
          }
        }
      }
    }
  }
}

extension Listener {
  /// Takes no more connections and lets those the kernel has handed over get to their loops: closing the channel at once
  /// would reset them, request and all. On its way a connection goes from the listener's loop to its own, back, and to its
  /// own again; whatever is sent after it arrives after it.
  private func stopAccepting() async {
    try? await channel.setOption(.autoRead, value: false).get()
    for _ in 0..<2 {
      try? await channel.eventLoop.submit {}.get()
      for loop in loops { try? await loop.eventLoop.submit {}.get() }
    }
  }
}

private struct AdmissionRefused: Error {}

/// Connection caps, in all and per peer address. Past the first, some more connections are told so: a load balancer that
/// reads 503 goes elsewhere, one that is only cut off tries again. Past the second they are closed at once.
private final class Admission: Sendable {
  private struct Counts {
    var all = 0
    /// Connections over the cap that are being told so.
    var answered = 0
    var byPeer: [String: Int] = [:]
  }

  private let counts = Mutex(Counts())
  private let settings: DataPlaneSettings
  private let open: Gauge
  private let refused: MetricFamily

  init(kind: Listener.Kind, dataPlane: DataPlane) {
    settings = dataPlane.settings
    open = dataPlane.metrics.family(MetricCatalog.connections).gauge(kind.rawValue)
    refused = dataPlane.metrics.family(MetricCatalog.connectionsRefused)
    dataPlane.metrics.family(MetricCatalog.connectionsMax).gauge(kind.rawValue).set(Double(settings.connectionsMax))
  }

  enum Verdict {
    case serve, answer, close
  }

  /// Connections over the cap that are told so at a time.
  private static let answeredMax = 64

  static let full = Refusal(
    .overloadShed, "All connections this listener accepts are in use.", retryAfterSeconds: 1)

  /// - Parameter mayAnswer: false where an answer would first need a handshake.
  func enter(_ peer: PeerAddress, mayAnswer: Bool) -> Verdict {
    let key = peer.limitKey
    let (verdict, problem) = counts.withLock { counts -> (Verdict, String?) in
      // A proxy of ours brings everybody's connections.
      if !peer.isTrusted, counts.byPeer[key, default: 0] >= settings.connectionsPerPeerMax {
        return (.close, "peer")
      }
      if counts.all >= settings.connectionsMax {
        guard mayAnswer, counts.answered < Self.answeredMax else { return (.close, "all") }
        counts.answered += 1
        return (.answer, "all")
      }
      counts.all += 1
      counts.byPeer[key, default: 0] += 1
      open.set(Double(counts.all))
      return (.serve, nil)
    }
    if let problem { refused.counter(problem).increment() }
    return verdict
  }

  func leave(_ peer: PeerAddress, _ verdict: Verdict) {
    let key = peer.limitKey
    counts.withLock { counts in
      guard verdict == .serve else {
        counts.answered -= 1
        return
      }
      counts.all -= 1
      counts.byPeer[key, default: 1] -= 1
      if counts.byPeer[key] == 0 { counts.byPeer[key] = nil }
      open.set(Double(counts.all))
    }
  }
}
