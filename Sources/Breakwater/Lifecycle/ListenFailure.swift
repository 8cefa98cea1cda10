import Foundation

/// An address that cannot be listened on, in one sentence with the next step.
package struct ListenFailure: Error, CustomStringConvertible {
  package let description: String

  init(address: Configuration.Address, setting: String, _ errno: CInt) {
    description =
      switch errno {
      case EADDRINUSE: "\(address) is in use by another process; stop it, or choose another address with \(setting)."
      case EACCES: "\(address) may not be bound by this user; choose a port above 1023 with \(setting)."
      case EADDRNOTAVAIL: "\(address) is not an address of this machine; change \(setting)."
      default: "\(address) cannot be listened on (\(String(cString: strerror(errno)))); change \(setting)."
      }
  }
}
