import NIOCore
import NIOPosix
import Synchronization

/// A server that keeps every byte it is sent, per connection, and answers each whole request with the same bytes.
final class CapturingUpstream: Sendable {
  let port: Int
  private let channel: any Channel
  private let captured: Captured

  private final class Captured: Sendable {
    let connections = Mutex<[[UInt8]]>([])
  }

  private init(_ channel: any Channel, port: Int, _ captured: Captured) {
    self.channel = channel
    self.port = port
    self.captured = captured
  }

  static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  static func start(answering answer: String = ok) async throws -> CapturingUpstream {
    try await start { request in
      request.lines[0].starts(with: "HEAD ".utf8) ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" : answer
    }
  }

  /// One that answers each whole request by `answer`.
  static func start(answer: @escaping @Sendable (RecordedRequest) -> String) async throws -> CapturingUpstream {
    let captured = Captured()
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let index = captured.connections.withLock { connections in
            connections.append([])
            return connections.count - 1
          }
          try channel.pipeline.syncOperations.addHandler(
            Handler(answer: answer) { bytes in
              captured.connections.withLock { $0[index].append(contentsOf: bytes) }
            })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
    return CapturingUpstream(channel, port: port, captured)
  }

  /// Everything received so far, one element per connection, in the order they were opened.
  var received: [[UInt8]] { captured.connections.withLock { $0 } }

  /// Connections opened so far.
  var connections: Int { captured.connections.withLock { $0.count } }

  /// Every request received so far.
  var requests: [RecordedRequest] { received.flatMap(RecordedRequest.all) }

  func stop() async { try? await channel.close().get() }

  /// Finds the ends of requests by the framing that leaves the gateway: a plain length or chunks.
  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let answer: @Sendable (RecordedRequest) -> String
    private let keep: (ByteBufferView) -> Void
    private var pending: [UInt8] = []

    init(answer: @escaping @Sendable (RecordedRequest) -> String, keep: @escaping (ByteBufferView) -> Void) {
      self.answer = answer
      self.keep = keep
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = unwrapInboundIn(data)
      keep(bytes.readableBytesView)
      pending.append(contentsOf: bytes.readableBytesView)
      let requests = RecordedRequest.all(in: pending)
      pending = requests.last?.isWhole == false ? requests[requests.count - 1].bytes : []
      for request in requests where request.isWhole {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer(request))), promise: nil)
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }
}
