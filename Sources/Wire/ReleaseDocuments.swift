/// A release as asked for.
package struct ReleaseRequest: Codable, Sendable {
  package var reason: String?
  package var breakGlass: Bool?
  /// Open stage by stage.
  package var staged: Bool?
  /// How long each stage is watched, e.g. `60s`.
  package var watch: String?
  /// Profiles in the stage before the last, in percent.
  package var share: Int?
  /// Only say what it would lift and start.
  package var dryRun: Bool?
  /// Digest of the plan that was looked at.
  package var digest: String?

  package static let members = ["reason", "breakGlass", "staged", "watch", "share", "dryRun", "digest"]

  package init(reason: String?, breakGlass: Bool? = nil) {
    self.reason = reason
    self.breakGlass = breakGlass
  }
}

/// A decision on an approval.
package struct DecisionRequest: Codable, Sendable {
  /// Digest of the approval that was looked at.
  package var digest: String?

  package static let members = ["digest"]

  package init(digest: String? = nil) {
    self.digest = digest
  }
}

/// What a release would lift and start; nothing changes.
package struct ReleasePlanDocument: Codable, Sendable {
  package struct Obstacle: Codable, Sendable {
    /// `in_doubt`, `reconciliation`, `feed` or `alert`.
    package var name: String
    package var detail: String

    package init(name: String, detail: String) {
      self.name = name
      self.detail = detail
    }
  }

  package var controls: [ControlItem]
  package var epoch: UInt64
  /// Who trades again, as TENANT/PROFILE.
  package var profiles: [String]
  /// In words, in order; the last opens everything.
  package var stages: [String]
  package var digest: String
  /// Empty when it could be released now.
  package var obstacles: [Obstacle]

  package init(
    controls: [ControlItem], epoch: UInt64, profiles: [String], stages: [String], digest: String, obstacles: [Obstacle]
  ) {
    self.controls = controls
    self.epoch = epoch
    self.profiles = profiles
    self.stages = stages
    self.digest = digest
    self.obstacles = obstacles
  }
}

/// A staged release under way.
package struct RolloutItem: Codable, Sendable {
  package var controls: [String]
  package var stage: Int
  package var of: Int
  /// Who is open in this stage, in words.
  package var open: String
  package var since: String
  package var until: String

  package init(controls: [String], stage: Int, of: Int, open: String, since: String, until: String) {
    self.controls = controls
    self.stage = stage
    self.of = of
    self.open = open
    self.since = since
    self.until = until
  }
}
