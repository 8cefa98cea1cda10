/// What a token's holder may do. A scalar claim; a token has exactly one.
public enum Role: String, CaseIterable, Sendable {
  /// A tenant's trader: their own tenant's REST and realtime.
  case user
  /// Reads everything an operator reads, redacted; changes nothing.
  case support
  /// On call: may stop trading, acknowledge and silence alerts.
  case `operator`
  /// May also start trading again, with a second admin.
  case admin
  /// Reads, verifies and exports the audit log.
  case auditor
  /// Scrapes metrics.
  case metrics
  /// A backend service: telemetry and proxied routes.
  case service
}
