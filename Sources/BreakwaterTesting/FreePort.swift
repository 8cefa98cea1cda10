import NIOCore
import NIOPosix

/// A port nobody listens on now, for programs that cannot take port 0.
package enum FreePort {
  package static func find() async throws -> Int {
    let channel = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 0
    try await channel.close()
    return port
  }
}
