import Threads

/// Notices which metrics move that were quiet, without sampling them: one sum over the values of each watched family.
/// A metric that moves all the time says nothing by moving once more and is left to the regular samples.
///
/// Confined to its caller.
package struct MetricVigil {
  private struct Watch {
    let family: MetricFamily
    var digest: UInt64
    /// Looks since it last moved, up to `quietLooks`.
    var quiet = MetricVigil.quietLooks
  }

  /// Looks without a move that make a metric quiet.
  package static let quietLooks = 10

  private let registry: MetricRegistry
  private var watched: [Watch] = []
  /// Families that were asked about, in the registry's order: it only grows.
  private var known = 0
  private var reads: Set<String> = []

  package init(_ registry: MetricRegistry) {
    self.registry = registry
  }

  /// Watches the families that have one of these series, e.g. `x_bucket` for the histogram `x`.
  package mutating func watch(_ series: Set<String>) {
    guard series != reads else { return }
    reads = series
    watched = watched.filter { isRead($0.family) }
    for family in registry.families().prefix(known) where isRead(family) {
      if !watched.contains(where: { $0.family === family }) {
        watched.append(Watch(family: family, digest: family.digest))
      }
    }
  }

  /// Names of families that moved since the last look after a time of quiet.
  package mutating func look() -> Set<String> {
    let families = registry.families()
    for family in families.dropFirst(known) where isRead(family) {
      watched.append(Watch(family: family, digest: family.digest))
    }
    known = families.count
    var moved: Set<String> = []
    for index in watched.indices {
      let digest = watched[index].family.digest
      if watched[index].digest == digest {
        watched[index].quiet = min(watched[index].quiet + 1, Self.quietLooks)
      } else {
        if watched[index].quiet >= Self.quietLooks { moved.insert(watched[index].family.definition.name) }
        watched[index].digest = digest
        watched[index].quiet = 0
      }
      ThreadSchedule.giveWay()
    }
    return moved
  }

  private func isRead(_ family: MetricFamily) -> Bool {
    Self.series(of: family.definition.name).contains(where: reads.contains)
  }

  /// Names of the series a family can have.
  package static func series(of name: String) -> [String] { [name, "\(name)_bucket", "\(name)_sum", "\(name)_count"] }
}

extension MetricFamily {
  /// Changes when any value does, and when a child is added.
  fileprivate var digest: UInt64 {
    let children = children()
    var digest = UInt64(children.count)
    for index in children.indices { children[index].instrument.mix(into: &digest) }
    return digest
  }
}
