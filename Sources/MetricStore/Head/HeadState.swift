import PromQL

/// One series: closed chunks and the one being filled.
struct HeadSeries: Sendable {
  let labels: Labels
  private var closed: [XORChunk] = []
  private var open = XORChunk()
  private(set) var last: Sample?

  init(_ labels: Labels) {
    self.labels = labels
  }

  /// Nil when stored.
  mutating func append(_ time: Int64, _ value: Double) -> MetricStore.Rejection? {
    if let last {
      if time < last.timestamp { return .outOfOrder }
      if time == last.timestamp { return .duplicate }
    }
    if open.isFull {
      closed.append(open)
      open = XORChunk()
    }
    open.append(time, value)
    last = Sample(timestamp: time, value: value)
    return nil
  }

  mutating func drop(before time: Int64) {
    guard let first = closed.first, first.lastTime < time else { return }
    closed.removeAll { $0.lastTime < time }
  }

  func overlaps(_ window: ClosedRange<Int64>) -> Bool {
    guard let last else { return false }
    let first = closed.first?.firstTime ?? open.firstTime
    return first <= window.upperBound && last.timestamp >= window.lowerBound
  }

  func load(_ window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
    for chunk in closed { chunk.load(window, into: &samples) }
    open.load(window, into: &samples)
  }
}

/// All series, and where each label value leads.
struct HeadState {
  var series: [HeadSeries] = []
  private var byLabels: [Labels: Int] = [:]
  /// label name → value → series, ascending.
  private(set) var postings: [String: [String: [Int]]] = [:]
  /// Series of selectors asked for before; rules ask for the same ones every second.
  private var resolved: [SeriesSelector: [Int]] = [:]

  /// Selectors remembered until the set of series changes.
  private static let resolvedMax = 2_048

  mutating func index(of labels: Labels, seriesMax: Int) -> Int? {
    if let index = byLabels[labels] { return index }
    guard series.count < seriesMax else { return nil }
    let index = series.count
    series.append(HeadSeries(labels))
    byLabels[labels] = index
    for (name, value) in labels.pairs { postings[name, default: [:]][value, default: []].append(index) }
    resolved.removeAll(keepingCapacity: true)
    return index
  }

  /// Series all of whose matchers hold. Stopped half way the answer is incomplete and is not remembered.
  mutating func matching(_ selector: SeriesSelector, shouldStop: () -> Bool) -> [Int] {
    if let known = resolved[selector] { return known }
    var found: [Int] = []
    for (position, index) in candidates(selector).enumerated() {
      if position % 64 == 63, shouldStop() { return found }
      if selector.matches(series[index].labels) { found.append(index) }
    }
    if resolved.count >= Self.resolvedMax { resolved.removeAll(keepingCapacity: true) }
    resolved[selector] = found
    return found
  }

  /// Series that can match: the shortest list any matcher with listable values leads to.
  private func candidates(_ selector: SeriesSelector) -> [Int] {
    var best: [Int]?
    for matcher in selector.matchers {
      // A matcher that also accepts a missing label cannot narrow the search.
      guard let values = matcher.literalValues, !values.contains("") else { continue }
      let lists = values.compactMap { postings[matcher.name]?[$0] }
      let count = lists.reduce(0) { $0 + $1.count }
      if best.map({ count < $0.count }) ?? true { best = lists.count == 1 ? lists[0] : Set(lists.joined()).sorted() }
    }
    return best ?? Array(series.indices)
  }
}
