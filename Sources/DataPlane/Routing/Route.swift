package import ControlModel

/// One row of a route table: what it matches, who may call it, how it is shed and limited, and what answers it.
package final class Route: Sendable {
  /// Where a route is served.
  package struct Listeners: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let `public` = Listeners(rawValue: 1)
    package static let ops = Listeners(rawValue: 2)
    package static let both: Listeners = [.public, .ops]
  }

  package enum Access: Sendable, Equatable {
    /// No token needed.
    case open
    /// No token on the ops listener; on the public one a token with one of these roles.
    case openOnOps(Set<Role>)
    case roles(Set<Role>)
  }

  package enum Action: Sendable {
    case endpoint(Endpoint)
    case forward(upstream: String)
  }

  /// The template shown in metrics, logs and OpenAPI, e.g. `/admin/tenants/{tenant}`.
  package let template: String
  package let method: Method?
  package let access: Access
  package let listeners: Listeners
  package let trafficClass: TrafficClass
  package let cost: Int
  /// Refused with `tenant.disabled` while the caller's tenant is disabled.
  package let changesTrading: Bool
  /// What is done about another tenant's data in a forwarded answer.
  package let guardMode: GuardMode
  /// Staff may see several tenants' data in one answer of it.
  package let isMultiTenant: Bool
  /// Whether a forwarded connection may go on as WebSocket.
  package let allowsWebSocket: Bool
  /// A POST or PATCH with an `Idempotency-Key` may be sent a second time, as if its method were idempotent.
  package let honoursIdempotencyKey: Bool
  package let action: Action
  /// Whether a parameter of the template names a tenant.
  let namesTenant: Bool

  /// `method` nil matches every method (forwarded prefixes).
  package init(
    _ method: Method?, _ template: String, access: Access, on listeners: Listeners = .public,
    class trafficClass: TrafficClass = .read, cost: Int = 1, changesTrading: Bool = false,
    honoursIdempotencyKey: Bool = false, guard guardMode: GuardMode = .off, isMultiTenant: Bool = false,
    allowsWebSocket: Bool = false, action: Action
  ) {
    self.method = method
    self.template = template
    self.access = access
    self.listeners = listeners
    self.trafficClass = trafficClass
    self.cost = cost
    self.changesTrading = changesTrading
    self.guardMode = guardMode
    self.isMultiTenant = isMultiTenant
    self.allowsWebSocket = allowsWebSocket
    self.honoursIdempotencyKey = honoursIdempotencyKey
    self.action = action
    namesTenant = template.contains("{")
  }
}

/// How important a request is when not all can be served. The first is shed first; `control` is never limited or shed.
package enum TrafficClass: String, CaseIterable, Sendable {
  case expensive, read, write, trading, stream, admin, riskReducing, control

  package init?(setting: String) {
    self.init(rawValue: setting)
  }
}
