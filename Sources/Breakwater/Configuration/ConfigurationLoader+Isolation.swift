import ControlModel
import DataPlane

/// The settings that keep tenants apart.
extension ConfigurationLoader {
  static func isolation(_ section: SettingsSection) -> IsolationPolicy {
    var policy = IsolationPolicy()
    let names = section.strings("keys", default: TenantKeys.answerDefaults)
    if let keys = TenantKeys(names) {
      policy.answerKeys = keys
    } else {
      section.reader.problem(
        section.value("keys"), section.full("keys"),
        "is a list of 1 to \(TenantKeys.namesMax) names of at least 2 letters, digits, `.`, `_`, `-`")
    }
    policy.holdBytesMax = section.integer("holdBytes", default: policy.holdBytesMax, in: 1024...1_048_576)
    policy.trippedBytesMax = section.integer(
      "trippedBytes", default: policy.trippedBytesMax, in: 65_536...67_108_864)
    section.finish()
    return policy
  }

  /// A route's `websocket`. Nobody looks into a tunnel, so a route whose answers must be looked at has none.
  static func webSocket(_ route: SettingsSection, _ guardMode: GuardMode) -> Bool {
    let allows = route.flag("websocket", default: false)
    if allows, guardMode == .enforce {
      route.reader.problem(
        route.value("websocket"), route.full("websocket"), "cannot be with guard: enforce, which looks into no tunnel")
    }
    return allows
  }

  /// A route's `guard` and `multiTenant`. Where a tenant's users may come, answers are looked at unless it says otherwise.
  static func guarding(_ route: SettingsSection, _ roles: Set<Role>) -> (GuardMode, isMultiTenant: Bool) {
    let mode = route.choice(
      "guard", default: roles.contains(.user) ? GuardMode.observe : .off, GuardMode.allCases.map { ($0.rawValue, $0) })
    return (mode, route.flag("multiTenant", default: false))
  }
}
