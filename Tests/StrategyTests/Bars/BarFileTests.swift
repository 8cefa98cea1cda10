import ControlModel
import Testing

@testable import Strategy

@Suite struct `A recorded series` {
  private let header = "date,open,high,low,close,volume\n"

  private func parse(_ text: String) throws(BarFileError) -> [Bar] {
    try BarFile.parse(Array(text.utf8))
  }

  private func expect(
    _ reason: BarFileError.Reason, line: Int, _ text: String, _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: BarFileError(line: line, reason: reason), sourceLocation: location) { try parse(text) }
  }

  @Test(arguments: [("AAPL", 3_270), ("GOOG", 2_148), ("IBM", 3_270), ("MSFT", 3_270)])
  func `is read completely`(_ symbol: String, _ count: Int) throws {
    let bars = try Fixture.bars(symbol)
    #expect(bars.count == count)
    #expect(bars.last?.start == WallTime(rfc3339: "2013-03-01T00:00:00Z"))
  }

  @Test func `keeps every digit`() throws {
    let bar = try #require(try Fixture.bars("AAPL").last)
    #expect((bar.open, bar.high, bar.low, bar.close, bar.volume) == (438.0, 438.1799, 429.98, 430.47, 19_730_300))
  }

  @Test func `may have times, carriage returns and no last line end`() throws {
    let bars = try parse(
      "date,open,high,low,close,volume\r\n2017-04-19T09:00:00Z,1,1,1,1,0\r\n2017-04-19T10:00:00Z,1,1,1,1,0")
    #expect(bars.map(\.start.description) == ["2017-04-19T09:00:00.000Z", "2017-04-19T10:00:00.000Z"])
    #expect(try parse(header).isEmpty)
  }

  @Test func `is refused with the line and the reason`() {
    let good = "2020-01-02,10,12,9,11,100\n"
    expect(.header, line: 1, "")
    expect(.header, line: 1, good)
    expect(.header, line: 1, "Date,Open,High,Low,Close,Volume\n" + good)
    expect(.fieldCount(5), line: 2, header + "2020-01-02,10,12,9,11\n")
    expect(.fieldCount(7), line: 2, header + "2020-01-02,10,12,9,11,100,7\n")
    expect(.fieldCount(1), line: 3, header + good + "\n")
    expect(.date, line: 3, header + good + "2020-13-03,10,12,9,11,100\n")
    expect(.date, line: 2, header + "2020-02-30,10,12,9,11,100\n")
    expect(.date, line: 2, header + ",10,12,9,11,100\n")
    expect(.absent("open"), line: 2, header + "2020-01-02,,12,9,11,100\n")
    expect(.absent("volume"), line: 2, header + "2020-01-02,10,12,9,11,\n")
    for wrong in ["nan", "NaN", "inf", "1e3", "0x1p3", "+1", "1-1", "-", ".", "1_0", " 1"] {
      expect(.number("close"), line: 2, header + "2020-01-02,10,12,9,\(wrong),100\n")
    }
    expect(.bar(.priceOutOfRange), line: 2, header + "2020-01-02,10,12,-9,11,100\n")
    expect(.bar(.volumeOutOfRange), line: 2, header + "2020-01-02,10,12,9,11,-1\n")
    expect(.bar(.highBelowLow), line: 2, header + "2020-01-02,10,8,9,11,100\n")
    expect(.bar(.outsideRange), line: 2, header + "2020-01-02,13,12,9,11,100\n")
    expect(.bar(.notAscending), line: 3, header + good + good)
    expect(.bar(.notAscending), line: 3, header + good + "2020-01-01,10,12,9,11,100\n")
    expect(.lineTooLong, line: 2, header + String(repeating: "1", count: 300))
    expect(.bar(.priceOutOfRange), line: 2, header + "2020-01-02," + String(repeating: "9", count: 200) + ",1,1,1,1\n")
  }

  @Test func `a message names the line`() {
    let error = BarFileError(line: 7, reason: .absent("close"))
    #expect(error.description == "line 7: close is empty")
  }

  @Test(arguments: [101, 102, 103, 104] as [UInt64])
  func `with damaged bytes yields sane bars or one located error`(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    let original = Array(try Fixture.bytes("bars/GOOG.csv").prefix(1_500))
    let lines = original.count { $0 == UInt8(ascii: "\n") } + 1
    var refused = 0
    for _ in 0..<1_000 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let index = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        default: bytes.insert([44, 10, 45, 46, 48].randomElement(using: &random)!, at: index)
        }
      }
      do throws(BarFileError) {
        let bars = try BarFile.parse(bytes)
        #expect(bars.allSatisfy { $0.low > 0 && $0.low <= $0.open && $0.open <= $0.high && $0.volume >= 0 })
        #expect(zip(bars, bars.dropFirst()).allSatisfy { $0.start < $1.start })
      } catch {
        refused += 1
        #expect((1...lines + 3).contains(error.line))
      }
    }
    #expect(refused > 500, "seed \(seed)")
  }
}
