import ControlModel

/// A control state looked at from the seats: controls that cover a whole seat, by what they name. Made once for each state,
/// so that giving thousands of seats their level does not go through every control for each.
struct SeatLevels {
  /// Whether a control names a venue or symbol: those are looked up order by order.
  private(set) var hasNarrowControls = false
  private var global = ControlLevel.active
  private var tenants: [TenantID: ControlLevel] = [:]
  private var profiles: [ProfileKey: ControlLevel] = [:]
  /// Controls that count differently from profile to profile while their release goes through its stages: few.
  private var relieved: [Control] = []
  private let state: ControlState

  init(_ state: ControlState) {
    self.state = state
    for control in state.controls.values {
      let scope = control.scope
      guard scope.venue == nil, scope.symbol == nil else {
        hasNarrowControls = true
        continue
      }
      if state.reliefs[control.id] != nil {
        relieved.append(control)
        continue
      }
      guard let tenant = scope.tenant else {
        global = max(global, control.level)
        continue
      }
      if let profile = scope.profile {
        profiles[ProfileKey(tenant: tenant, profile: profile), default: .active].tighten(to: control.level)
      } else {
        tenants[tenant, default: .active].tighten(to: control.level)
      }
    }
  }

  func level(of seat: ProfileKey) -> ControlLevel {
    var level = max(global, tenants[seat.tenant] ?? .active, profiles[seat] ?? .active)
    for control in relieved
    where (control.scope.tenant ?? seat.tenant) == seat.tenant
      && (control.scope.profile ?? seat.profile) == seat.profile
    {
      level = max(level, state.level(of: control, for: seat))
    }
    return level
  }
}

extension ControlLevel {
  fileprivate mutating func tighten(to level: ControlLevel) { self = max(self, level) }
}
