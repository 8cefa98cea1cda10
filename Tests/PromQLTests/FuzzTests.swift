import Foundation
import Testing

@testable import PromQL

/// Whatever bytes arrive as a query: no crash, no hang, and what holds for every query holds for them.
struct FuzzTests {
  /// `make fuzz-promql` asks for a million.
  private static let queries =
    ProcessInfo.processInfo.environment["BREAKWATER_FUZZ_QUERIES"].flatMap(Int.init) ?? 20_000

  @Test func `twenty thousand mutated queries break nothing`() throws {
    let seed: UInt64 = 20_260_801
    var random = SeededRandom(seed: seed)
    var generator = QueryGenerator(seed: seed)
    let corpus = try Fixture.conformanceQueries() + Fixture.alertExpressions()
    var accepted = 0
    for _ in 0..<Self.queries {
      var bytes = Array((random.chance(70) ? random.pick(corpus) : generator.query()).utf8)
      for _ in 0..<Int.random(in: 0...4, using: &random) { mutate(&bytes, corpus, &random) }
      let complaint = FuzzOne.run(bytes)
      #expect(complaint == nil, "seed \(seed)")
      if (try? Expression(String(decoding: bytes, as: UTF8.self))) != nil { accepted += 1 }
    }
    #expect(accepted > 2000, "mutations should leave some queries readable, seed \(seed)")
  }

  @Test func `five thousand regular expressions break nothing, whether the shortcut or the machine matches`() {
    let seed: UInt64 = 99
    var random = SeededRandom(seed: seed)
    let parts = [
      "a", "b", ".", ".*", ".+", "(", ")", "(?:", "|", "[ab]", "[^a]", "*", "+", "?", "{2}", "{1,3}", "\\d", "\\b", "^",
      "$", "(?i)", "é", "[", "]", "\\", "{", "(?P<n>", "\\Q", "[[:alpha:]]", "-", "0", "\\x41",
    ]
    for _ in 0..<5000 {
      let pattern = (0..<Int.random(in: 1...8, using: &random)).map { _ in random.pick(parts) }.joined()
      guard let matcher = try? Matcher("l", .matches, pattern) else { continue }
      guard let program = try? RegexProgram(pattern) else { continue }
      for _ in 0..<4 {
        let value = (0..<Int.random(in: 0...5, using: &random)).map { _ in random.pick(["a", "b", "é", "A", "0", "\n"])
        }
        .joined()
        #expect(matcher.matches(value) == program.matches(value), "\(pattern) and \(value), seed \(seed)")
      }
      for literal in matcher.literalValues ?? [] { #expect(program.matches(literal), "\(pattern), seed \(seed)") }
    }
  }

  @Test func `bytes that are no text break nothing`() {
    let seed: UInt64 = 5
    var random = SeededRandom(seed: seed)
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(FuzzOne.run(bytes) == nil, "seed \(seed)")
      _ = try? Labels(parsing: String(decoding: bytes, as: UTF8.self))
      _ = try? SeriesNotation(String(decoding: bytes, as: UTF8.self))
      _ = try? Matcher("l", .matches, String(decoding: bytes, as: UTF8.self))
    }
  }

  private func mutate(_ bytes: inout [UInt8], _ corpus: [String], _ random: inout SeededRandom) {
    let tokens = [
      "(", ")", "[5m]", "[1m:10s]", " offset 5m", " @ 10", "{a=\"b\"}", " by (x) ", "sum(", "rate(", "+", "-", "^",
      " and ",
      "NaN", "1e3", "\"", "'", "`", "#", "\n", " on () ", " group_left ", "é", "\u{0}", "bool", "0x", ",", "=~",
    ]
    let place = Int.random(in: 0...bytes.count, using: &random)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...5, using: &random)))
    case 1: bytes.insert(contentsOf: random.pick(tokens).utf8, at: place)
    case 2: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
    case 3:
      bytes.replaceSubrange(place..., with: random.pick(corpus).utf8.suffix(from: random.pick(corpus).utf8.startIndex))
    default: bytes.insert(contentsOf: bytes.prefix(Int.random(in: 0...20, using: &random)), at: place)
    }
  }
}
