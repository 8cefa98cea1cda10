import NIOCore
import NIOPosix
import Synchronization

/// A web server that takes every POST and remembers it: a webhook's other end.
package final class HookServer: Sendable {
  package struct Post: Sendable {
    package let path: String
    /// Names in lower case.
    package let fields: [String: String]
    package let body: [UInt8]

    package var text: String { String(decoding: body, as: UTF8.self) }
  }

  private let channel: any Channel
  private let log: Log

  private final class Log: Sendable {
    let posts = Mutex<[Post]>([])
    let status = Atomic<Int>(200)
  }

  /// Listens on a free port of the loopback, or on `port`.
  package init(port: Int = 0) async throws {
    let log = Log()
    self.log = log
    channel = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(log))
        }
      }.bind(host: "127.0.0.1", port: port).get()
  }

  package var port: Int { channel.localAddress?.port ?? 0 }
  package var url: String { "http://127.0.0.1:\(port)" }
  package var posts: [Post] { log.posts.withLock { $0 } }

  /// What it answers from now on.
  package func answer(_ status: Int) { log.status.store(status, ordering: .relaxed) }

  package func stop() async { try? await channel.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: Log
    private var received: [UInt8] = []

    init(_ log: Log) { self.log = log }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received += unwrapInboundIn(data).readableBytesView
      while let post = take() {
        let status = log.status.load(ordering: .relaxed)
        log.posts.withLock { $0.append(post) }
        let reply = "HTTP/1.1 \(status) x\r\nContent-Length: 0\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: reply)), promise: nil)
      }
    }

    /// One whole request, if it has come.
    private func take() -> Post? {
      let text = String(decoding: received, as: UTF8.self)
      guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
      let lines = text[..<end.lowerBound].split(separator: "\r\n")
      var fields: [String: String] = [:]
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
      }
      let head = text[..<end.upperBound].utf8.count
      let length = fields["content-length"].flatMap { Int($0) } ?? 0
      guard received.count >= head + length else { return nil }
      let body = Array(received[head..<head + length])
      received.removeFirst(head + length)
      let target = lines.first.map { $0.split(separator: " ") } ?? []
      return Post(path: target.count > 1 ? String(target[1]) : "", fields: fields, body: body)
    }
  }
}
