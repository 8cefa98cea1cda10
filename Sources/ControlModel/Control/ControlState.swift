/// The controls in force and the epoch they make: a pure value with two moves, impose and release.
package struct ControlState: Equatable, Sendable {
  package private(set) var epoch: Epoch
  /// In force, by id.
  package private(set) var controls: [ControlID: Control]

  package init(epoch: Epoch = .zero, controls: [Control] = []) {
    self.epoch = epoch
    self.controls = Dictionary(controls.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Adds `control`. Imposing an id again changes nothing, so a repeated message is harmless.
  /// Precondition: the control carries the next epoch, because its receipt and audit row name it.
  package mutating func impose(_ control: Control) {
    guard controls[control.id] == nil else { return }
    precondition(control.epoch > epoch, "control \(control.id) carries epoch \(control.epoch), state is at \(epoch)")
    controls[control.id] = control
    epoch = control.epoch
  }

  /// Removes the named controls and takes the next epoch. Nothing else is lifted.
  ///
  /// Refuses `control.unknown` if one of them is not in force and `precondition.failed` if `expected` is not the
  /// current epoch: someone changed the state after the caller looked.
  package mutating func release(_ ids: [ControlID], expecting expected: Epoch) throws(Refusal) {
    guard expected == epoch else { throw Self.stale(expected: expected, current: epoch) }
    for id in ids where controls[id] == nil {
      throw Refusal(.controlUnknown, "Control \(id) is not in force; see /admin/controls?active=true.")
    }
    for id in ids { controls[id] = nil }
    epoch = epoch.next
  }

  package static func stale(expected: Epoch, current: Epoch) -> Refusal {
    Refusal(
      .preconditionFailed,
      "Control state moved from epoch \(expected) to \(current) since you looked; read it again and decide again.")
  }

  /// What `order` is subject to: the strictest level of all controls covering it, with every one of them as a cause.
  package func effective(for order: OrderScope) -> EffectiveState {
    EffectiveState(causes: controls.values.filter { $0.scope.covers(order) })
  }

  /// What all of `scope`'s orders are subject to: controls as wide as `scope` or wider.
  package func effective(for scope: ControlScope) -> EffectiveState {
    EffectiveState(
      causes: controls.values.filter { control in
        (control.scope.tenant == nil || control.scope.tenant == scope.tenant)
          && (control.scope.profile == nil || control.scope.profile == scope.profile)
          && (control.scope.venue == nil || control.scope.venue == scope.venue)
          && (control.scope.symbol == nil || control.scope.symbol == scope.symbol)
      })
  }

  /// The `disable` controls that refuse REST trading mutations of this tenant and profile, the tenant's first.
  package func disables(tenant: TenantID, profile: ProfileID?) -> [Control] {
    controls.values
      .filter {
        $0.kind == .disable && $0.scope.tenant == tenant && ($0.scope.profile == nil || $0.scope.profile == profile)
      }
      .sorted { ($0.scope.profile == nil ? 0 : 1, $0.epoch) < ($1.scope.profile == nil ? 0 : 1, $1.epoch) }
  }
}

/// The outcome of all controls on one scope: the maximum level with every cause, oldest first.
package struct EffectiveState: Equatable, Sendable {
  package let level: ControlLevel
  package let causes: [Control]

  package init(causes: [Control]) {
    self.causes = causes.sorted { $0.epoch < $1.epoch }
    self.level = causes.map(\.level).max() ?? .active
  }
}
