import ControlModel
import NIOCore
import NIOSSL
import NIOTLS
import Telemetry

/// The first moments of a connection to a listener with TLS: from accept to the end of the handshake, within a clock of
/// its own. It leaves the pipeline to the protocol that was agreed on.
///
/// A client that speaks plain HTTP here is told so in plain HTTP.
final class TLSHandshake: ChannelInboundHandler, RemovableChannelHandler, LoopMember {
  typealias InboundIn = ByteBuffer

  private enum Phase {
    /// Nothing has arrived.
    case silent
    case handshaking(NIOSSLServerHandler)
    /// Agreed, failed or given up: counted.
    case done
  }

  private let loop: LoopContext
  private let identity: TLSIdentity
  private let listener: Listener.Kind
  private let peer: PeerAddress
  private var context: ChannelHandlerContext?
  private var phase = Phase.silent
  private var deadline = Int64.max { didSet { loop.expect(self, at: deadline) } }
  var seat = LoopSeat()

  init(loop: LoopContext, identity: TLSIdentity, listener: Listener.Kind, peer: PeerAddress) {
    self.loop = loop
    self.identity = identity
    self.listener = listener
    self.peer = peer
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.opened(self)
    deadline = loop.clocks.monotonic() + loop.timeouts.handshake
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    loop.closed(self)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .silent = phase else { return context.fireChannelRead(data) }
    let bytes = unwrapInboundIn(data)
    guard let first = bytes.readableBytesView.first else { return }
    do {
      if first == Self.handshakeRecord {
        try begin(context, bytes)
      } else {
        try continuePlain(context, bytes)
      }
    } catch {
      context.close(promise: nil)
    }
  }

  /// The first byte of every TLS connection (RFC 8446 §5.1); no HTTP method begins with it.
  private static let handshakeRecord: UInt8 = 22

  private func begin(_ context: ChannelHandlerContext, _ bytes: ByteBuffer) throws {
    let handler = NIOSSLServerHandler(context: identity.context)
    phase = .handshaking(handler)
    try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
    context.pipeline.fireChannelRead(bytes)
  }

  private func continuePlain(_ context: ChannelHandlerContext, _ bytes: ByteBuffer) throws {
    end("plaintext")
    let plain = PeerAddress(peer.text, trusting: loop.settings.trustedProxies)
    let connection = ClientConnection(loop: loop, listener: listener, peer: plain)
    connection.standingRefusal = Refusal(.httpTLSRequired, "This port speaks TLS: use https://.")
    try hand(over: context, to: connection)
    connection.channelRead(bytes)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted(let agreement)? = event as? TLSUserEvent,
      case .handshaking(let handler) = phase
    {
      end("ok")
      do {
        try begin(context, agreement, version: handler.tlsVersion)
      } catch {
        context.close(promise: nil)
      }
      return
    }
    context.fireUserInboundEventTriggered(event)
  }

  private func begin(_ context: ChannelHandlerContext, _ agreement: String?, version: TLSVersion?) throws {
    let isHTTP2 = agreement == TLSIdentity.http2
    let transport = Transport(tls: version == .tlsv13 ? .v13 : .v12, isHTTP2: isHTTP2)
    guard isHTTP2 else {
      let connection = ClientConnection(loop: loop, listener: listener, peer: peer, transport: transport)
      return try hand(over: context, to: connection)
    }
    try HTTP2Connection.add(
      to: context.pipeline.syncOperations, on: loop, listener: listener, peer: peer, transport: transport)
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }

  private func hand(over context: ChannelHandlerContext, to connection: ClientConnection) throws {
    try context.pipeline.syncOperations.addHandler(connection)
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }

  private func end(_ result: String) {
    if case .done = phase { return }
    phase = .done
    deadline = .max
    loop.dataPlane.metrics.family(MetricCatalog.tlsHandshakes).counter(result).increment()
  }

  // MARK: Failing

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(TLSFailure.reason(error))
    context.close(promise: nil)
  }

  var nextDeadline: Int64 { deadline }

  func checkDeadlines(_ now: Int64) -> Bool {
    guard now >= deadline else { return false }
    end("timeout")
    context?.close(promise: nil)
    return true
  }

  /// One that has begun is let finish; its request is then answered like any other's.
  func drain() {
    if case .silent = phase { context?.close(promise: nil) }
  }

  func endDrain() { context?.close(promise: nil) }
}

/// What a request came over, as far as it is not plain HTTP/1.
struct Transport {
  enum TLS: String {
    case v12 = "1.2"
    case v13 = "1.3"
  }

  var tls: TLS?
  var isHTTP2 = false
}

/// Names for what kept a handshake from completing: values of the `result` label of `breakwater_tls_handshakes_total`.
enum TLSFailure {
  static func reason(_ error: any Error) -> String {
    guard case NIOSSLError.handshakeFailed(let cause)? = error as? NIOSSLError,
      case .sslError(let stack) = cause
    else { return "closed" }
    if stack == [.eofDuringHandshake] { return "closed" }
    let text = stack.map(\.description).joined(separator: " ")
    // BoringSSL's names of reasons; its numbers are not public through the library.
    return reasons.first { text.contains($0.mark) }?.reason ?? "malformed"
  }

  private static let reasons: [(mark: String, reason: String)] = [
    ("UNSUPPORTED_PROTOCOL", "version"), ("NO_SHARED_CIPHER", "cipher"), ("NO_COMMON_SIGNATURE_ALGORITHMS", "cipher"),
    ("NO_SHARED_GROUP", "cipher"), ("_ALERT_", "alert"),
  ]
}
