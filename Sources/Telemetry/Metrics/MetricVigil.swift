/// Notices which metrics move that were quiet, without sampling them: one sum over the values of each watched family.
/// A metric that moves all the time says nothing by moving once more and is left to the regular samples.
///
/// Confined to its caller.
package struct MetricVigil {
  private struct Watch {
    var digest: UInt64
    /// Looks since it last moved, up to `quietLooks`.
    var quiet: Int
  }

  /// Looks without a move that make a metric quiet.
  package static let quietLooks = 10

  private let registry: MetricRegistry
  private var watched: [String: Watch] = [:]
  private var reads: Set<String> = []

  package init(_ registry: MetricRegistry) {
    self.registry = registry
  }

  /// Watches the families that have one of these series, e.g. `x_bucket` for the histogram `x`.
  package mutating func watch(_ series: Set<String>) { reads = series }

  /// Names of families that moved since the last look after a time of quiet.
  package mutating func look() -> Set<String> {
    var moved: Set<String> = []
    for family in registry.families() {
      let name = family.definition.name
      guard Self.series(of: name).contains(where: reads.contains) else { continue }
      let digest = family.digest
      guard var watch = watched[name] else {
        watched[name] = Watch(digest: digest, quiet: Self.quietLooks)
        continue
      }
      if watch.digest == digest {
        watch.quiet = min(watch.quiet + 1, Self.quietLooks)
      } else {
        if watch.quiet >= Self.quietLooks { moved.insert(name) }
        watch = Watch(digest: digest, quiet: 0)
      }
      watched[name] = watch
    }
    return moved
  }

  /// Names of the series a family can have.
  package static func series(of name: String) -> [String] { [name, "\(name)_bucket", "\(name)_sum", "\(name)_count"] }
}

extension MetricFamily {
  /// Changes when any value does, and when a child is added.
  fileprivate var digest: UInt64 {
    var buffer: [Double] = []
    for child in children() { child.instrument.read(into: &buffer) }
    return buffer.reduce(UInt64(buffer.count)) { ($0 ^ $1.bitPattern) &* 0x0000_0100_0000_01b3 }
  }
}
