import PromQL

/// All series, and where each label value leads.
struct HeadState {
  /// Nil where a series has expired and its place is free.
  private(set) var series: [HeadSeries?] = []
  private var free: [Int] = []
  private var identities: UInt64 = 0
  private var byLabels: [Labels: Int] = [:]
  /// label name → value → places.
  private(set) var postings: [String: [String: [Int]]] = [:]
  /// Places of selectors asked for before; rules ask for the same ones every second.
  private var resolved: [SeriesSelector: [Int]] = [:]
  private var resolvedPlaces = 0

  /// Selectors remembered until the set of series changes, and places in all of them: the second bounds the memory that
  /// callers with ever new selectors can take, 32 MiB.
  private static let resolvedMax = 2_048
  private static let resolvedPlacesMax = 4_194_304

  var count: Int { series.count - free.count }

  /// The place of the series with these labels, made on first use; nil when there are `seriesMax` already.
  mutating func place(of labels: Labels, seriesMax: Int) -> Int? {
    if let place = byLabels[labels] { return place }
    guard count < seriesMax else { return nil }
    let place = free.popLast() ?? series.count
    if place == series.count { series.append(nil) }
    identities += 1
    series[place] = HeadSeries(labels, identity: identities)
    byLabels[labels] = place
    for (name, value) in labels.pairs { postings[name, default: [:]][value, default: []].append(place) }
    forgetResolved()
    return place
  }

  func identity(at place: Int) -> UInt64? { series[place]?.identity }

  /// Appends to the series at `place` if it still is the one with `identity`.
  mutating func append(_ time: Int64, _ value: Double, at place: Int, _ identity: UInt64) -> MetricStore.Rejection? {
    guard series[place]?.identity == identity else { return .expired }
    return series[place]?.append(time, value)
  }

  /// Drops what ended before `time`: chunks, and series with nothing left.
  mutating func expire(before time: Int64) {
    var isChanged = false
    for place in series.indices where series[place]?.expire(before: time) == true {
      remove(place)
      isChanged = true
    }
    if isChanged { forgetResolved() }
  }

  /// Drops samples after `time`.
  mutating func truncate(after time: Int64) {
    for place in series.indices { series[place]?.truncate(after: time) }
  }

  private mutating func remove(_ place: Int) {
    guard let labels = series[place]?.labels else { return }
    series[place] = nil
    free.append(place)
    byLabels[labels] = nil
    for (name, value) in labels.pairs {
      postings[name]?[value]?.removeAll { $0 == place }
      if postings[name]?[value]?.isEmpty == true { postings[name]?[value] = nil }
      if postings[name]?.isEmpty == true { postings[name] = nil }
    }
  }

  private mutating func forgetResolved() {
    resolved.removeAll(keepingCapacity: true)
    resolvedPlaces = 0
  }

  /// Series all of whose matchers hold. Stopped half way the answer is incomplete and is not remembered.
  mutating func matching(_ selector: SeriesSelector, shouldStop: () -> Bool) -> [HeadSeries] {
    places(selector, shouldStop).compactMap { series[$0] }
  }

  private mutating func places(_ selector: SeriesSelector, _ shouldStop: () -> Bool) -> [Int] {
    if let known = resolved[selector] { return known }
    var found: [Int] = []
    for (position, place) in candidates(selector).enumerated() {
      if position % 64 == 63, shouldStop() { return found }
      if let one = series[place], selector.matches(one.labels) { found.append(place) }
    }
    if resolved.count >= Self.resolvedMax || resolvedPlaces + found.count > Self.resolvedPlacesMax { forgetResolved() }
    resolved[selector] = found
    resolvedPlaces += found.count
    return found
  }

  /// Places that can match: the shortest list any matcher with listable values leads to.
  private func candidates(_ selector: SeriesSelector) -> [Int] {
    var best: [Int]?
    for matcher in selector.matchers {
      // A matcher that also accepts a missing label cannot narrow the search.
      guard let values = matcher.literalValues, !values.contains("") else { continue }
      let lists = Set(values).compactMap { postings[matcher.name]?[$0] }
      let count = lists.reduce(0) { $0 + $1.count }
      if best.map({ count < $0.count }) ?? true { best = Array(lists.joined()) }
    }
    return best ?? Array(series.indices)
  }
}
