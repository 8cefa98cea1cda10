/// The clocks and sizes of the request path. Every wait and every buffer is bounded by one of these.
package struct DataPlaneSettings: Sendable, Equatable {
  /// From accept to the end of the TLS handshake.
  package var handshakeTimeout: Duration = .seconds(10)
  /// From the first byte (or accept) to the end of the head.
  package var headTimeout: Duration = .seconds(10)
  /// Between requests on a kept-alive connection.
  package var idleTimeout: Duration = .seconds(60)
  /// From the end of the head to the end of the request body, however fast it comes.
  package var bodyTimeout: Duration = .seconds(60)
  /// A body that comes slower than `bodyBytesPerSecondMin` after this is given up earlier.
  package var bodyGrace: Duration = .seconds(10)
  package var bodyBytesPerSecondMin = 1024
  /// While the peer does not take what is written.
  package var writeStallTimeout: Duration = .seconds(30)
  /// From the end of an answer that closes its connection until the connection is cut, if the client has not closed it.
  package var lingerTimeout: Duration = .seconds(2)
  /// Longest request body forwarded.
  package var bodyBytesMax = 16 * 1024 * 1024
  /// A body up to this size is read away after an early answer, to keep the connection; a longer one closes it.
  package var discardBytesMax = 64 * 1024
  /// Bytes held for a peer that reads slower than the other side writes, per connection and direction.
  package var bufferBytesMax = 64 * 1024
  /// A tunnel without a byte in either direction.
  package var tunnelIdleTimeout: Duration = .seconds(300)
  /// WebSocket connections open at a time, over all event loops, and of one tenant.
  package var tunnelsMax = 2_000
  package var tunnelsPerTenantMax = 200
  package var connectionsMax = 10_000
  package var connectionsPerPeerMax = 1_000
  /// Whose `X-Forwarded-For` or `Forwarded` is believed.
  package var trustedProxies: [AddressBlock] = []
  /// Requests our own endpoints of the public listener work on at once; more are shed by class and tenant.
  package var inFlightMax = 256
  /// From SIGTERM until new connections are refused: readiness says no, every answer closes its connection, and whoever
  /// sends traffic here has time to notice.
  package var drainDelay: Duration = .seconds(5)
  /// From then until connections still answering are cut.
  package var drainTimeout: Duration = .seconds(25)
  /// A whole header line that every answer carries while something about this installation is not safe; empty for none.
  package var warningLine: [UInt8] = []

  package init() {}
}

/// The same durations as nanoseconds: what an event loop adds to a monotonic reading per request.
struct Timeouts {
  let handshake: Int64
  let head: Int64
  let idle: Int64
  let body: Int64
  let bodyGrace: Int64
  let writeStall: Int64
  let linger: Int64
  let drain: Int64
  let tunnelIdle: Int64

  init(_ settings: DataPlaneSettings) {
    handshake = settings.handshakeTimeout.nanoseconds
    head = settings.headTimeout.nanoseconds
    idle = settings.idleTimeout.nanoseconds
    body = settings.bodyTimeout.nanoseconds
    bodyGrace = settings.bodyGrace.nanoseconds
    writeStall = settings.writeStallTimeout.nanoseconds
    linger = settings.lingerTimeout.nanoseconds
    drain = settings.drainTimeout.nanoseconds
    tunnelIdle = settings.tunnelIdleTimeout.nanoseconds
  }
}

extension Duration {
  /// Whole nanoseconds, for arithmetic with monotonic readings.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
