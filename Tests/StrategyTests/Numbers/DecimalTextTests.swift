import Foundation
import Testing

@testable import Strategy

@Suite struct `The text of an exact number` {
  @Test(arguments: [
    ("0", 0), ("-0", 0), ("1", 100_000_000), ("-12.5", -1_250_000_000), ("0.00000001", 1), ("-0.00000001", -1),
    ("0.10", 10_000_000), ("92233720368.54775807", Int64.max), ("-92233720368.54775808", Int64.min),
  ])
  func `reads plain decimals exactly`(_ text: String, _ mantissa: Int64) throws {
    #expect(try Price(text).mantissa == mantissa)
  }

  @Test(arguments: [
    "", "-", ".", "1.", ".5", "+1", " 1", "1 ", "1e3", "1E3", "0x10", "1,000", "01", "-01", "00", "1..2", "1.2.3",
    "--1",
    "nan", "inf", "١", "1\u{0}", "1/2", "- 1", "½",
  ])
  func `refuses everything else`(_ text: String) {
    #expect(throws: NumberError.malformed) { try Price(text) }
  }

  @Test func `refuses more fraction digits than the type holds, even zeros`() {
    #expect(throws: NumberError.tooPrecise) { try Price("0.123456789") }
    #expect(throws: NumberError.tooPrecise) { try Price("0.100000000") }
    #expect(throws: NumberError.tooPrecise) { try Quantity("0.1000000000") }
    #expect(throws: Never.self) { try Quantity("0.123456789") }
  }

  @Test(arguments: ["92233720368.54775808", "-92233720368.54775809", "99999999999999999999999999", "92233720369"])
  func `refuses numbers outside the range`(_ text: String) {
    #expect(throws: NumberError.overflow) { try Price(text) }
  }

  @Test func `refuses a megabyte without reading it as a number`() {
    #expect(throws: NumberError.malformed) { try Price(String(repeating: "x", count: 1_000_000)) }
    #expect(throws: NumberError.overflow) { try Price(String(repeating: "9", count: 1_000_000)) }
  }

  @Test func `prints the shortest text, which reads back as the same number`() throws {
    #expect(Price(mantissa: 10_000_000).description == "0.1")
    #expect(Price(mantissa: -1).description == "-0.00000001")
    #expect(Money(mantissa: .min).description == "-92233720368.54775808")
    #expect(Quantity(mantissa: 1).description == "0.000000001")
    #expect(Money.zero.description == "0")
    var random = SeededRandom(23)
    for _ in 0..<20_000 {
      let quantity = Quantity(
        mantissa: Int64(truncatingIfNeeded: random.next()) >> Int64.random(in: 0..<63, using: &random))
      let text = quantity.description
      #expect(try Quantity(text) == quantity)
      #expect(Decimal(string: text) == Decimal(quantity.mantissa) / 1_000_000_000)
      #expect(!text.contains(".") || text.last != "0")
    }
  }
}

@Suite struct `A price from floating point` {
  private let cent = Price(mantissa: 1_000_000)

  @Test func `is the decimal the feed wrote, for every price on the tick grid`() throws {
    var random = SeededRandom(29)
    for (tick, ticksMax) in [("0.01", 100_000_000), ("0.0001", 1_000_000_000), ("0.00000001", 1_000_000_000_000_000)] {
      let tick = try Price(tick)
      for _ in 0..<5_000 {
        let price = try tick * Int64.random(in: 0...Int64(ticksMax), using: &random)
        let read = try #require(Double(price.description))
        #expect(try Price(read, step: tick) == price)
        #expect(try Price(-read, step: tick) == -price)
        #expect(price.double == read)
      }
    }
  }

  @Test func `is decided on the exact binary value`() throws {
    // 1.005 is stored as 1.00499999999999989…, 1.015 as 1.01499999999999990…, 0.125 exactly.
    #expect(try Price(1.005, step: cent) == Price("1"))
    #expect(try Price(1.015, step: cent) == Price("1.01"))
    #expect(try Price(0.125, step: cent) == Price("0.12"))
    #expect(try Price(0.375, step: cent) == Price("0.38"))
    #expect(try Price((0.125).nextUp, step: cent) == Price("0.13"))
    #expect(try Price((0.375).nextDown, step: cent) == Price("0.37"))
    #expect(try Price(0.1, step: cent, .down) == Price("0.1"))  // 0.1 is stored a little above
    #expect(try Price(0.3, step: cent, .down) == Price("0.29"))  // 0.3 a little below
    #expect(try Price(-0.3, step: cent, .up) == Price("-0.29"))
    #expect(try Price(.leastNonzeroMagnitude, step: cent) == .zero)
    #expect(try Price(.leastNonzeroMagnitude, step: cent, .up) == cent)
    #expect(try Price(-.leastNonzeroMagnitude, step: cent, .down) == Price("-0.01"))
    #expect(try Price(-0.0, step: cent) == .zero)
  }

  @Test func `agrees with Decimal on dyadic fractions, which both hold exactly`() throws {
    var random = SeededRandom(31)
    for _ in 0..<20_000 {
      let numerator = Int64.random(in: -(1 << 40)...(1 << 40), using: &random)
      let shift = Int.random(in: 0...20, using: &random)
      let value = Double(numerator) / Double(1 << shift)
      var exact = Decimal(numerator) / Decimal(1 << shift)
      var expected = Decimal()
      guard let price = try? Price(value, step: cent) else { continue }
      NSDecimalRound(&expected, &exact, 2, .bankers)
      #expect(Decimal(price.mantissa) / 100_000_000 == expected, "\(value)")
    }
  }

  @Test func `refuses what has no price`() {
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(throws: NumberError.notFinite) { try Price(value, step: cent) }
    }
    for value in [1e11, -1e11, 1e300, .greatestFiniteMagnitude, 92_233_720_369] {
      #expect(throws: NumberError.overflow) { try Price(value, step: cent) }
    }
    #expect(throws: NumberError.invalidStep) { try Price(1, step: .zero) }
    #expect(throws: NumberError.invalidStep) { try Price(1, step: Price(mantissa: -1)) }
  }
}
