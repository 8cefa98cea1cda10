import Threads

/// Reads the whole registry once a tick for the metric store, describing each series only the first time it is seen.
///
/// Confined to its caller: one sampler per store.
package struct MetricSampler {
  private let registry: MetricRegistry
  /// Children already described, per family in the registry's order.
  private var described: [Int] = []
  /// Time of the newest exemplar handed out.
  private var exemplarTime = Int64.min

  package init(_ registry: MetricRegistry) {
    self.registry = registry
  }

  /// Values of every series now, family by family. Families and their children are only ever added at the end, so a
  /// series keeps its place: (family, index within family).
  ///
  /// - Parameters:
  ///   - only: families to read, by name, without collecting; nil collects and reads all.
  ///   - newSeries: called for each series not seen in an earlier sample, in the order in which the values follow, before
  ///     the `values` of its family.
  ///   - values: called once per family.
  ///   - exemplars: called for each exemplar not handed out before, with the index of its bucket's series; none
  ///     when `only` names families.
  package mutating func sample(
    only: Set<String>? = nil, newSeries: (_ family: Int, _ description: SeriesDescription) -> Void,
    values: (_ family: Int, _ values: [Double]) -> Void,
    exemplars: (_ family: Int, _ index: Int, _ exemplar: ObservedExemplar) -> Void = { _, _, _ in }
  ) {
    var buffer: [Double] = []
    let after = exemplarTime
    let families = only == nil ? registry.collected() : registry.families()
    for (position, family) in families.enumerated() {
      if position == described.count { described.append(0) }
      if let only, !only.contains(family.definition.name) { continue }
      let children = family.children()
      for child in children[described[position]...] {
        for series in SeriesDescription.all(of: child, in: family.definition) { newSeries(position, series) }
      }
      described[position] = children.count
      buffer.removeAll(keepingCapacity: true)
      for child in children {
        // One time bounds all families' exemplars, so only a sample of all of them may hand some out.
        if only == nil, case .histogram(let histogram) = child.instrument {
          for (bucket, exemplar) in histogram.exemplars(after: after) {
            exemplarTime = max(exemplarTime, exemplar.time)
            exemplars(position, buffer.count + bucket, exemplar)
          }
        }
        child.instrument.read(into: &buffer)
      }
      values(position, buffer)
      ThreadSchedule.giveWay()
    }
  }
}
