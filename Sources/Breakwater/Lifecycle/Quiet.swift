package import Logging

/// Loggers for libraries: what they have to say below a warning is not the operator's business.
package enum Quiet {
  package static let logger: Logger = {
    var logger = Logger(label: "breakwater.library") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    return logger
  }()
}
