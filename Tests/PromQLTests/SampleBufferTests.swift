import Testing

@testable import PromQL

/// The memory a store decodes into.
struct SampleBufferTests {
  @Test func `grows as samples are added, one by one or many at once`() {
    var buffer = SampleBuffer()
    for index in 0..<1000 { buffer.append(timestamp: Int64(index), value: Double(index)) }
    buffer.append(upTo: 5000) { timestamps, values in
      for index in 0..<3000 {
        timestamps[index] = Int64(1000 + index)
        values[index] = Double(1000 + index)
      }
      return 3000
    }
    #expect(buffer.count == 4000)
    #expect(buffer.last == Sample(timestamp: 3999, value: 3999))
    let window = buffer.window
    #expect((0..<4000).allSatisfy { window.times[$0] == Int64($0) && window.values[$0] == Double($0) })
    buffer.removeAll()
    #expect(buffer.count == 0)
    #expect(buffer.last == nil)
  }

  @Test func `stale markers are taken out, other NaN stay`() {
    var buffer = SampleBuffer()
    let values = [1, SampleValue.staleMarker, .nan, SampleValue.staleMarker, 2]
    for (index, value) in values.enumerated() { buffer.append(timestamp: Int64(index), value: value) }
    buffer.removeStaleMarkers()
    #expect(buffer.count == 3)
    #expect((0..<3).map { buffer.window.times[$0] } == [0, 2, 4])
    #expect(buffer.window.values[1].isNaN)
    buffer.removeStaleMarkers()
    #expect(buffer.count == 3)
  }

  @Test func `a source that only decodes still answers for the latest sample`() throws {
    struct Decoder: SelectedSeries {
      let count = 1
      func labels(at index: Int) -> Labels { Labels() }
      func load(_ index: Int, window: ClosedRange<Int64>, into samples: inout SampleBuffer) {
        for time in stride(from: Int64(0), through: 100, by: 10) where window.contains(time) {
          samples.append(timestamp: time, value: Double(time) * 2)
        }
      }
    }
    #expect(try Decoder().latest(0, window: 5...44) == Sample(timestamp: 40, value: 80))
    #expect(try Decoder().latest(0, window: 101...200) == nil)
  }
}
