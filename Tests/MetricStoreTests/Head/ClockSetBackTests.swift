import BreakwaterTesting
import PromQL
import Telemetry
import Testing

@testable import MetricStore

/// A clock that is set back must not blind the store until it has caught up.
@Suite struct `When the clock is set back` {
  private func series(_ times: some Sequence<Int64>) -> HeadSeries {
    var series = HeadSeries(Labels(), identity: 1)
    for time in times { _ = series.append(time, Double(time)) }
    return series
  }

  private func times(_ series: HeadSeries) -> [Int64] {
    var buffer = SampleBuffer()
    series.load(.min ... .max, into: &buffer)
    return buffer.points.map(\.time)
  }

  @Test(arguments: [-1, 0, 1, 60, 118, 119, 120, 121, 239, 240, 300, 359, 360, 999] as [Int64])
  func `samples after the new time are dropped, and storing goes on from there`(cut: Int64) {
    var one = series(0..<360)
    one.truncate(after: cut)
    #expect(times(one) == (0..<360).filter { $0 <= cut })
    #expect(one.last?.timestamp == (cut < 0 ? nil : min(cut, 359)))
    #expect(one.append(cut + 1000, 1) == nil)
    #expect(times(one) == (0..<360).filter { $0 <= cut } + [cut + 1000])
  }

  @Test func `twice, the samples before both times are still there`() {
    var one = series(0..<240)
    one.truncate(after: 119)  // exactly the end of a full chunk
    one.truncate(after: 100)
    #expect(times(one) == Array(0...100))
    #expect(one.last?.timestamp == 100)
    #expect(one.append(50, 1) == .outOfOrder)
    #expect(one.append(101, 1) == nil)
  }

  @Test func `twice to the ends of full chunks, the series does not count as ended`() {
    let full = Int64(XORChunk.samplesMax)
    var one = series(0..<(3 * full))
    one.truncate(after: 2 * full - 1)
    one.truncate(after: full - 1)
    #expect(times(one) == Array(0...(full - 1)))
    #expect(one.last?.timestamp == full - 1)
    #expect(one.append(50, 1) == .outOfOrder)
    #expect(one.expire(before: 100) == false)
    #expect(one.overlaps(0...50))
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func `any number of times, a series is what was stored and not taken back`(seed: UInt64) {
    var random = SeededRandom(seed)
    var one = HeadSeries(Labels(), identity: 1)
    var kept: [Int64] = []
    for _ in 0..<12 {
      for _ in 0..<Int.random(in: 0...200, using: &random) {
        let time = (kept.last ?? 0) + Int64.random(in: 1...3, using: &random)
        #expect(one.append(time, 1) == nil, "seed \(seed)")
        kept.append(time)
      }
      let anywhere = (kept.last ?? 0) - Int64.random(in: -5...250, using: &random)
      let chunkEnd = kept.indices.filter { $0 % XORChunk.samplesMax == XORChunk.samplesMax - 1 }.suffix(2).first
      let cut = random.chance(50) ? anywhere : chunkEnd.map { kept[$0] } ?? anywhere
      one.truncate(after: cut)
      kept.removeAll { $0 > cut }
      #expect(times(one) == kept, "seed \(seed)")
      #expect(one.last?.timestamp == kept.last, "seed \(seed)")
    }
  }
}
