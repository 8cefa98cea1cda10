import AdminAPI
import Foundation
import GRDB
package import Store
import Telemetry
package import Wire

/// Reads an installation's audit log without its service, e.g. a copy.
package enum OfflineAudit {
  package static func verify(_ folder: String) throws(StoreFailure) -> AuditVerdictDocument {
    let path = "\(folder)/control.sqlite"
    guard FileManager.default.fileExists(atPath: path) else {
      throw StoreFailure(.unavailable, "\(folder) holds no control.sqlite; name a data directory.")
    }
    let start = SystemSources.clocks.monotonic()
    do {
      var configuration = GRDB.Configuration()
      configuration.readonly = true
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      let verdict = try queue.read { try AuditLog.verify(in: $0) }
      return AuditVerdictDocument(verdict, nanoseconds: SystemSources.clocks.monotonic() - start)
    } catch {
      throw StoreFailure(.corrupt, "The audit log in \(path) cannot be read: \(error).")
    }
  }
}
