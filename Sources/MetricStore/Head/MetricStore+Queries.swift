public import PromQL
import Synchronization

extension MetricStore {
  public func select(
    _ selector: SeriesSelector, window: ClosedRange<Int64>, shouldStop: () -> Bool
  ) throws(SeriesSourceError) -> any SelectedSeries {
    let (head, blocks) = state.withLock { state in
      (
        state.head.matching(selector, shouldStop: shouldStop),
        state.blocks.isEmpty ? [] : state.blocks.filter { $0.meta.overlaps(window) }
      )
    }
    if blocks.isEmpty { return HeadSelection(series: head) }
    do throws(MetricFileError) {
      return try MergedSelection(blocks, head, selector, shouldStop)
    } catch {
      throw SeriesSourceError(error.description)
    }
  }

  /// Label sets of the series that match one of `selectors` and have samples around `window`, each once, sorted.
  package func series(
    _ selectors: [SeriesSelector], window: ClosedRange<Int64>
  ) throws(SeriesSourceError) -> [Labels] {
    let (head, blocks) = sources(selectors, window)
    guard !blocks.isEmpty else {
      var seen: Set<UInt64> = []
      return head.filter { seen.insert($0.identity).inserted }.map(\.labels).sorted()
    }
    var found = Set(head.map(\.labels))
    try forEachSeries(of: blocks, selectors, window) { found.insert($0) }
    return found.sorted()
  }

  /// Label names, sorted: of all series, or of those that match one of `selectors` and have samples around `window`.
  package func labelNames(
    _ selectors: [SeriesSelector] = [], window: ClosedRange<Int64>
  ) throws(SeriesSourceError) -> [String] {
    guard selectors.isEmpty else {
      return Set(try series(selectors, window: window).flatMap { $0.pairs.map(\.name) }).sorted()
    }
    let (names, blocks) = state.withLock { state in
      (Set(state.head.postings.keys), state.blocks.filter { $0.meta.overlaps(window) })
    }
    return blocks.reduce(into: names) { $0.formUnion($1.labelNames) }.sorted()
  }

  /// Values of one label, sorted; of the series `labelNames` is about.
  package func labelValues(
    _ name: String, _ selectors: [SeriesSelector] = [], window: ClosedRange<Int64>
  ) throws(SeriesSourceError) -> [String] {
    guard selectors.isEmpty else { return Set(try series(selectors, window: window).compactMap { $0[name] }).sorted() }
    let (values, blocks) = state.withLock { state in
      (state.head.postings[name].map { Array($0.keys) } ?? [], state.blocks.filter { $0.meta.overlaps(window) })
    }
    guard !blocks.isEmpty else { return values.sorted() }
    var found = Set(values)
    do throws(MetricFileError) {
      for block in blocks { found.formUnion(try block.labelValues(name)) }
    } catch {
      throw SeriesSourceError(error.description)
    }
    return found.sorted()
  }

  /// Exemplars of the series that match one of `selectors`, by series.
  package func exemplars(
    _ selectors: [SeriesSelector], window: ClosedRange<Int64>
  ) -> [(labels: Labels, exemplars: [Exemplar])] {
    state.withLock { $0.exemplars }.select(selectors, window)
  }

  private func sources(
    _ selectors: [SeriesSelector], _ window: ClosedRange<Int64>
  ) -> (head: [HeadSeries], blocks: [Block]) {
    let (head, blocks) = state.withLock { state in
      (
        selectors.flatMap { state.head.matching($0, shouldStop: { false }) },
        state.blocks.filter { $0.meta.overlaps(window) }
      )
    }
    return (head.filter { $0.overlaps(window) }, blocks)
  }

