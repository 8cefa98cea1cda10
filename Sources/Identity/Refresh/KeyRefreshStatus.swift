package import ControlModel

/// What an operator needs to know about the signing keys.
package struct KeyRefreshStatus: Sendable {
  package internal(set) var lastSuccess: WallTime?
  package internal(set) var lastFailure: WallTime?
  /// Of the latest fetch, if it failed; cut to `errorLengthMax` characters.
  package internal(set) var lastError: String?
  /// Since the last success, on the monotonic clock; `nil` if there was none. Alert at 15 minutes.
  package internal(set) var age: Duration?
  package internal(set) var fetches = 0
  package internal(set) var failures = 0
  /// Names of the keys in force, pinned ones first, and keys left out with the reason.
  package internal(set) var keyIDs: [String] = []
  package internal(set) var skipped: [SkippedKey] = []

  static let errorLengthMax = 300

  init() {}

  /// Keys that come from configuration and are never fetched.
  package init(pinned keys: KeySet) {
    keyIDs = keys.keys.map(\.id)
    skipped = keys.skipped
  }
}
