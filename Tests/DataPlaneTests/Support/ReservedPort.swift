import Foundation

/// A port of the loopback interface that refuses connections as long as this value lives: bound, so that no other test is
/// given it, and not listened on.
final class ReservedPort: Sendable {
  let port: Int
  private let descriptor: Int32

  /// Takes `port`, or a free one. Throws while somebody listens on it.
  init(_ port: Int = 0) throws {
    #if canImport(Darwin)
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #else
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    var isReusable: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isReusable, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard isBound else {
      close(descriptor)
      throw POSIXError(.EADDRINUSE)
    }
    self.port = Int(in_port_t(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }
}
