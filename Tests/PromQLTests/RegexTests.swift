import Testing

@testable import PromQL

/// The regular expressions of matchers and `label_replace`: RE2's syntax, matched against whole values in linear time.
struct RegexTests {
  @Test(arguments: [
    ("", [""], ["a"]),
    ("a|b|c", ["a", "b", "c"], ["", "ab", "d"]),
    ("5..", ["500", "5éx", "5\n\n"], ["50", "5000", "400"]),
    (".*", ["", "anything", "a\nb"], []),
    (".+", ["a", "\n"], [""]),
    ("api/.*", ["api/", "api/v1"], ["api", "xapi/"]),
    (".*-prod", ["-prod", "eu-prod"], ["eu-prod2"]),
    ("a.+z", ["abz", "a\nz"], ["az", "abzz2"]),
    ("(foo|bar)-(1|2)", ["foo-1", "bar-2"], ["foo-3", "foo"]),
    ("v[12]\\.x?", ["v1.", "v2.x"], ["v3.", "v1x"]),
    ("[a-c]+", ["abc", "a"], ["", "abcd"]),
    ("[^a-c]", ["d", "é", "\n"], ["a", ""]),
    ("[]a-]+", ["]a-"], ["b"]),
    ("[[:alpha:]][[:^digit:]]", ["ab", "Z-"], ["a1", "1a"]),
    ("\\d+\\D\\w\\W\\s\\S", ["12xy- z"], ["12xyz z"]),
    ("[\\d_]+", ["1_2"], ["a"]),
    ("(?i)ab", ["AB", "aB"], ["abc"]),
    ("(?i:k)", ["k", "K", "\u{212A}"], ["j"]),
    ("(?i)straße", ["STRAßE"], ["STRASSE"]),
    ("(?i)[é]", ["É", "é"], ["e"]),
    ("(?i)[^k]", ["j"], ["K", "k"]),
    ("(?-s).", ["a"], ["\n"]),
    ("(?s-i:A.)", ["A\n"], ["a\n"]),
    ("a{2}", ["aa"], ["a", "aaa"]),
    ("a{2,}", ["aa", "aaaa"], ["a"]),
    ("a{1,3}b{0}", ["a", "aaa"], ["aaaa", "ab"]),
    ("a{,2}", ["a{,2}"], ["a", "aa"]),
    ("x{y", ["x{y"], ["x"]),
    ("(a*)*b", ["b", "aab"], ["a"]),
    ("a??b+?c*?", ["ab", "bbc"], ["a"]),
    ("^a$", ["a"], ["ab"]),
    ("a^b", [], ["ab"]),
    ("(?m)a$\n^b", ["a\nb"], ["ab"]),
    ("\\Aa\\z", ["a"], ["aa"]),
    ("\\bfoo\\b.*", ["foo", "foo bar"], ["foobar"]),
    ("a\\Bb", ["ab"], ["a b"]),
    ("\\Qa.b\\E+", ["a.b", "a.bb"], ["axb", "a.ba.b"]),
    ("\\x41\\x{e9}\\101\\t", ["AéA\t"], ["AeA\t"]),
    ("é|ü{2}", ["é", "üü"], ["ü"]),
    ("(?P<name>a)(?<other>b)", ["ab"], ["a"]),
    ("a|", ["a", ""], ["b"]),
    ("10\\.0\\.0\\.1(:\\d+)?", ["10.0.0.1", "10.0.0.1:9090"], ["10x0.0.1"]),
  ])
  func `matches the whole value`(pattern: String, matching: [String], others: [String]) throws {
    let matcher = try Matcher("label", .matches, pattern)
    let negated = try Matcher("label", .doesNotMatch, pattern)
    let machine = try RegexProgram(pattern)
    for (values, expected) in [(matching, true), (others, false)] {
      for value in values {
        #expect(matcher.matches(value) == expected, "\(pattern) and \(value.debugDescription)")
        #expect(negated.matches(value) != expected)
        // Shortcuts and the machine must agree.
        #expect(machine.matches(value) == expected, "machine: \(pattern) and \(value.debugDescription)")
      }
    }
  }

  @Test(arguments: [
    ("(", "missing closing ): `(`"), (")", "unexpected ): `)`"), ("a**", "invalid nested repetition operator: `**`"),
    ("*a", "missing argument to repetition operator: `*`"), ("{2}", "missing argument to repetition operator: `{2}`"),
    ("a{2,1}", "invalid repeat count: `{2,1}`"), ("a{1001}", "invalid repeat count: `{1001}`"),
    ("[a", "missing closing ]: `[a`"), ("[b-a]", "invalid character class range: `b-a`"),
    ("[[:nope:]]", "invalid character class range: `[:nope:]`"),
    ("\\", "trailing backslash at end of expression: `\\`"),
    ("\\y", "invalid escape sequence: `\\y`"), ("\\x{110000}", "invalid escape sequence: `\\x{110000}`"),
    ("(?P<a>x)(?P<a>y)", "duplicate capture group name: `a`"), ("(?P<>x)", "invalid named capture: `(?P<`"),
    ("(?z)", "invalid or unsupported Perl syntax: `(?z`"),
    ("(a)\\1", "backreferences are not supported: `\\1`"),
    ("(?=a)", "lookahead and lookbehind are not supported: `(?=`"),
    ("(?<!a)b", "lookahead and lookbehind are not supported: `(?<`"),
    ("\\p{Greek}", "Unicode classes are not supported: `\\`"),
  ])
  func `refuses what is malformed or cannot be matched in linear time`(pattern: String, message: String) {
    let error = #expect(throws: RegexError.self) { try Matcher("label", .matches, pattern) }
    #expect(error?.description == message)
  }

