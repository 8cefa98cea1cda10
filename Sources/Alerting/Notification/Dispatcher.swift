package import ControlModel
package import PromQL

/// Decides who is told what and when: alerts in, messages out, as a pure state machine over Alertmanager's rules of
/// grouping, waiting, repeating, muting. What each receiver was last told is kept, so that nobody is told twice.
package struct Dispatcher: Sendable {
  /// What a receiver was last told of a group; durable.
  package struct Told: Codable, Sendable, Equatable {
    package let receiver: String
    package let groupKey: String
    /// Fingerprints of alerts it knows to fire.
    package var firing: Set<String>
    /// Those it was told of and that are muted since: their end is told, and their return is news.
    package var muted: Set<String>
    /// Unix milliseconds.
    package var at: Int64

    package var isEmpty: Bool { firing.isEmpty && muted.isEmpty }
    package var key: String { "\(receiver)\n\(groupKey)" }
  }

  /// What one turn decided.
  package struct Turn: Sendable {
    package var notifications: [Notification] = []
    /// What changed in what receivers know; an empty one is forgotten.
    package var told: [Told] = []
    /// Fingerprints of firing alerts nobody is told of now, with why.
    package var muted: [String: Muting] = [:]
    /// Alerts that found no group.
    package var dropped = 0
  }

  /// Why nobody is told of an alert.
  package struct Muting: Sendable, Equatable {
    package var silences: [String] = []
    package var isInhibited = false
    package var isOutOfHours = false
  }

  private struct Group: Sendable {
    let leaf: RoutingTree.Leaf
    let key: String
    let labels: [String: String]
    /// By fingerprint, with when they resolved.
    var alerts: [String: (alert: Alert, resolvedAt: WallTime?)] = [:]
    var dueAt: WallTime
    var flushedAt: WallTime?
  }

  /// Groups at the same time; alerts of further ones are dropped and counted.
  package static let groupsMax = 10_000
  /// Without news a group is looked at this often: for repeats, ends of silences, beginnings of hours.
  private static let lookMilliseconds: Int64 = 1000

  private var tree: RoutingTree
  private var receivers: [String: Receiver]
  private var groups: [String: Group] = [:]
  private var told: [String: Told]

  package init(_ tree: RoutingTree, receivers: [Receiver], told: [Told] = []) {
    self.tree = tree
    self.receivers = Dictionary(receivers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.told = Dictionary(told.map { ($0.key, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// Another tree or other receivers, with the alerts that fire now. What receivers know stays known.
  package mutating func replace(_ tree: RoutingTree, receivers: [Receiver], firing: [Alert], at now: WallTime) {
    self.tree = tree
    self.receivers = Dictionary(receivers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    groups = [:]
    restore(firing, at: now)
  }

  /// Takes over alerts that were firing before: their groups are not new and do not wait.
  package mutating func restore(_ firing: [Alert], at now: WallTime) {
    for alert in firing where alert.state == .firing { _ = place(alert, resolvedAt: nil, waits: false, at: now) }
  }

  /// Takes in what changed and says what is to be sent now.
  ///
  /// - Parameter active: every alert as it is now, for values and words, and as sources of inhibition.
  package mutating func turn(
    _ transitions: [AlertDesk.Transition], active: [Alert], silences: SilenceSet, at now: WallTime
  ) -> Turn {
    var turn = Turn()
    for transition in transitions {
      switch transition.what {
      case .firing: if !place(transition.alert, resolvedAt: nil, waits: true, at: now) { turn.dropped += 1 }
      case .resolved: if !place(transition.alert, resolvedAt: transition.at, waits: true, at: now) { turn.dropped += 1 }
      case .pending, .dropped: break
      }
    }
    let firing = active.filter { $0.state == .firing }
    turn.muted = mutings(firing, silences, at: now)
    guard !groups.isEmpty else { return turn }
    let current = Dictionary(firing.map { ($0.fingerprint, $0) }, uniquingKeysWith: { first, _ in first })
    for key in groups.keys.sorted() {
      guard var group = groups[key], group.dueAt <= now else { continue }
      flush(&group, current, &turn, at: now)
      group.flushedAt = now
      group.dueAt = now.adding(milliseconds: max(Self.lookMilliseconds, group.leaf.groupIntervalMilliseconds))
      groups[key] = group.alerts.isEmpty ? nil : group
    }
    return turn
  }

  /// `{}/{severity="critical"}:{alertname="Down"}`: names a group over restarts.
  package static func groupKey(_ labels: Labels, _ leaf: RoutingTree.Leaf) -> String {
    let own = RoutingTree.groupLabels(labels, by: leaf.groupBy)
    let text = own.map { "\($0.name)=\(GoFormat.format("%q", [.text($0.value)]))" }.joined(separator: ", ")
    return "\(leaf.key):{\(text)}"
  }

  /// Where an alert with these labels would go, in the order of the tree.
  package func route(_ labels: Labels) -> [RoutingTree.Leaf] { tree.leaves(for: labels) }

  package var inhibitions: [Inhibition] { tree.inhibitions }
  package var groupCount: Int { groups.count }

  // MARK: Groups

  /// Puts an alert into its groups. False when there was no room for one.
  private mutating func place(_ alert: Alert, resolvedAt: WallTime?, waits: Bool, at now: WallTime) -> Bool {
    var hasRoom = true
    for leaf in tree.leaves(for: alert.labels) {
      // Nobody asked for alerts of severity none but a route that names them, such as the watchdog's.
      if leaf.isRoot, alert.severity == "none" { continue }
      let labels = RoutingTree.groupLabels(alert.labels, by: leaf.groupBy)
      let key = Self.groupKey(alert.labels, leaf)
      var group: Group
      if let known = groups[key] {
        group = known
      } else {
        guard groups.count < Self.groupsMax else {
          hasRoom = false
          continue
        }
        let wait = waits ? leaf.groupWaitMilliseconds : 0
        group = Group(
          leaf: leaf, key: key,
          labels: Dictionary(labels.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
          dueAt: now.adding(milliseconds: wait))
      }
      // An idle group is looked at every second; news does not wait for that, only for the group's interval.
      if let flushedAt = group.flushedAt {
        let next = flushedAt.adding(milliseconds: leaf.groupIntervalMilliseconds)
        group.dueAt = min(group.dueAt, max(next, now))
      }
      group.alerts[alert.fingerprint] = (alert, resolvedAt)
      groups[key] = group
    }
    return hasRoom
  }

  private mutating func flush(_ group: inout Group, _ current: [String: Alert], _ turn: inout Turn, at now: WallTime) {
    let isOpen = tree.isOpen(group.leaf, at: now)
    var firing: [Notification.Item] = []
    var muted: Set<String> = []
    var resolved: [Notification.Item] = []
    for (fingerprint, entry) in group.alerts.sorted(by: { $0.key < $1.key }) {
      if let end = entry.resolvedAt {
        resolved.append(Notification.Item(entry.alert, resolvedAt: end))
        group.alerts[fingerprint] = nil
        continue
      }
      let alert = current[fingerprint] ?? entry.alert
      let isTold = (isOpen || !Silence.canMute(alert)) && turn.muted[fingerprint] == nil
      if isTold {
        firing.append(Notification.Item(alert, resolvedAt: nil))
      } else {
        muted.insert(fingerprint)
        if !isOpen, Silence.canMute(alert) { turn.muted[fingerprint, default: Muting()].isOutOfHours = true }
      }
    }
    for name in group.leaf.receivers {
      guard let receiver = receivers[name], receiver.takesMessages else { continue }
      tell(receiver, group, firing, muted, resolved, &turn, at: now)
    }
  }

  /// Alertmanager's rule of what is news (notify.DedupStage), with two differences: the end of an alert is told to
  /// whoever heard of its beginning, silenced or not, and an alert whose silence ends is news.
  private mutating func tell(
    _ receiver: Receiver, _ group: Group, _ firing: [Notification.Item], _ muted: Set<String>,
    _ resolved: [Notification.Item], _ turn: inout Turn, at now: WallTime
  ) {
    let key = "\(receiver.name)\n\(group.key)"
    let before = told[key] ?? Told(receiver: receiver.name, groupKey: group.key, firing: [], muted: [], at: 0)
    let known = before.firing.union(before.muted)
    let ended = resolved.filter { known.contains($0.fingerprint) }
    let endedNames = Set(ended.map(\.fingerprint))
    let names = Set(firing.map(\.fingerprint))
    var after = before
    after.muted = known.intersection(muted).subtracting(endedNames)
    after.firing = before.firing.subtracting(muted).subtracting(endedNames)
    let isNew = !names.isSubset(of: after.firing)
    let isDue = !names.isEmpty && now.unixMilliseconds - before.at >= group.leaf.repeatIntervalMilliseconds
    let tellsEnds = receiver.sendsResolved && !ended.isEmpty
    if isNew || isDue || tellsEnds {
      after.firing = names
      after.at = now.unixMilliseconds
      turn.notifications.append(
        Notification(
          receiver: receiver.name, cause: isNew ? .new : tellsEnds ? .resolved : .repeat, groupKey: group.key,
          groupLabels: group.labels, alerts: firing + (receiver.sendsResolved ? ended : []), at: now))
    }
    guard after != before else { return }
    turn.told.append(after)
    told[key] = after.isEmpty ? nil : after
  }

  private func mutings(_ firing: [Alert], _ silences: SilenceSet, at now: WallTime) -> [String: Muting] {
    guard !silences.byID.isEmpty || !tree.inhibitions.isEmpty else { return [:] }
    var mutings: [String: Muting] = [:]
    let sources = tree.inhibitions.map { inhibition in firing.filter { inhibition.source.matches($0.labels) } }
    for alert in firing {
      let muting = Muting(
        silences: silences.muting(alert, at: now).map(\.id),
        isInhibited: zip(tree.inhibitions, sources).contains { $0.mutes(alert, by: $1) })
      if !muting.silences.isEmpty || muting.isInhibited { mutings[alert.fingerprint] = muting }
    }
    return mutings
  }
}
