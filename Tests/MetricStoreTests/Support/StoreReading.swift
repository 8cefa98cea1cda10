import MetricStore
import Telemetry

@testable import PromQL

/// A time and the bits of a value: NaNs compare, and the stale marker is told from the others.
struct Point: Equatable, CustomStringConvertible {
  let time: Int64
  let bits: UInt64

  init(_ time: Int64, _ value: Double) {
    self.time = time
    bits = value.bitPattern
  }

  var description: String { "\(Double(bitPattern: bits)) (\(String(bits, radix: 16))) at \(time)" }
}

extension MetricStore {
  /// The samples of every series a selector finds, by its labels as text.
  func points(_ selector: String, _ window: ClosedRange<Int64>) throws -> [String: [Point]] {
    let selected = try select(SeriesSelector(parsing: selector), window: window, shouldStop: { false })
    var found: [String: [Point]] = [:]
    for index in 0..<selected.count {
      var buffer = SampleBuffer()
      try selected.load(index, window: window, into: &buffer)
      found[selected.labels(at: index).text] = buffer.points
    }
    return found
  }

  /// A reference to the series written as `name{label="value"}`.
  func reference(to text: String) throws -> Reference? { reference(try Labels(parsing: text)) }
}

extension SampleBuffer {
  var points: [Point] {
    var points: [Point] = []
    for index in 0..<count { points.append(Point(times[index], samples[index])) }
    return points
  }
}

extension Labels {
  /// `name{a="b"}`
  var text: String {
    let others = pairs.filter { $0.name != "__name__" }.map { "\($0.name)=\"\($0.value)\"" }
    return (metricName ?? "") + (others.isEmpty ? "" : "{\(others.joined(separator: ","))}")
  }
}
