import PromQL

/// All series in memory, and where each label value leads.
struct HeadState {
  /// Nil where a series has expired and its place is free.
  private(set) var series: [HeadSeries?] = []
  /// Samples before this time are refused: they would belong to a block that is finished.
  var minTime = Int64.min
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

  func place(of labels: Labels) -> Int? { byLabels[labels] }

  func identity(at place: Int) -> UInt64? { series[place]?.identity }

  /// Appends to the series at `place` if it still is the one with `identity`, and to `journal` what was stored.
  @inline(__always)
  mutating func append(
    _ time: Int64, _ value: Double, at place: Int, _ identity: UInt64, _ journal: inout MetricJournal
  ) -> MetricStore.Rejection? {
    guard time >= minTime else { return .tooOld }
    return series.withUnsafeMutableBufferPointer { series in
      guard series[place]?.identity == identity else { return .expired }
      if let rejection = series[place]?.append(time, value) { return rejection }
      if series[place] != nil { journal.add(&series[place]!, time, value) }  // was there a line ago
      return nil
    }
  }

  /// Appends without a journal: what a journal holds already.
  @inline(__always)
  mutating func restore(_ time: Int64, _ value: Double, at place: Int) -> Bool {
    guard time >= minTime else { return false }
    return series[place]?.append(time, value) == nil
  }

  mutating func withSeries(at place: Int, _ identity: UInt64, _ body: (inout HeadSeries) -> Void) {
    if series[place]?.identity == identity { body(&series[place]!) }  // was there a line ago
  }

  /// Drops what ended before `time`: chunks, and series with nothing left.
  mutating func expire(before time: Int64) {
    var ended: Set<Int> = []
    for place in series.indices where series[place]?.expire(before: time) == true { ended.insert(place) }
    remove(ended)
  }

  /// Drops samples after `time`.
  mutating func truncate(after time: Int64) {
    for place in series.indices { series[place]?.truncate(after: time) }
    minTime = min(minTime, time)
  }

  private mutating func remove(_ places: Set<Int>) {
    guard !places.isEmpty else { return }
    var touched: [String: Set<String>] = [:]
    for place in places {
      guard let labels = series[place]?.labels else { continue }
      series[place] = nil
      free.append(place)
      byLabels[labels] = nil
      for (name, value) in labels.pairs { touched[name, default: []].insert(value) }
    }
    for (name, values) in touched {
      for value in values {
        postings[name]?[value]?.removeAll { places.contains($0) }
        if postings[name]?[value]?.isEmpty == true { postings[name]?[value] = nil }
      }
      if postings[name]?.isEmpty == true { postings[name] = nil }
    }
    forgetResolved()
  }

  private mutating func forgetResolved() {
    resolved.removeAll(keepingCapacity: true)
    resolvedPlaces = 0
  }

  /// Times of the first and the last sample in memory.
  var span: ClosedRange<Int64>? {
    var (first, last) = (Int64.max, Int64.min)
    for one in series {
      guard let one, let start = one.firstTime, let end = one.last?.timestamp else { continue }
      first = min(first, start)
      last = max(last, end)
    }
    return first <= last ? first...last : nil
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
