/// A source for scripts and tests that keeps every series in memory and finds them by trying each.
struct ScriptStore: SeriesSource {
  private(set) var series: [Labels: [Sample]] = [:]
  private var order: [Labels] = []

  init() {}

  /// Series with one sample per interval, starting at time 0.
  init(_ notations: [String], every interval: Int64) throws {
    for text in notations { add(try SeriesNotation(text), every: interval) }
  }

  mutating func add(_ notation: SeriesNotation, every interval: Int64) {
    let samples = notation.values.enumerated().compactMap { index, value in
      value.map { Sample(timestamp: Int64(index) * interval, value: $0) }
    }
    add(notation.labels, samples)
  }

  mutating func add(_ labels: Labels, _ samples: [Sample]) {
    if series[labels] == nil { order.append(labels) }
    let added = Set(samples.map(\.timestamp))
    let kept = (series[labels] ?? []).filter { !added.contains($0.timestamp) }
    series[labels] = (kept + samples).sorted { $0.timestamp < $1.timestamp }
  }

  func select(_ selector: SeriesSelector, window: ClosedRange<Int64>, shouldStop: () -> Bool) -> any SelectedSeries {
    Selection(series: order.filter(selector.matches).map { ($0, series[$0] ?? []) })
  }

  private struct Selection: SelectedSeries {
    let series: [(labels: Labels, samples: [Sample])]

    var count: Int { series.count }

    func labels(at index: Int) -> Labels { series[index].labels }

    func load(_ index: Int, window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
      for sample in series[index].samples where window.contains(sample.timestamp) {
        samples.append(timestamp: sample.timestamp, value: sample.value)
      }
    }
  }
}
