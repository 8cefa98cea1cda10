/// Listening sockets a supervisor hands over (systemd's socket activation, sd_listen_fds(3)). The supervisor keeps them open
/// while the process restarts, so that whoever connects meanwhile waits instead of being refused.
package struct InheritedSockets: Sendable, Equatable {
  package private(set) var listen: CInt?
  package private(set) var ops: CInt?

  /// The first descriptor handed over; those below are the standard streams.
  private static let first: CInt = 3

  package init() {}

  /// What `LISTEN_FDS` and `LISTEN_FDNAMES` (`public`, `ops`) say, if `LISTEN_PID` means this process. Without names the
  /// first is the public listener's and the second the ops listener's.
  package init(environment: [String: String], process: Int32) {
    guard environment["LISTEN_PID"] == String(process), let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }),
      count > 0
    else { return }
    let names = environment["LISTEN_FDNAMES"]?.split(separator: ":").map(String.init) ?? ["public", "ops"]
    for (name, offset) in zip(names, 0..<count) {
      switch name {
      case "public": listen = Self.first + offset
      case "ops": ops = Self.first + offset
      default: break
      }
    }
  }
}
