package import ControlModel
package import PromQL

/// Who is told of which alerts, how alerts are put together, and when nobody is told: Alertmanager's routing tree.
package struct RoutingTree: Sendable {
  /// One node. Nil inherits from the parent.
  package struct Node: Sendable {
    package var matchers = LabelMatchers.all
    package var receivers: [String]?
    package var groupBy: GroupBy?
    package var groupWaitMilliseconds: Int64?
    package var groupIntervalMilliseconds: Int64?
    package var repeatIntervalMilliseconds: Int64?
    package var continues = false
    /// Names of time intervals; not inherited.
    package var muteTimes: [String] = []
    package var activeTimes: [String] = []
    package var children: [Node] = []

    package init() {}
  }

  package enum GroupBy: Sendable, Equatable {
    /// Each alert by itself, Alertmanager's `...`.
    case everyLabel
    case labels([String])
  }

  /// A node an alert ended at, with everything inherited filled in.
  package struct Leaf: Sendable {
    /// `{}/{severity="critical"}`, as Alertmanager builds its group keys.
    package let key: String
    package let receivers: [String]
    package let groupBy: GroupBy
    package let groupWaitMilliseconds: Int64
    package let groupIntervalMilliseconds: Int64
    package let repeatIntervalMilliseconds: Int64
    package let muteTimes: [String]
    package let activeTimes: [String]
    /// Whether it is the root, where alerts end that no route names.
    package let isRoot: Bool
  }

  package let root: Node
  /// Named times of routes.
  package let intervals: [String: [CalendarInterval]]
  package let inhibitions: [Inhibition]

  /// Depth of the tree and nodes in all.
  package static let depthMax = 16
  package static let nodesMax = 500

  /// Without waiting and without grouping: the first person hears at once, alone. `repeat` as in Alertmanager.
  static let defaults = (
    groupBy: GroupBy.everyLabel, wait: Int64(0), interval: Int64(0), repeats: Int64(4 * 3600 * 1000)
  )

  package init(root: Node, intervals: [String: [CalendarInterval]] = [:], inhibitions: [Inhibition] = []) {
    self.root = root
    self.intervals = intervals
    self.inhibitions = inhibitions
  }

  /// Every receiver is told of everything, at once.
  package init(toAll receivers: [String], inhibitions: [Inhibition] = []) {
    var root = Node()
    root.receivers = receivers
    self.init(root: root, inhibitions: inhibitions)
  }

  /// Where an alert with these labels ends: the deepest node that matches on each path, the first path unless `continue`.
  package func leaves(for labels: Labels) -> [Leaf] {
    let top = Leaf(
      key: "{}", receivers: root.receivers ?? [], groupBy: root.groupBy ?? Self.defaults.groupBy,
      groupWaitMilliseconds: root.groupWaitMilliseconds ?? Self.defaults.wait,
      groupIntervalMilliseconds: root.groupIntervalMilliseconds ?? Self.defaults.interval,
      repeatIntervalMilliseconds: root.repeatIntervalMilliseconds ?? Self.defaults.repeats, muteTimes: [],
      activeTimes: [], isRoot: true)
    return Self.leaves(root, top, labels)
  }

  private static func leaves(_ node: Node, _ own: Leaf, _ labels: Labels) -> [Leaf] {
    var found: [Leaf] = []
    for child in node.children where child.matchers.matches(labels) {
      let leaf = Leaf(
        key: "\(own.key)/\(child.matchers.description)", receivers: child.receivers ?? own.receivers,
        groupBy: child.groupBy ?? own.groupBy,
        groupWaitMilliseconds: child.groupWaitMilliseconds ?? own.groupWaitMilliseconds,
        groupIntervalMilliseconds: child.groupIntervalMilliseconds ?? own.groupIntervalMilliseconds,
        repeatIntervalMilliseconds: child.repeatIntervalMilliseconds ?? own.repeatIntervalMilliseconds,
        muteTimes: child.muteTimes, activeTimes: child.activeTimes, isRoot: false)
      found += leaves(child, leaf, labels)
      if !child.continues { break }
    }
    return found.isEmpty ? [own] : found
  }

  /// Whether somebody may be told at `leaf` at this time. An alert that acts by itself is told at any hour.
  package func isOpen(_ leaf: Leaf, at now: WallTime) -> Bool {
    func isWithin(_ names: [String]) -> Bool {
      names.contains { name in intervals[name]?.contains { $0.contains(now) } == true }
    }
    return !isWithin(leaf.muteTimes) && (leaf.activeTimes.isEmpty || isWithin(leaf.activeTimes))
  }

  /// The labels an alert is grouped by.
  package static func groupLabels(_ labels: Labels, by groupBy: GroupBy) -> [(name: String, value: String)] {
    switch groupBy {
    case .everyLabel: labels.pairs.map { ($0.name, $0.value) }
    case .labels(let names):
      Set(names).sorted().compactMap { name in labels[name].map { (name, $0) } }
    }
  }

  /// Receivers named anywhere in the tree.
  package var receiverNames: Set<String> {
    func names(_ node: Node) -> Set<String> {
      node.children.reduce(Set(node.receivers ?? [])) { $0.union(names($1)) }
    }
    return names(root)
  }
}
