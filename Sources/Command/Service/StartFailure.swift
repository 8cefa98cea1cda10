import Breakwater
import Foundation
import NIOCore

/// System errors at start, in one sentence with the next step.
enum StartFailure {
  static func sentence(_ error: any Error, _ configuration: Configuration) -> String {
    sentence(error, listen: "\(configuration.server.listen)", ops: "\(configuration.server.ops)")
  }

  static func sentence(_ error: any Error, listen: String, ops: String) -> String {
    if let error = error as? IOError {
      switch error.errnoCode {
      case EADDRINUSE:
        return
          "\(listen) or \(ops) is in use by another process; stop it, or choose other addresses (server.listen, server.ops)."
      case EACCES: return "\(listen) or \(ops) may not be bound by this user; choose a port above 1023."
      case EADDRNOTAVAIL: return "\(listen) or \(ops) is not an address of this machine."
      default: break
      }
    }
    return "cannot start: \(error)"
  }
}

extension SocketAddress {
  /// `127.0.0.1:4018`
  var text: String {
    let host = ipAddress ?? "?"
    return "\(host.contains(":") ? "[\(host)]" : host):\(port ?? 0)"
  }
}
