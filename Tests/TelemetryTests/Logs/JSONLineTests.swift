import BreakwaterTesting
import Foundation
import Telemetry
import Testing

/// What is written by hand must be JSON to everyone else.
@Suite struct `A JSON line` {
  private func line(_ body: (inout JSONLine) -> Void) -> [UInt8] {
    var line = JSONLine()
    line.begin()
    body(&line)
    line.end()
    return line.bytes
  }

  private func parsed(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  @Test(arguments: [
    "", "plain", "quo\"te", "back\\slash", "tab\tlf\ncr\r", "\u{0}\u{1f}\u{7f}", "é 漢字 🙂 e\u{301}", "\u{2028}\u{2029}",
    "</script>", "\\u0041",
  ])
  func `gives back any text`(text: String) throws {
    let bytes = line { $0.field("a", text) }
    #expect(Array((try parsed(bytes)["a"] as? String ?? "?").unicodeScalars) == Array(text.unicodeScalars))
    #expect(!bytes.contains { $0 < 0x20 || $0 == 0x7f }, "one line, and nothing a terminal obeys")
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `gives back random scalars`(seed: UInt64) throws {
    var random = SeededRandom(seed)
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...40, using: &random) {
      let limit: UInt32 = random.chance(50) ? 0x80 : 0x11_0000
      if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) { text.append(scalar) }
    }
    let found = try parsed(line { $0.field("a", String(text)) })["a"] as? String
    #expect(found.map { Array($0.unicodeScalars) } == Array(text), "seed \(seed)")
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func `is UTF-8 whatever bytes a client sent`(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let line = line { $0.field("a", escaping: bytes) }
    #expect(String(validating: line, as: UTF8.self) != nil, "seed \(seed)")
    #expect(try parsed(line)["a"] as? String == String(decoding: bytes, as: UTF8.self), "seed \(seed)")
  }

  @Test func `writes null for what JSON has no number for`() throws {
    let bytes = line {
      $0.field("a", Double.nan)
      $0.field("b", -Double.infinity)
      $0.field("c", 1.5)
    }
    #expect(String(decoding: bytes, as: UTF8.self) == #"{"a":null,"b":null,"c":1.5}"#)
  }

  @Test(arguments: [
    (0, "0.000"), (999, "0.000"), (1000, "0.001"), (1_234_567, "1.234"), (61_000_000_999, "61000.000"), (-5, "0.000"),
  ])
  func `shows nanoseconds as milliseconds with three decimals`(nanoseconds: Int, text: String) {
    let bytes = line { $0.field("ms", millisecondsFrom: nanoseconds) }
    #expect(String(decoding: bytes, as: UTF8.self) == "{\"ms\":\(text)}")
  }

  @Test func `puts commas where they belong in nested objects and arrays`() throws {
    let bytes = line {
      $0.open("empty")
      $0.close()
      $0.array("none", [Int]()) { _, _ in }
      $0.array("two", [1, 2]) { line, number in
        line.field("n", number)
        line.open("in")
        line.attribute("x", .bool(true))
        line.attribute("y\"", .int(-1))
        line.close()
      }
      $0.field("last", false)
    }
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #"{"empty":{},"none":[],"two":[{"n":1,"in":{"x":true,"y\"":-1}},{"n":2,"in":{"x":true,"y\"":-1}}],"last":false}"#
    )
  }

  @Test func `begins anew in the same memory`() {
    var line = JSONLine()
    for number in 0..<3 {
      line.begin()
      line.field("n", number)
      line.end()
    }
    #expect(String(decoding: line.bytes, as: UTF8.self) == #"{"n":2}"#)
  }
}
