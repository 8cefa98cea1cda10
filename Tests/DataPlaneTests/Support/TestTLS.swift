import Foundation
import NIOSSL

@testable import DataPlane

/// Certificates of `Fixtures/tls` and clients that believe them.
enum TestTLS {
  static let host = "gateway.test"

  static func file(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/tls/\(name)").path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }

  /// `server` or `renewed`.
  static func identity(_ name: String = "server") throws -> TLSIdentity {
    try TLSIdentity(certificate: bytes("\(name).pem"), key: bytes("\(name).key"))
  }

  /// A client that believes one certificate and no other.
  static func client(
    believing name: String = "server", protocols: [String] = [], _ change: (inout TLSConfiguration) -> Void = { _ in }
  ) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .file(file("\(name).pem"))
    configuration.applicationProtocols = protocols
    change(&configuration)
    return configuration
  }
}
