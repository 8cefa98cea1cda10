package import PromQL

/// One observation that stands for many: where to look when a bucket or counter moved.
package struct Exemplar: Equatable, Sendable {
  /// Usually `trace_id` and `request_id`.
  package let labels: Labels
  package let value: Double
  /// Milliseconds since 1970.
  package let timestamp: Int64

  /// OpenMetrics 1.0: label names and values of one exemplar, in characters.
  package static let labelCharactersMax = 128

  package init(labels: Labels, value: Double, timestamp: Int64) {
    self.labels = labels
    self.value = value
    self.timestamp = timestamp
  }
}

/// The newest exemplars of all series.
struct ExemplarRing {
  /// Some 200 bytes each.
  static let capacity = 10_000

  private(set) var kept: [(labels: Labels, exemplar: Exemplar)] = []
  private var next = 0

  mutating func append(_ exemplar: Exemplar, of labels: Labels) {
    if kept.count < Self.capacity {
      kept.append((labels, exemplar))
    } else {
      kept[next] = (labels, exemplar)
    }
    next = (next + 1) % Self.capacity
  }

  /// Exemplars by series, both in order.
  func select(_ selectors: [SeriesSelector], _ window: ClosedRange<Int64>) -> [(labels: Labels, exemplars: [Exemplar])]
  {
    var found: [Labels: [Exemplar]] = [:]
    for (labels, exemplar) in kept
    where window.contains(exemplar.timestamp) && selectors.contains(where: { $0.matches(labels) }) {
      found[labels, default: []].append(exemplar)
    }
    return found.map { ($0.key, $0.value.sorted { $0.timestamp < $1.timestamp }) }.sorted { $0.labels < $1.labels }
  }
}
