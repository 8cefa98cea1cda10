import BreakwaterTesting
import PromQL
import Testing

@testable import MetricStore

/// The compressed form of a series: what goes in comes out, bit by bit.
@Suite struct `A chunk` {
  static let specials: [Double] = [
    0, -0.0, 1, -1, .nan, SampleValue.staleMarker, .infinity, -.infinity, .leastNonzeroMagnitude,
    .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0.1, 1e-300, Double(bitPattern: 0x7ff8_0000_dead_beef),
    Double(bitPattern: .max), 123_456_789, 1_795_348_800,
  ]

  /// Seconds apart, jittered, hours apart, and as far apart as times can be.
  static let steps: [ClosedRange<Int64>] = [
    1000...1000, 985...1015, 1...3, 1...20_000_000_000, 8190...8194, 65_534...65_538, 524_286...524_290,
    1...(1 << 55),
  ]

  static func series(_ random: inout SeededRandom) -> [Point] {
    let starts: [Int64] = [0, -1, 1_795_348_800_000, -(1 << 60)]
    var time = starts.randomElement(using: &random) ?? 0
    let step = steps.randomElement(using: &random) ?? 1...1
    var value = 0.0
    return (0..<Int.random(in: 1...XORChunk.samplesEnough, using: &random)).map { _ in
      switch Int.random(in: 0..<5, using: &random) {
      case 0: break
      case 1: value += 1
      case 2: value += Double.random(in: -1...1, using: &random)
      case 3: value = Double(bitPattern: random.next())
      default: value = specials.randomElement(using: &random) ?? 0
      }
      defer { time += Int64.random(in: step, using: &random) }
      return Point(time, value)
    }
  }

  private func encoded(_ points: [Point]) -> XORChunk {
    var chunk = XORChunk()
    for point in points { chunk.append(point.time, Double(bitPattern: point.bits)) }
    return chunk
  }

  private func decoded(_ bytes: [UInt8]) -> [Point] {
    var points: [Point] = []
    XORDecoder.forEach(bytes) { points.append(Point($0.timestamp, $0.value)) }
    return points
  }

  @Test(arguments: 0..<500 as Range<UInt64>)
  func `gives back any times and values`(seed: UInt64) {
    var random = SeededRandom(seed)
    let points = Self.series(&random)
    let chunk = encoded(points)
    #expect(decoded(chunk.bytes) == points, "seed \(seed)")
    #expect(chunk.count == points.count)
    #expect(chunk.firstTime == points.first?.time && chunk.lastTime == points.last?.time)
    #expect(chunk.closed.bytes == chunk.bytes)
  }

  @Test func `keeps the two ends of time apart`() {
    let points = [Point(.min, 1), Point(0, 2), Point(.max, 3)]
    #expect(decoded(encoded(points).bytes) == points)
  }

  @Test func `keeps the stale marker apart from other NaNs`() {
    let points = [Point(0, .nan), Point(1, SampleValue.staleMarker), Point(2, .nan), Point(3, SampleValue.staleMarker)]
    #expect(decoded(encoded(points).bytes) == points)
  }

  @Test func `takes two bits for a steady sample of an unchanged value`() {
    let points = (0..<Int64(XORChunk.samplesMax)).map { Point(1_795_348_800_000 + $0 * 1000, 42) }
    #expect(encoded(points).bytes.count < 20 + XORChunk.samplesMax / 4)
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func `yields of a window what lies in it, ends included`(seed: UInt64) {
    var random = SeededRandom(seed)
    let points = Self.series(&random)
    let chunk = encoded(points)
    let ends = [points.randomElement(using: &random), points.randomElement(using: &random)].compactMap { $0?.time }
    guard let low = ends.min(), let high = ends.max() else { return }
    for window in [low...high, low...low, low + 1...max(low + 1, high - 1)] {
      var buffer = SampleBuffer()
      chunk.load(window, into: &buffer)
      #expect(buffer.points == points.filter { window.contains($0.time) }, "seed \(seed), \(window)")
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `that was cut short yields its beginning and no more`(seed: UInt64) {
    var random = SeededRandom(seed)
    let points = Self.series(&random)
    let bytes = encoded(points).bytes
    for length in 0..<bytes.count {
      let found = decoded(Array(bytes[..<length]))
      #expect(found == Array(points.prefix(found.count)), "seed \(seed), \(length) of \(bytes.count) bytes")
    }
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `of random bytes is read without harm`(seed: UInt64) {
    var random = SeededRandom(seed)
    let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    #expect(decoded(bytes).count <= 65_535)
  }
}
