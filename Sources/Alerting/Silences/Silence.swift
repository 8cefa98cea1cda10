package import ControlModel
import PromQL

/// Someone's decision, with a reason and an end, that nobody is told of certain alerts. It mutes notifications only:
/// rules, history and automatic controls go on.
package struct Silence: Sendable, Equatable {
  package let id: String
  package let matchers: LabelMatchers
  package let startsAt: WallTime
  package internal(set) var endsAt: WallTime
  package let createdBy: String
  package let createdAt: WallTime
  package let reason: String
  /// Ends as soon as none of the alerts it matched is active any more, and at `endsAt` at the latest.
  package let endsWithAlert: Bool
  /// Whether an active alert has matched since it began: only then can it end with its alert.
  package internal(set) var hasMatched: Bool

  package static let reasonCharacters = 10...500
  /// Shortest and longest time in force; the longest is a decision to be taken again every month.
  package static let lifetimeMilliseconds: ClosedRange<Int64> = 60_000...31 * 86_400_000
  /// How far ahead one may begin.
  package static let leadMillisecondsMax: Int64 = 31 * 86_400_000
  /// Most silences kept that have not ended.
  package static let countMax = 500
  /// How long before its end whoever is muted is told.
  package static let warningMilliseconds: Int64 = 600_000

  package enum State: String, Sendable, Codable, CaseIterable {
    case pending, active, expired
  }

  package init(
    id: String, matchers: LabelMatchers, startsAt: WallTime, endsAt: WallTime, createdBy: String, createdAt: WallTime,
    reason: String, endsWithAlert: Bool, hasMatched: Bool = false
  ) {
    self.id = id
    self.matchers = matchers
    self.startsAt = startsAt
    self.endsAt = endsAt
    self.createdBy = createdBy
    self.createdAt = createdAt
    self.reason = reason
    self.endsWithAlert = endsWithAlert
    self.hasMatched = hasMatched
  }

  package func state(at now: WallTime) -> State { now < startsAt ? .pending : now < endsAt ? .active : .expired }

  /// Whether it may keep people from hearing of `alert` at all. Not of an alert that acts by itself, and not of the
  /// watchdog, whose silence is the alarm.
  package static func canMute(_ alert: Alert) -> Bool {
    alert.name != "Watchdog" && alert.labels["control_mode"] != "auto"
  }

  package func mutes(_ alert: Alert, at now: WallTime) -> Bool {
    state(at: now) == .active && Self.canMute(alert) && matchers.matches(alert.labels)
  }
}

/// Every silence that has not ended, and lately ended ones, as a value.
package struct SilenceSet: Sendable {
  package private(set) var byID: [String: Silence] = [:]
  /// Whose end has been announced.
  private var warned: Set<String> = []

  package init(_ silences: [Silence] = []) {
    for silence in silences { byID[silence.id] = silence }
  }

  /// Newest first.
  package var all: [Silence] {
    byID.values.sorted { ($1.createdAt, $1.id) < ($0.createdAt, $0.id) }
  }

  package func active(at now: WallTime) -> [Silence] { byID.values.filter { $0.state(at: now) == .active } }

  package mutating func put(_ silence: Silence) {
    byID[silence.id] = silence
    warned.remove(silence.id)
  }

  package mutating func remove(_ id: String) { byID[id] = nil }

  /// The silences that keep people from hearing of `alert`.
  package func muting(_ alert: Alert, at now: WallTime) -> [Silence] {
    guard !byID.isEmpty, Silence.canMute(alert) else { return [] }
    return byID.values.filter { $0.mutes(alert, at: now) }.sorted { $0.id < $1.id }
  }

  /// What changed by itself until `now`.
  package struct Passing: Sendable {
    /// Found an alert for the first time, or ended with its alerts: to be written.
    package var changed: [Silence] = []
    /// Will end in ten minutes while it mutes an active alert.
    package var expiring: [(silence: Silence, alerts: [Alert])] = []
  }

  /// Lets time pass: silences that end with their alert end, those about to end are named once.
  package mutating func pass(_ alerts: [Alert], at now: WallTime) -> Passing {
    var passing = Passing()
    for var silence in byID.values where silence.state(at: now) == .active {
      let muted = alerts.filter { silence.mutes($0, at: now) }
      if silence.endsWithAlert {
        if !muted.isEmpty, !silence.hasMatched {
          silence.hasMatched = true
          byID[silence.id] = silence
          passing.changed.append(silence)
        } else if muted.isEmpty, silence.hasMatched {
          silence.endsAt = now
          byID[silence.id] = silence
          passing.changed.append(silence)
          continue
        }
      }
      let remaining = silence.endsAt.unixMilliseconds - now.unixMilliseconds
      // A silence of less than ten minutes was made by someone who is still there.
      let isLong = silence.endsAt.unixMilliseconds - silence.startsAt.unixMilliseconds > Silence.warningMilliseconds
      if isLong, remaining <= Silence.warningMilliseconds, !muted.isEmpty, warned.insert(silence.id).inserted {
        passing.expiring.append((silence, muted))
      }
    }
    // An ended one stays a day, for whoever asks what was muted last night.
    byID = byID.filter { now.unixMilliseconds - $0.value.endsAt.unixMilliseconds < 86_400_000 }
    warned = warned.filter { byID[$0] != nil }
    return passing
  }

  package func counts(at now: WallTime) -> [Silence.State: Int] {
    byID.values.reduce(into: [:]) { $0[$1.state(at: now), default: 0] += 1 }
  }
}
