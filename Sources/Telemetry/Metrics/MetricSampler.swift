/// Reads the whole registry once a tick for the metric store, describing each series only the first time it is seen.
///
/// Confined to its caller: one sampler per store.
package struct MetricSampler {
  private let registry: MetricRegistry
  /// Children already described, per family in the registry's order.
  private var described: [Int] = []

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
  package mutating func sample(
    only: Set<String>? = nil, newSeries: (_ family: Int, _ description: SeriesDescription) -> Void,
    values: (_ family: Int, _ values: [Double]) -> Void
  ) {
    var buffer: [Double] = []
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
      for child in children { child.instrument.read(into: &buffer) }
      values(position, buffer)
    }
  }
}
