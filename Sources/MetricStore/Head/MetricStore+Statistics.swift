import Synchronization

extension MetricStore {
  /// What the series in memory take, and which names and labels have most of them.
  package struct Statistics: Sendable {
    package var series = 0
    package var labelPairs = 0
    package var chunks = 0
    /// Milliseconds since 1970; 0 when there are no samples.
    package var minTime: Int64 = 0
    package var maxTime: Int64 = 0
    package var seriesByMetric: [(name: String, value: Int)] = []
    package var valuesByLabel: [(name: String, value: Int)] = []
    package var bytesByLabel: [(name: String, value: Int)] = []
    package var seriesByPair: [(name: String, value: Int)] = []
  }

  /// - Parameter limit: items of each list, most first.
  package func statistics(limit: Int) -> Statistics {
    state.withLock { state in
      var statistics = Statistics()
      statistics.series = state.head.count
      statistics.chunks = state.head.series.reduce(0) { $0 + ($1.map { $0.closed.count + 1 } ?? 0) }
      if let span = state.head.span { (statistics.minTime, statistics.maxTime) = (span.lowerBound, span.upperBound) }
      var pairs: [(name: String, value: Int)] = []
      for (name, values) in state.head.postings {
        statistics.valuesByLabel.append((name, values.count))
        var bytes = 0
        for (value, places) in values {
          bytes += value.utf8.count * places.count
          pairs.append(("\(name)=\(value)", places.count))
        }
        statistics.bytesByLabel.append((name, bytes))
      }
      statistics.labelPairs = pairs.count
      let metrics = (state.head.postings["__name__"] ?? [:]).map { (name: $0.key, value: $0.value.count) }
      func most(_ items: [(name: String, value: Int)]) -> [(name: String, value: Int)] {
        Array(items.sorted { ($1.value, $0.name) < ($0.value, $1.name) }.prefix(limit))
      }
      statistics.seriesByMetric = most(metrics)
      statistics.valuesByLabel = most(statistics.valuesByLabel)
      statistics.bytesByLabel = most(statistics.bytesByLabel)
      statistics.seriesByPair = most(pairs)
      return statistics
    }
  }
}
