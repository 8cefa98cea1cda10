/// What the process was told: `GET /admin/config`.
package struct ConfigurationDocument: Codable, Sendable {
  package struct Setting: Codable, Sendable, Equatable {
    package var key: String
    package var value: String
    /// `file:line` or the environment variable's name.
    package var source: String

    package init(key: String, value: String, source: String) {
      self.key = key
      self.value = value
      self.source = source
    }
  }

  package var version: Int
  package var loadedAt: String
  /// Settings that are not defaults.
  package var settings: [Setting]

  package init(version: Int, loadedAt: String, settings: [Setting]) {
    self.version = version
    self.loadedAt = loadedAt
    self.settings = settings
  }
}

/// One configuration this process has run on.
package struct ConfigurationVersionItem: Codable, Sendable, Equatable {
  package var version: Int
  package var loadedAt: String
  package var by: String
  package var isCurrent: Bool
  /// What was different from the version before: in force at once, or only after a restart.
  package var applied: [String]
  package var needsRestart: [String]

  package init(
    version: Int, loadedAt: String, by: String, isCurrent: Bool, applied: [String], needsRestart: [String]
  ) {
    self.version = version
    self.loadedAt = loadedAt
    self.by = by
    self.isCurrent = isCurrent
    self.applied = applied
    self.needsRestart = needsRestart
  }
}

/// `POST /admin/config/rollback`
package struct RollbackRequest: Codable, Sendable {
  /// Default: the version before the present one.
  package var version: Int?

  package static let members = ["version"]
}