  @Test func `refuses what compiles to too many instructions, whatever its length`() {
    for pattern in [
      "(a{1000}){1000}", "(?:(?:(?:a{100}){100}){100}){100}", "(((x?){99}){99}){99}",
      "[a-z]{1000}[0-9]{1000}.{1000}.{1000}.{1000}.{1000}.{1000}.{1000}.{500}",
    ] {
      #expect(throws: RegexError.tooLarge) { try Matcher("label", .matches, pattern) }
    }
    #expect(throws: RegexError.tooLarge) {
      try Matcher("label", .matches, String(repeating: "(a)", count: 101))
    }
  }

  @Test func `repeating nothing costs nothing`() throws {
    let pattern = String(repeating: "(?:", count: 90) + String(repeating: "){1000}", count: 90)
    #expect(try Matcher("label", .matches, pattern).matches(""))
    #expect(try Matcher("label", .matches, "(?:a{0}){1000}").matches(""))
  }

  @Test(arguments: [
    ("a|b", ["a", "b"]), ("5(00|0[23])", ["500", "502", "503"]), ("x?y", ["xy", "y"]), ("(?i)a1", ["A1", "a1"]),
  ])
  func `lists the values a store can look up instead of trying all`(pattern: String, values: [String]) throws {
    #expect(try Matcher("label", .matches, pattern).literalValues?.sorted() == values)
  }

  @Test func `does not list what has too many values`() throws {
    #expect(try Matcher("label", .matches, "[a-z][a-z][a-z]").literalValues == nil)
    #expect(try Matcher("label", .matches, ".*").literalValues == nil)
    #expect(try Matcher("label", .equal, "x").literalValues == ["x"])
    #expect(try Matcher("label", .notEqual, "x").literalValues == nil)
    let pods = (0..<5000).map { "pod-\($0)" }
    let matcher = try Matcher("label", .matches, pods.joined(separator: "|"))
    #expect(matcher.literalValues?.count == 5000)
    #expect(matcher.matches("pod-4999"))
    #expect(!matcher.matches("pod-5000"))
  }

  @Test(arguments: [
    ("(.*)", "<$1>", "value", "<value>"),
    ("(?P<first>a+)(b*)", "$first-${2}", "aabb", "aa-bb"),
    ("(a)|(b)", "[$1][$2]", "b", "[][b]"),
    ("(.*?)-(.*)", "$2$1", "x-y-z", "y-zx"),
    (".*", "$0$$0", "v", "v$0"),
    ("(.)(.)", "$1x$10${10}$3", "ab", ""),
    ("(.*)", "$", "a", "$"),
    ("(.*)", "${1", "a", "${1"),
    ("(.*)", "$01", "a", ""),
    ("(.*)", "é${1}é$1é", "ü", "éüé"),
    ("((a)|b)*", "$1$2", "ab", "ba"),
    ("(?:(c??)+){1,3}", "<$1>", "c", "<c>"),
    ("(|a)*", "<$1>", "aa", "<a>"),
    ("(a*)+", "<$1>", "b", nil),
    ("(a*)+", "<$1>", "aa", "<aa>"),
  ])
  func `expands groups as Go does`(pattern: String, template: String, value: String, result: String?) throws {
    #expect(try Self.replace(value, pattern, template) == result)
  }

  @Test func `a value that does not match is not replaced, one that grows too long is refused`() throws {
    #expect(try Self.replace("b", "a", "x") == nil)
    let long = String(repeating: "a", count: 40_000)
    let regex = try CapturingRegex("(.*)")
    var machine = regex.machine()
    var copy = long
    copy.withUTF8 { bytes in
      let text = UnsafeRawBufferPointer(bytes)
      let groups = machine.run(text, spending: { _ in })
      #expect(groups == [0, 40_000, 0, 40_000])
      #expect(regex.expand(Array("$1$1".utf8), groups: groups ?? [], of: text) == nil)
    }
  }

  private static func replace(_ value: String, _ pattern: String, _ template: String) throws -> String? {
    let regex = try CapturingRegex(pattern)
    var machine = regex.machine()
    var value = value
    return value.withUTF8 { bytes in
      let text = UnsafeRawBufferPointer(bytes)
      guard let groups = machine.run(text, spending: { _ in }) else { return nil }
      return regex.expand(Array(template.utf8), groups: groups, of: text).map { String(decoding: $0, as: UTF8.self) }
    }
  }
}

extension RegexProgram {
  func matches(_ value: String) -> Bool {
    var machine = RegexMachine(self, capturing: true)
    var value = value
    return value.withUTF8 { machine.run(UnsafeRawBufferPointer($0), spending: { _ in }) != nil }
  }
}
