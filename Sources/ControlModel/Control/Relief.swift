/// How far a staged release has come: profiles that are already freer than their control says.
///
/// Relief lives in memory only. What a crash loses with it is freedom, never a restriction: the control itself stays in
/// force, in the store too, until the last stage has passed.
package struct Relief: Hashable, Sendable {
  package let profiles: Set<ProfileKey>
  /// What the relieved profiles may; never stricter than the control counts for them.
  package let level: ControlLevel

  package init(profiles: Set<ProfileKey>, level: ControlLevel) {
    self.profiles = profiles
    self.level = level
  }

  /// `scalper-1 of orchid at reduceOnly`, or how many profiles.
  package var summary: String {
    let who = profiles.count == 1 ? profiles.first.map { "profile \($0)" } ?? "" : "\(profiles.count) profiles"
    return "\(who) \(level == .active ? "trading" : "at \(level.text)")"
  }
}

/// A profile with its tenant: profile ids are unique only within one.
package struct ProfileKey: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let tenant: TenantID
  package let profile: ProfileID

  package init(tenant: TenantID, profile: ProfileID) {
    self.tenant = tenant
    self.profile = profile
  }

  package var description: String { "\(tenant)/\(profile)" }

  package static func < (a: Self, b: Self) -> Bool { (a.tenant, a.profile) < (b.tenant, b.profile) }
}

/// How a release opens: one profile that may only reduce, the same one trading, a share of all, everything. Each stage but
/// the last is watched for a while before the next.
package struct ReleaseStages: Hashable, Sendable {
  /// How long each stage is watched.
  package var watchMilliseconds: Int64
  /// Profiles that trade in the stage before the last, in percent of all.
  package var sharePercent: Int

  package static let watchBounds: ClosedRange<Int64> = 1_000...3_600_000
  package static let shareBounds = 1...99

  package init(watchMilliseconds: Int64 = 60_000, sharePercent: Int = 10) {
    self.watchMilliseconds = watchMilliseconds
    self.sharePercent = sharePercent
  }

  /// The reliefs to go through before everything opens; the first profile by name goes first. Without profiles there is
  /// nothing to try out, and no stage.
  ///
  /// - Parameter strictest: the strictest level among the controls to be released; a stage that would not be freer is left out.
  package func reliefs(of profiles: [ProfileKey], strictest: ControlLevel) -> [Relief] {
    let ordered = profiles.sorted()
    guard let first = ordered.first else { return [] }
    var reliefs: [Relief] = []
    if strictest > .reduceOnly { reliefs.append(Relief(profiles: [first], level: .reduceOnly)) }
    if ordered.count > 1 { reliefs.append(Relief(profiles: [first], level: .active)) }
    let share = (ordered.count * sharePercent + 99) / 100
    if share > 1, share < ordered.count {
      reliefs.append(Relief(profiles: Set(ordered.prefix(share)), level: .active))
    }
    return reliefs
  }

  /// `60s watched, then 10 %` as kept beside an approval.
  package var text: String { "\(watchMilliseconds)/\(sharePercent)" }

  package init?(text: String) {
    let parts = text.split(separator: "/")
    guard parts.count == 2, let watch = Int64(parts[0]), let share = Int(parts[1]), Self.watchBounds.contains(watch),
      Self.shareBounds.contains(share)
    else { return nil }
    self.init(watchMilliseconds: watch, sharePercent: share)
  }
}
