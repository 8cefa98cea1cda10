import ControlModel

/// A control state looked at from the seats: controls that cover a whole seat, by what they name. Made once for each state,
/// so that giving thousands of seats their level does not go through every control for each.
struct SeatLevels {
  /// Whether a control names a venue or symbol: those are looked up order by order.
  private(set) var hasNarrowControls = false
  private var global = ControlLevel.active
  private var tenants: [TenantID: ControlLevel] = [:]
  private var profiles: [SeatKey: ControlLevel] = [:]

  init(_ state: ControlState) {
    for control in state.controls.values {
      let scope = control.scope
      guard scope.venue == nil, scope.symbol == nil else {
        hasNarrowControls = true
        continue
      }
      guard let tenant = scope.tenant else {
        global = max(global, control.level)
        continue
      }
      if let profile = scope.profile {
        profiles[SeatKey(tenant: tenant, profile: profile), default: .active].tighten(to: control.level)
      } else {
        tenants[tenant, default: .active].tighten(to: control.level)
      }
    }
  }

  func level(of seat: SeatKey) -> ControlLevel {
    max(global, tenants[seat.tenant] ?? .active, profiles[seat] ?? .active)
  }
}

/// Profile ids are unique only within their tenant.
struct SeatKey: Hashable {
  let tenant: TenantID
  let profile: ProfileID
}

extension ControlLevel {
  fileprivate mutating func tighten(to level: ControlLevel) { self = max(self, level) }
}
