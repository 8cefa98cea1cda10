import Testing

@testable import PromQL

/// Numbers look as Go prints them: in label values, in the query API, in templates.
struct GoFloatTests {
  @Test(arguments: [
    (0.0, "0", "0", "0"), (-0.0, "-0", "-0", "-0"), (1, "1", "1", "1"), (-1.5, "-1.5", "-1.5", "-1.5"),
    (100_000, "100000", "100000", "100000"), (1_000_000, "1000000", "1e+06", "1000000"),
    (123_456, "123456", "123456", "123456"), (1_234_567, "1234567", "1.234567e+06", "1234567"),
    (123_456.789, "123456.789", "123456.789", "123456.789"), (0.1, "0.1", "0.1", "0.1"),
    (0.0001, "0.0001", "0.0001", "0.0001"), (0.00001, "0.00001", "1e-05", "0.00001"),
    (0.000001, "0.000001", "1e-06", "0.000001"), (1e-7, "0.0000001", "1e-07", "1e-07"),
    (1.5e-7, "0.00000015", "1.5e-07", "1.5e-07"), (1e20, "100000000000000000000", "1e+20", "100000000000000000000"),
    (1e21, "1000000000000000000000", "1e+21", "1e+21"), (1.25e22, "12500000000000000000000", "1.25e+22", "1.25e+22"),
    (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004", "0.30000000000000004"),
    (1.0 / 3, "0.3333333333333333", "0.3333333333333333", "0.3333333333333333"),
    (9_007_199_254_740_992, "9007199254740992", "9.007199254740992e+15", "9007199254740992"),
    (.infinity, "+Inf", "+Inf", "+Inf"), (-.infinity, "-Inf", "-Inf", "-Inf"), (.nan, "NaN", "NaN", "NaN"),
    (-.nan, "NaN", "NaN", "NaN"),
  ])
  func `prints the shortest digits in three layouts`(
    value: Double, decimal: String, shortest: String, sampleValue: String
  ) {
    #expect(GoFloat.decimal(value) == decimal)
    #expect(GoFloat.shortest(value) == shortest)
    #expect(GoFloat.sampleValue(value) == sampleValue)
  }

  @Test func `prints the ends of the range`() {
    #expect(GoFloat.shortest(.greatestFiniteMagnitude) == "1.7976931348623157e+308")
    #expect(GoFloat.decimal(.greatestFiniteMagnitude).count == 309)
    #expect(GoFloat.shortest(.leastNonzeroMagnitude) == "5e-324")
    #expect(GoFloat.decimal(-.leastNonzeroMagnitude).count == 327)
    #expect(GoFloat.decimal(.leastNonzeroMagnitude).hasSuffix("0005"))
  }

  @Test func `reads back what it prints, for random bits`() {
    let seed: UInt64 = 3
    var random = SeededRandom(seed: seed)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      for text in [GoFloat.decimal(value), GoFloat.shortest(value), GoFloat.sampleValue(value)] {
        let again = GoFloat.parse(text)
        #expect(again == value || (value.isNaN && again?.isNaN == true), "\(text), seed \(seed)")
      }
    }
  }

  @Test(arguments: [
    ("1", 1.0), ("+1", 1), ("-1.5e3", -1500), (".5", 0.5), ("5.", 5), ("0x1p-2", 0.25), ("0X1.8P1", 3),
    ("inf", .infinity),
    ("+Infinity", .infinity), ("-INF", -.infinity), ("1_000", 1000), ("1e-400", 0), ("017", 17),
  ])
  func `reads what Go's ParseFloat reads`(text: String, value: Double) {
    #expect(GoFloat.parse(text) == value)
  }

  @Test(arguments: [
    "", " 1", "1 ", "1e", "0x10", "nan(1)", "+nan", "1__0", "_1", "1_", "1e400", "--1", "1,5", "1f", "0x", "e5", ".",
    "infin",
  ])
  func `reads nothing else`(text: String) {
    #expect(GoFloat.parse(text) == nil)
  }

  @Test(arguments: [
    ("0s", 0), ("1ms", 1), ("1h30m", 5_400_000), ("90m", 5_400_000), ("1w2d", 777_600_000), ("1y", 31_536_000_000),
    ("292y", 9_208_512_000_000),
  ])
  func `reads durations and prints them in canonical units`(text: String, milliseconds: Int64) throws {
    #expect(try DurationText.parse(Array(text.utf8)).get() == milliseconds)
    let printed = DurationText.print(milliseconds: milliseconds)
    #expect(try DurationText.parse(Array(printed.utf8)).get() == milliseconds)
  }

  @Test(arguments: [
    (0, "0s"), (1, "1ms"), (5_400_000, "1h30m"), (90_061_001, "25h1m1s1ms"), (604_800_000, "1w"), (-60_000, "-1m"),
    (86_400_000, "1d"), (90_000_000, "25h"),
  ])
  func `prints durations as Prometheus does`(milliseconds: Int64, text: String) {
    #expect(DurationText.print(milliseconds: milliseconds) == text)
  }

  @Test(arguments: ["", "5", "m", "1h1h", "1m1h", "1.5h", "-1h", "293y", "99999999999999999999s", "1hm"])
  func `refuses other durations`(text: String) {
    #expect(throws: DurationText.Problem.self) { try DurationText.parse(Array(text.utf8)).get() }
  }
}
