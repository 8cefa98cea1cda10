import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// One TCP connection as bytes, either end of it: what was received is kept until a test takes it.
final class RawConnection: Sendable {
  private struct State {
    var received: [UInt8] = []
    var isClosed = false
  }

  private let channel: any Channel
  private let state: Mutex<State>

  private init(_ channel: any Channel) {
    self.channel = channel
    state = Mutex(State())
  }

  /// Connects to a port of this machine, with TLS where a configuration is given: bytes are then what is inside it.
  /// Listens from the first moment: the other side may speak, or close, at once.
  static func connect(to port: Int, tls: TLSConfiguration? = nil) async throws -> RawConnection {
    let made = Mutex<RawConnection?>(nil)
    let context = try tls.map { try NIOSSLContext(configuration: $0) }
    let channel = try await connectedChannel(to: port) { channel in
      if let context {
        let handler = try NIOSSLClientHandler(context: context, serverHostname: TestTLS.host)
        try channel.pipeline.syncOperations.addHandler(handler)
      }
      let connection = try setUp(channel)
      made.withLock { $0 = connection }
    }
    guard let connection = made.withLock({ $0 }) else {
      try await channel.close().get()
      throw ChannelError.inappropriateOperationForState
    }
    return connection
  }

  private static func connectedChannel(
    to port: Int, _ setUp: @escaping @Sendable (any Channel) throws -> Void
  ) async throws -> any Channel {
    try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try setUp(channel) } }
      .connect(host: "127.0.0.1", port: port).get()
  }

  /// A connection on a channel that is being set up, on its event loop.
  static func setUp(_ channel: any Channel) throws -> RawConnection {
    let connection = RawConnection(channel)
    try channel.pipeline.syncOperations.addHandler(Receiver(connection))
    return connection
  }

  // MARK: Sending

  func send(_ text: String) async throws { try await send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  /// Queues bytes without waiting until the system has taken them.
  func enqueue(_ bytes: [UInt8]) {
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  /// Sends if the system takes it now; false, and nothing sent, while the other side holds back.
  func offer(_ bytes: [UInt8]) async throws -> Bool {
    try await channel.eventLoop.submit { [channel] in
      guard channel.isWritable else { return false }
      channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
      return true
    }.get()
  }

  func setReading(_ isReading: Bool) async throws {
    try await channel.setOption(.autoRead, value: isReading).get()
  }

  func closeOutput() async throws { try await channel.close(mode: .output).get() }

  func close() async { try? await channel.close().get() }

  /// Closes with a reset instead of a proper end.
  func reset() async throws {
    guard let socket = channel as? any SocketOptionProvider else { return }
    try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    await close()
  }

  // MARK: Receiving

  var receivedCount: Int { state.withLock { $0.received.count } }
  var received: [UInt8] { state.withLock { $0.received } }
  var text: String { String(decoding: received, as: UTF8.self) }
  /// The other side has closed, or the connection broke.
  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Removes and returns everything received so far.
  func take() -> [UInt8] {
    state.withLock { state in
      defer { state.received = [] }
      return state.received
    }
  }

  /// Waits until `count` bytes are there and removes them.
  func take(_ count: Int, within limit: Duration = .seconds(60)) async throws -> [UInt8] {
    try await waitUntil("\(count) bytes, got \(receivedCount)", within: limit) { receivedCount >= count || isClosed }
    return state.withLock { state in
      defer { state.received.removeFirst(min(count, state.received.count)) }
      return Array(state.received.prefix(count))
    }
  }

  /// Waits until `mark` has been received and removes everything up to and including it.
  func take(until mark: String, within limit: Duration = .seconds(60)) async throws -> String {
    let mark = Array(mark.utf8)
    var end: Int?
    try await waitUntil(
      "\(String(decoding: mark, as: UTF8.self).debugDescription) in \(text.debugDescription)", within: limit
    ) {
      end = Self.end(of: mark, in: received)
      return end != nil || isClosed
    }
    guard let end else { throw NotInTime(what: "closed before \(mark): \(text.debugDescription)", limit: limit) }
    return String(decoding: try await take(end), as: UTF8.self)
  }

  func closed(within limit: Duration = .seconds(60)) async throws {
    try await waitUntil("the connection closes; got \(text.debugDescription)", within: limit) { isClosed }
  }

  private static func end(of mark: [UInt8], in bytes: [UInt8]) -> Int? {
    guard bytes.count >= mark.count else { return nil }
    return (0...(bytes.count - mark.count)).first { bytes[$0..<($0 + mark.count)].elementsEqual(mark) }
      .map { $0 + mark.count }
  }

  private final class Receiver: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let connection: RawConnection

    init(_ connection: RawConnection) {
      self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = unwrapInboundIn(data)
      connection.state.withLock { $0.received.append(contentsOf: bytes.readableBytesView) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if let event = event as? ChannelEvent, event == .inputClosed { connection.state.withLock { $0.isClosed = true } }
      context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) { connection.state.withLock { $0.isClosed = true } }
  }
}
