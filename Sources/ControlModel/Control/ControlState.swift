/// The controls in force and the epoch they make: a pure value with two moves, impose and release.
package struct ControlState: Equatable, Sendable {
  package private(set) var epoch: Epoch
  /// In force, by id.
  package private(set) var controls: [ControlID: Control]
  /// Stages of releases under way, by control. Not kept anywhere else.
  package private(set) var reliefs: [ControlID: Relief] = [:]
  /// Controls whose flattening a second person approved: its exits pass them. Not kept anywhere else.
  package private(set) var exits: Set<ControlID> = []

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
    for id in ids {
      controls[id] = nil
      reliefs[id] = nil
      exits.remove(id)
    }
    epoch = epoch.next
  }

  /// Opens a stage of a release: the named controls count less for the relieved profiles. Takes the next epoch.
  /// Refuses as `release` does.
  package mutating func relieve(_ ids: [ControlID], _ relief: Relief, expecting expected: Epoch) throws(Refusal) {
    var probe = self
    try probe.release(ids, expecting: expected)
    for id in ids { reliefs[id] = relief }
    epoch = epoch.next
  }

  /// Takes the next epoch without changing what is in force: what one looked at is not what stands any more.
  package mutating func advance() { epoch = epoch.next }

  /// Ends a staged release: the controls count whole again. Only restricts, so it needs no epoch to look at.
  package mutating func withdrawRelief(_ ids: [ControlID]) {
    for id in ids { reliefs[id] = nil }
  }

  /// Lets the exits of an approved flattening pass `id`. Takes the next epoch.
  package mutating func grantExits(_ id: ControlID) {
    guard controls[id] != nil else { return }
    exits.insert(id)
    epoch = epoch.next
  }

  /// Ends a flattening. Only restricts.
  package mutating func withdrawExits(_ id: ControlID) { exits.remove(id) }

  /// Whether every control that covers `order` lets the exits of its flattening pass.
  package func admitsExit(_ order: OrderScope) -> Bool {
    let restricting = controls.values.filter {
      $0.scope.covers(order) && level(of: $0, for: order.profileKey) == .halted
    }
    return restricting.allSatisfy { exits.contains($0.id) }
  }

  /// What `control` comes to for one profile.
  package func level(of control: Control, for profile: ProfileKey) -> ControlLevel {
    guard let relief = reliefs[control.id], relief.profiles.contains(profile) else { return control.level }
    return min(control.level, relief.level)
  }

  package static func stale(expected: Epoch, current: Epoch) -> Refusal {
    Refusal(
      .preconditionFailed,
      "Control state moved from epoch \(expected) to \(current) since you looked; read it again and decide again.")
  }

  /// What `order` is subject to: the strictest level of all controls covering it, with every one of them as a cause.
  package func effective(for order: OrderScope) -> EffectiveState {
    EffectiveState(
      controls.values.filter { $0.scope.covers(order) }.map { ($0, level(of: $0, for: order.profileKey)) })
  }

  /// What all of `scope`'s orders are subject to: controls as wide as `scope` or wider.
  package func effective(for scope: ControlScope) -> EffectiveState {
    let key = scope.tenant.flatMap { tenant in
      scope.profile.map { ProfileKey(tenant: tenant, profile: $0) }
    }
    return EffectiveState(
      controls.values.filter { $0.scope.contains(scope) }
        .map { control in (control, key.map { level(of: control, for: $0) } ?? control.level) })
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

  /// Controls with what each comes to here; one that restricts nothing any more is no cause.
  fileprivate init(_ controls: [(control: Control, level: ControlLevel)]) {
    causes = controls.filter { $0.level > .active }.map(\.control).sorted { $0.epoch < $1.epoch }
    level = controls.map(\.level).max() ?? .active
  }
}
