import NIOCore
import NIOPosix
import Synchronization

/// A server whose every byte a test decides: connections are handed out in the order they come.
final class ScriptedUpstream: Sendable {
  let port: Int
  private let channel: any Channel
  private let shelf: Shelf

  private final class Shelf: Sendable {
    let all = Mutex<[RawConnection]>([])
    let handedOut = Mutex(0)
  }

  private init(_ channel: any Channel, port: Int, _ shelf: Shelf) {
    self.channel = channel
    self.port = port
    self.shelf = shelf
  }

  /// Listens on a free port of the loopback interface.
  static func start() async throws -> ScriptedUpstream {
    let shelf = Shelf()
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let connection = try RawConnection.setUp(channel)
          shelf.all.withLock { $0.append(connection) }
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
    return ScriptedUpstream(channel, port: port, shelf)
  }

  /// Connections opened so far.
  var connections: Int { shelf.all.withLock { $0.count } }

  /// The next connection that was opened.
  func accept() async throws -> RawConnection {
    let index = shelf.handedOut.withLock { count in
      defer { count += 1 }
      return count
    }
    try await waitUntil("upstream connection \(index + 1)") { connections > index }
    return shelf.all.withLock { $0[index] }
  }

  /// The connection that was opened as number `index`, from zero.
  func connection(_ index: Int) async throws -> RawConnection {
    try await waitUntil("upstream connection \(index + 1)") { connections > index }
    return shelf.all.withLock { $0[index] }
  }

  func stop() async {
    try? await channel.close().get()
    for connection in shelf.all.withLock({ $0 }) { await connection.close() }
  }
}
