package import ControlModel
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
package import Strategy
import Synchronization

/// The backend the demo's gateway stands in front of, over real HTTP on a loopback port of its own: recorded bars as JSON,
/// the issuer's key set, and a pager.
package final class DemoBackend: Sendable {
  package let port: Int
  private let channel: any Channel
  private let group: MultiThreadedEventLoopGroup
  private let state: State

  /// What the handlers share.
  fileprivate final class State: Sendable {
    let bars: [Symbol: [Bar]]
    let jwks: String
    let pages: @Sendable ([UInt8]) -> Void
    let hidesKeys = Atomic<Bool>(false)

    init(bars: [Symbol: [Bar]], jwks: String, pages: @escaping @Sendable ([UInt8]) -> Void) {
      self.bars = bars
      self.jwks = jwks
      self.pages = pages
    }
  }

  private init(port: Int, channel: any Channel, group: MultiThreadedEventLoopGroup, state: State) {
    self.port = port
    self.channel = channel
    self.group = group
    self.state = state
  }

  /// Listens on a free loopback port. `pages` gets the body of every webhook.
  package static func start(
    bars: [Symbol: [Bar]], jwks: String, pages: @escaping @Sendable ([UInt8]) -> Void
  ) async throws -> DemoBackend {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let state = State(bars: bars, jwks: jwks, pages: pages)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(BackendHandler(state))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
    return DemoBackend(port: port, channel: channel, group: group, state: state)
  }

  /// Makes the key set unavailable, or available again.
  package func hideKeys(_ hidden: Bool) { state.hidesKeys.store(hidden, ordering: .relaxed) }

  package func stop() async {
    try? await channel.close().get()
    try? await group.shutdownGracefully()
  }
}

private final class BackendHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let state: DemoBackend.State
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(_ state: DemoBackend.State) {
    self.state = state
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
    case .body(let part): body += part.readableBytesView
    case .end:
      guard let head else { return }
      let (status, text) = answer(head)
      var headers = HTTPHeaders([("Content-Type", "application/json"), ("Content-Length", String(text.utf8.count))])
      // What the gateway told us about this request, so that a reader can see it.
      if let id = head.headers.first(name: "X-Request-ID") { headers.add(name: "X-Backend-Saw-Request-ID", value: id) }
      let response = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
      context.write(wrapOutboundOut(.head(response)), promise: nil)
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }

  private func answer(_ head: HTTPRequestHead) -> (HTTPResponseStatus, String) {
    let parts = head.uri.split(separator: "?", maxSplits: 1)
    let query = parts.count > 1 ? parts[1] : ""
    switch parts.first.map(String.init) ?? "/" {
    case "/.well-known/jwks.json":
      return state.hidesKeys.load(ordering: .relaxed)
        ? (.serviceUnavailable, #"{"error":"down for the drill"}"#) : (.ok, state.jwks)
    case "/pager":
      state.pages(body)
      return (.ok, "{}")
    case "/api/v1/market/symbols":
      return (.ok, "[" + state.bars.keys.map { "\"\($0)\"" }.sorted().joined(separator: ",") + "]")
    case "/api/v1/market/bars": return bars(query)
    case "/health": return (.ok, #"{"status":"ok"}"#)
    default: return (.notFound, #"{"error":"no such resource"}"#)
    }
  }

  private func bars(_ query: Substring) -> (HTTPResponseStatus, String) {
    let pairs = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
    func value(_ name: String) -> Substring? { pairs.first { $0.count == 2 && $0[0] == name }?[1] }
    guard let symbol = value("symbol").flatMap({ Symbol($0) }), let bars = state.bars[symbol] else {
      return (.notFound, #"{"error":"unknown symbol"}"#)
    }
    let limit = min(max(1, value("limit").flatMap { Int($0) } ?? 100), 5_000)
    let items = bars.suffix(limit).map { bar in
      "{\"t\":\"\(bar.start)\",\"o\":\(bar.open),\"h\":\(bar.high),\"l\":\(bar.low),\"c\":\(bar.close),\"v\":\(bar.volume)}"
    }
    return (.ok, "{\"symbol\":\"\(symbol)\",\"bars\":[\(items.joined(separator: ","))]}")
  }
}