  private func forEachSeries(
    of blocks: [Block], _ selectors: [SeriesSelector], _ window: ClosedRange<Int64>, _ body: (Labels) -> Void
  ) throws(SeriesSourceError) {
    do throws(MetricFileError) {
      for block in blocks {
        for selector in selectors {
          for series in try block.matching(selector, shouldStop: { false })
          where series.chunks.contains(where: { $0.firstTime <= window.upperBound && $0.lastTime >= window.lowerBound })
          {
            body(series.labels)
          }
        }
      }
    } catch {
      throw SeriesSourceError(error.description)
    }
  }
}

/// Series in memory of one selection, as they were when it was made.
private struct HeadSelection: SelectedSeries {
  let series: [HeadSeries]

  var count: Int { series.count }
  func labels(at index: Int) -> Labels { series[index].labels }

  func load(
    _ index: Int, window: ClosedRange<Int64>, into samples: inout SampleBuffer
  ) throws(SeriesSourceError) {
    series[index].load(window, into: &samples)
  }

  func latest(_ index: Int, window: ClosedRange<Int64>) throws(SeriesSourceError) -> Sample? {
    series[index].latest(window)
  }
}

extension HeadSeries {
  func latest(_ window: ClosedRange<Int64>) -> Sample? {
    guard let last, last.timestamp >= window.lowerBound else { return nil }
    if last.timestamp <= window.upperBound { return last }
    var samples = SampleBuffer()
    load(window, into: &samples)
    return samples.last
  }
}

/// Series of blocks, oldest first, continued in memory.
private struct MergedSelection: SelectedSeries {
  struct One {
    let labels: Labels
    var parts: [(block: Block, chunks: [ChunkPlace])] = []
    var head: HeadSeries?
  }

  private var series: [One] = []

  init(
    _ blocks: [Block], _ head: [HeadSeries], _ selector: SeriesSelector, _ shouldStop: () -> Bool
  ) throws(MetricFileError) {
    var places: [Labels: Int] = [:]
    for block in blocks {
      for found in try block.matching(selector, shouldStop: shouldStop) {
        let place = Self.place(of: found.labels, &places, &series)
        series[place].parts.append((block, found.chunks))
      }
    }
    for found in head { series[Self.place(of: found.labels, &places, &series)].head = found }
  }

  private static func place(of labels: Labels, _ places: inout [Labels: Int], _ series: inout [One]) -> Int {
    if let place = places[labels] { return place }
    places[labels] = series.count
    series.append(One(labels: labels))
    return series.count - 1
  }

  var count: Int { series.count }
  func labels(at index: Int) -> Labels { series[index].labels }

  func load(
    _ index: Int, window: ClosedRange<Int64>, into samples: inout SampleBuffer
  ) throws(SeriesSourceError) {
    do throws(MetricFileError) {
      for part in series[index].parts { try part.block.load(part.chunks, window: window, into: &samples) }
    } catch {
      throw SeriesSourceError(error.description)
    }
    series[index].head?.load(window, into: &samples)
  }

  func latest(_ index: Int, window: ClosedRange<Int64>) throws(SeriesSourceError) -> Sample? {
    if let sample = series[index].head?.latest(window) { return sample }
    var samples = SampleBuffer()
    try load(index, window: window, into: &samples)
    return samples.last
  }
}

extension MetricStore {
  /// How far back a sample still counts as the newest.
  private static let lookbackMilliseconds: Int64 = 300_000

  /// The newest sample of each series that matches one of `selectors`, by labels; a series that has ended is left out.
  package func newest(
    _ selectors: [SeriesSelector], at now: Int64
  ) throws(SeriesSourceError) -> [(labels: Labels, sample: Sample)] {
    let window = (now - Self.lookbackMilliseconds + 1)...now
    var found: [Labels: Sample] = [:]
    for selector in selectors {
      let selection = try select(selector, window: window, shouldStop: { false })
      for index in 0..<selection.count {
        if let sample = try selection.latest(index, window: window), !SampleValue.isStaleMarker(sample.value) {
          found[selection.labels(at: index)] = sample
        }
      }
    }
    return found.map { ($0.key, $0.value) }.sorted { $0.labels < $1.labels }
  }
}
