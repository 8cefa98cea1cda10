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

  /// Everything received so far, one element per connection that sent anything; starts over.
  func take() -> [[UInt8]] {
    captured.connections.withLock { connections in
      let taken = connections.filter { !$0.isEmpty }
      for index in connections.indices { connections[index] = [] }
      return taken
    }
  }

  func stop() async { try? await channel.close().get() }

  /// Finds the ends of requests by the framing that leaves the gateway: a plain length or chunks.
  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let answer: ByteBuffer
    private let keep: (ByteBufferView) -> Void
    private var pending: [UInt8] = []

    init(answer: String, keep: @escaping (ByteBufferView) -> Void) {
      self.answer = ByteBuffer(string: answer)
      self.keep = keep
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = unwrapInboundIn(data)
      keep(bytes.readableBytesView)
      pending.append(contentsOf: bytes.readableBytesView)
      while let end = Self.requestEnd(pending) {
        pending.removeFirst(end)
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func requestEnd(_ bytes: [UInt8]) -> Int? {
      let text = String(decoding: bytes, as: Unicode.ASCII.self)  // a replacement per odd byte keeps offsets
      guard let head = text.utf8.firstRange(of: "\r\n\r\n".utf8) else { return nil }
      let headEnd = text.utf8.distance(from: text.startIndex, to: head.upperBound)
      let fields = text[..<head.lowerBound].lowercased()
      if fields.contains("\r\ntransfer-encoding: chunked") {
        let rest = bytes[headEnd...]
        let last = Array("0\r\n\r\n".utf8)
        if rest.starts(with: last) { return headEnd + last.count }
        let mark = Array("\r\n0\r\n\r\n".utf8)
        return rest.firstRange(of: mark).map(\.upperBound)
      }
      guard let field = fields.firstRange(of: "\r\ncontent-length: ") else { return headEnd }
      let length = Int(fields[field.upperBound...].prefix { $0.isNumber }) ?? 0
      return bytes.count >= headEnd + length ? headEnd + length : nil
    }
  }
}
