package import ControlModel
import Store

/// What a release would lift and start, as it stands now; nothing changes. Its digest is what an approval is bound to.
package struct ReleasePlan: Sendable {
  package let controls: [Control]
  package let epoch: Epoch
  package let stages: ReleaseStages?
  /// The stages before everything opens.
  package let reliefs: [Relief]
  /// Who trades again, sorted.
  package let profiles: [ProfileKey]
  package let digest: String
  /// What stands in the way now; a release with any of these is refused.
  package let obstacles: [Obstacle]

  /// Everything an approver says yes to: the documents lifted, the epoch, the stages, and who trades again. What moves by
  /// itself while trading is stopped (prices, stops that execute) is shown beside it and not part of it.
  static func digest(
    of controls: [Control], at epoch: Epoch, _ stages: ReleaseStages?, _ profiles: [ProfileKey]
  ) -> String {
    var form = controls.sorted { $0.id < $1.id }.map { StoredControl($0).canonicalJSON }
    form.append(Array("epoch \(epoch)".utf8))
    form.append(Array("stages \(stages?.text ?? "none")".utf8))
    form.append(Array(("profiles " + profiles.map(\.description).joined(separator: " ")).utf8))
    return DocumentDigest.of(Array(form.joined(separator: [UInt8(ascii: "\n")])))
  }
}

/// What the processor asks of the parts around it before and during a release. The root sets these; without a runtime
/// nothing trades, and nothing stands in the way.
package struct ReleaseGuards: Sendable {
  /// Profiles a scope covers, sorted.
  package var profiles: @Sendable (ControlScope) -> [ProfileKey] = { _ in [] }
  /// What stands in the way of starting a scope again. May ask the venue.
  package var obstacles: @Sendable (ControlScope) async -> [Obstacle] = { _ in [] }
  /// What should end a staged release that began at a moment; nil while all is well. Asked several times a second.
  package var alarm: @Sendable (ControlScope, _ since: WallTime) -> Obstacle? = { _, _ in nil }
  /// The name of an alert that fires, by fingerprint; nil when it does not.
  package var firingAlert: @Sendable (_ fingerprint: String) -> String? = { _ in nil }
  /// How many of these orders are still open.
  package var openCount: @Sendable ([OrderID]) -> Int = { _ in 0 }

  package init() {}
}

/// A staged release under way, for readers.
package struct RolloutStanding: Sendable, Equatable {
  package var controls: [ControlID]
  /// From 1 to `of`; the last stage opens everything.
  package var stage: Int
  package var of: Int
  package var relief: Relief
  package var since: WallTime
  package var until: WallTime
}
