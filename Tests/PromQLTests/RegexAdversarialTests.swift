import Testing

@testable import PromQL

/// No pattern makes a match cost more than its instructions times the characters: counted in steps, not in seconds.
struct RegexAdversarialTests {
  /// Patterns that take a backtracking engine exponential or polynomial time, each with the text that does it.
  private static let attacks: [(pattern: String, text: @Sendable (Int) -> String)] = [
    ("(a+)+b", { String(repeating: "a", count: $0) }),
    ("(a|a)*b", { String(repeating: "a", count: $0) }),
    ("(a|aa)+c", { String(repeating: "a", count: $0) }),
    ("(.*)(.*)(.*)(.*)x", { String(repeating: "y", count: $0) }),
    ("(.*a){12}", { String(repeating: "a", count: $0) + "b" }),
    ("([a-z]+)*[0-9]", { String(repeating: "z", count: $0) }),
    ("(a?){50}a{50}b", { String(repeating: "a", count: $0) }),
    ("(x+x+)+y", { String(repeating: "x", count: $0) }),
    ("(?i)(k|K|[kK])*z", { String(repeating: "k", count: $0) }),
    (".*.*.*.*.*\n.*", { String(repeating: "é", count: $0) }),
    ("(\\b|a)*$b", { String(repeating: "a ", count: $0) }),
  ]

  @Test(arguments: attacks.indices)
  func `costs at most instructions times characters`(attack: Int) throws {
    let (pattern, text) = Self.attacks[attack]
    let program = try RegexProgram(pattern)
    for length in [100, 1000] {
      let value = text(length)
      let steps = Self.steps(program, value)
      // Following jumps visits an instruction once per edge into it, reading once more: at most three.
      #expect(steps <= 3 * (value.unicodeScalars.count + 1) * program.instructions.count, "\(pattern)")
    }
  }

  @Test(arguments: attacks.indices)
  func `ten times the text costs ten times the steps`(attack: Int) throws {
    let (pattern, text) = Self.attacks[attack]
    let program = try RegexProgram(pattern)
    let (few, many) = (Self.steps(program, text(200)), Self.steps(program, text(2000)))
    #expect(many < 12 * few, "\(pattern): \(few) and \(many) steps")
  }

  @Test func `the longest value against the largest program stops when asked to`() throws {
    struct Enough: Error {}
    let program = try RegexProgram("(.?){1000}x")
    var machine = RegexMachine(program, capturing: false)
    var left = 1_000_000
    let value = String(repeating: "b", count: Labels.textBytesMax)
    #expect(throws: Enough.self) {
      try Array(value.utf8).withUnsafeBytes { text in
        _ = try machine.run(text) { steps throws(Enough) in
          left -= steps
          if left < 0 { throw Enough() }
        }
      }
    }
    #expect(machine.steps < 1_000_000 + 3 * program.instructions.count)
  }

  @Test func `long alternations and classes are read in linear time`() throws {
    // Each of these has tens of thousands of parts; reading them in quadratic time would take minutes.
    let words = (0..<10_000).map { "word\($0)" }.joined(separator: "|")
    #expect(try Matcher("a", .matches, words).matches("word77"))
    let letters = String(String.UnicodeScalarView((0x4E00...0x7000).compactMap(Unicode.Scalar.init)))
    #expect(try Matcher("a", .matches, "[\(letters)]+").matches("中文"))
    #expect(try Matcher("a", .matches, "[" + String(repeating: "[:", count: 40_000) + "x]").matches(":"))
    #expect(try Matcher("a", .matches, String(repeating: "a", count: 100_000)).matches("a") == false)
    #expect(throws: RegexError.self) { try Matcher("a", .matches, String(repeating: "[a-z]b", count: 20_000)) }
  }

  private static func steps(_ program: RegexProgram, _ value: String) -> Int {
    var machine = RegexMachine(program, capturing: false)
    var value = value
    value.withUTF8 { _ = machine.run(UnsafeRawBufferPointer($0), spending: { _ in }) }
    return machine.steps
  }
}
