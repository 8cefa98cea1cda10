import ControlModel
import Testing

@testable import Strategy

@Suite struct `A bar` {
  private func bar(
    _ open: Double = 10, _ high: Double = 12, _ low: Double = 9, _ close: Double = 11, volume: Double = 1
  ) throws(BarProblem) -> Bar {
    try Bar(
      start: WallTime(unixMilliseconds: 0), open: open, high: high, low: low, close: close, volume: volume)
  }

  @Test func `holds sane numbers`() throws {
    #expect(try bar().close == 11)
    #expect(throws: Never.self) { try bar(10, 10, 10, 10, volume: 0) }
  }

  @Test func `is refused with a number that is no number`() {
    for wrong in [Double.nan, .infinity, -.infinity] {
      #expect(throws: BarProblem.notFinite) { try bar(wrong) }
      #expect(throws: BarProblem.notFinite) { try bar(10, wrong) }
      #expect(throws: BarProblem.notFinite) { try bar(10, 12, wrong) }
      #expect(throws: BarProblem.notFinite) { try bar(10, 12, 9, wrong) }
      #expect(throws: BarProblem.notFinite) { try bar(volume: wrong) }
    }
  }

  @Test func `is refused with impossible numbers`() {
    #expect(throws: BarProblem.priceOutOfRange) { try bar(10, 12, 0, 11) }
    #expect(throws: BarProblem.priceOutOfRange) { try bar(-10, 12, 9, 11) }
    #expect(throws: BarProblem.priceOutOfRange) { try bar(10, 1e11, 9, 11) }
    #expect(throws: BarProblem.volumeOutOfRange) { try bar(volume: -1) }
    #expect(throws: BarProblem.volumeOutOfRange) { try bar(volume: 1e16) }
    #expect(throws: BarProblem.highBelowLow) { try bar(10, 8, 9, 11) }
    #expect(throws: BarProblem.outsideRange) { try bar(13) }
    #expect(throws: BarProblem.outsideRange) { try bar(8) }
    #expect(throws: BarProblem.outsideRange) { try bar(10, 12, 9, 12.5) }
    #expect(throws: BarProblem.outsideRange) { try bar(10, 12, 9, 8.5) }
  }
}

@Suite struct `A bar series` {
  private func bar(_ second: Int64) throws -> Bar {
    try Bar(start: WallTime(unixSeconds: second), open: 1, high: 1, low: 1, close: 1, volume: Double(second))
  }

  @Test(arguments: [1, 2, 7, 64])
  func `keeps the newest bars in order, whatever their number`(_ capacity: Int) throws {
    var series = BarSeries(capacity: capacity)
    var all: [Bar] = []
    for second in 0..<200 {
      let next = try bar(Int64(second))
      try series.append(next)
      all.append(next)
      #expect(Array(series) == Array(all.suffix(capacity)))
      #expect(series.last == next)
      #expect(series.bar(ago: series.count - 1) == all.suffix(capacity).first)
      #expect(series.bar(ago: series.count) == nil)
      #expect(series.bar(ago: -1) == nil)
    }
  }

  @Test func `refuses a bar that is not newer and stays as it was`() throws {
    var series = BarSeries(capacity: 4)
    try series.append(bar(10))
    let before = Array(series)
    #expect(throws: BarProblem.notAscending) { try series.append(bar(10)) }
    #expect(throws: BarProblem.notAscending) { try series.append(bar(9)) }
    #expect(Array(series) == before)
  }

  @Test func `defaults to the warm-up, after which two histories of one symbol agree`() throws {
    let bars = try Fixture.bars("IBM")
    var whole = EMA(200)
    var warmed = EMA(200)
    for bar in bars { whole.update(bar.close) }
    for bar in bars.suffix(BarSeries.warmUpBars) { warmed.update(bar.close) }
    let (long, short) = (try #require(whole.value), try #require(warmed.value))
    // What is left of the seed's error: (199/201)^800 = 0.034 %. The two seeds differ by less than the price itself.
    #expect(abs(long - short) <= 0.00034 * long)
    #expect(BarSeries().capacity == 1_000)
  }
}
