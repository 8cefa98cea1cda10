import ControlModel
import Testing

@testable import Strategy

@Suite struct `Splits` {
  private func jumps(_ symbol: String) throws -> [PriceJump] {
    var detector = SplitDetector()
    return try Fixture.bars(symbol).compactMap { detector.update($0) }
  }

  @Test(arguments: [
    ("AAPL", ["2000-06-21", "2005-02-28"]), ("MSFT", ["2003-02-18"]), ("IBM", []), ("GOOG", []),
  ])
  func `in thirteen years of real bars are found, and nothing else`(_ symbol: String, _ days: [String]) throws {
    let splits = try jumps(symbol).filter { $0.split != nil }
    #expect(splits.map { String($0.start.description.prefix(10)) } == days)
    #expect(splits.allSatisfy { $0.split?.description == "2:1" })
  }

  @Test func `AAPL's fall of 52 % in a day is reported as a jump but not as a split`() throws {
    let jump = try #require(try jumps("AAPL").first { $0.start == WallTime(rfc3339: "2000-09-29T00:00:00Z") })
    #expect(jump.split == nil)
    #expect(abs(jump.ratio - 1.898) < 0.001)
    #expect(try jumps("AAPL").count == 3)
  }

  /// How far the price ratio of a day is from 2, and its volume over the median of the twenty days before.
  private func marks(_ symbol: String, _ day: String) throws -> (open: Double, close: Double, volume: Double) {
    let bars = try Fixture.bars(symbol)
    let index = try #require(bars.firstIndex { $0.start.description.hasPrefix(day) })
    let usual = bars[index - 20..<index].map(\.volume).sorted()[9...10].reduce(0, +) / 2
    let before = bars[index - 1].close
    return (
      abs(before / bars[index].open / 2 - 1), abs(before / bars[index].close / 2 - 1), bars[index].volume / usual
    )
  }

  @Test func `cannot be told from that fall by closing prices, hardly by opening prices, clearly by volume`() throws {
    let crash = try marks("AAPL", "2000-09-29")
    let splits = try [("AAPL", "2000-06-21"), ("AAPL", "2005-02-28"), ("MSFT", "2003-02-18")].map(marks)
    #expect(splits.contains { $0.close > crash.close })
    #expect(splits.allSatisfy { $0.open < 0.02 } && crash.open < 0.06)
    #expect(splits.allSatisfy { $0.volume < 1.5 } && crash.volume > 20)
  }

  /// Twenty quiet bars at 100, then one that opens at `open`.
  private func jump(open: Double, volume: Double, quietBars: Int = 20) throws -> PriceJump? {
    var detector = SplitDetector()
    for index in 0..<quietBars {
      let quiet = try Bar(
        start: WallTime(unixSeconds: Int64(index)), open: 100, high: 101, low: 99, close: 100, volume: 1_000)
      #expect(detector.update(quiet) == nil)
    }
    return detector.update(
      try Bar(start: WallTime(unixSeconds: 999), open: open, high: open, low: open, close: open, volume: volume))
  }

  @Test(arguments: SplitRatio.known)
  func `of every usual ratio are found at their exact price and ordinary volume`(_ ratio: SplitRatio) throws {
    let found = try jump(open: 100 / ratio.factor, volume: 1_000 * ratio.factor)
    #expect(found?.split == ratio)
  }

  @Test func `need both marks`() throws {
    #expect(try jump(open: 50, volume: 2_000)?.split == SplitRatio(2, for: 1))
    #expect(try jump(open: 50, volume: 6_001)?.split == nil)
    #expect(try jump(open: 53, volume: 2_000)?.split == nil)
    #expect(try jump(open: 71, volume: 2_000)?.split == nil)
    #expect(try jump(open: 80, volume: 2_000) == nil)
    #expect(try jump(open: 50, volume: 900_000, quietBars: 5)?.split == SplitRatio(2, for: 1))
  }

  @Test func `have ratios so far apart that a price fits one only`() {
    let factors = SplitRatio.known.map(\.factor).sorted()
    for (one, next) in zip(factors, factors.dropFirst()) {
      #expect(next / one > (1 + SplitDetector.priceTolerance) / (1 - SplitDetector.priceTolerance))
    }
  }

  @Test func `taken out leave one continuous series`() throws {
    let original = try Fixture.bars("AAPL")
    let (bars, splits) = SplitAdjustment.adjusted(original)
    #expect(splits.count == 2)
    #expect(bars.count == original.count)
    #expect(bars.last == original.last)
    #expect(bars[0].close == original[0].close / 4 && bars[0].volume == original[0].volume * 4)
    let halved = try #require(original.firstIndex { $0.start.description.hasPrefix("2005-02-28") })
    #expect(bars[halved] == original[halved])
    #expect(bars[halved - 1].close == original[halved - 1].close / 2)
    var detector = SplitDetector()
    let left = bars.compactMap { detector.update($0) }
    #expect(left.map { String($0.start.description.prefix(10)) } == ["2000-09-29"])
    // Still bars: the invariants of `Bar.init` hold after scaling.
    #expect(bars.allSatisfy { $0.low <= min($0.open, $0.close) && max($0.open, $0.close) <= $0.high })
  }
}
