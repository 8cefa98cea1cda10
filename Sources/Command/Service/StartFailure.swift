import Breakwater
import NIOCore

/// What kept the service from starting, in one sentence with the next step.
enum StartFailure {
  static func sentence(_ error: any Error) -> String {
    (error as? ListenFailure)?.description ?? "cannot start: \(error)"
  }
}

extension SocketAddress {
  /// `127.0.0.1:4018`
  var text: String {
    let host = ipAddress ?? "?"
    return "\(host.contains(":") ? "[\(host)]" : host):\(port ?? 0)"
  }
}
