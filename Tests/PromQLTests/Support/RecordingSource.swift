import Synchronization

@testable import PromQL

/// A source with one sample in every series it is asked for, that remembers what it is asked.
final class RecordingSource: SeriesSource {
  private let log = Mutex<(selections: [String], reads: [String])>(([], []))

  /// Selector and window of each selection, in order.
  var selections: [String] { log.withLock(\.selections).sorted() }
  /// How each series was read, in order.
  var reads: [String] { log.withLock(\.reads) }

  func select(
    _ selector: SeriesSelector, window: ClosedRange<Int64>, shouldStop: () -> Bool
  ) -> any SelectedSeries {
    let name = selector.metricName ?? ""
    log.withLock { $0.selections.append("\(name) \(window.lowerBound)...\(window.upperBound)") }
    return One(name: name, source: self)
  }

  private struct One: SelectedSeries {
    let name: String
    let source: RecordingSource

    var count: Int { 1 }

    func labels(at index: Int) -> Labels {
      (try? Labels([("__name__", name)])) ?? Labels()
    }

    func load(_ index: Int, window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
      source.log.withLock { $0.reads.append("load \(name)") }
      samples.append(timestamp: window.upperBound, value: 1)
    }

    func latest(_ index: Int, window: ClosedRange<Int64>) -> Sample? {
      source.log.withLock { $0.reads.append("latest \(name)") }
      return Sample(timestamp: window.upperBound, value: 1)
    }
  }
}
