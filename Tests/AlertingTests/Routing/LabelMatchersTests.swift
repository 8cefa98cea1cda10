import PromQL
import Testing

@testable import Alerting

/// Conditions as Alertmanager and amtool take them.
@Suite struct `Matchers` {
  @Test(arguments: [
    ("severity=critical", #"severity="critical""#, true), (#"severity = "critical""#, #"severity="critical""#, true),
    ("severity!=critical", #"severity!="critical""#, false), ("severity=~crit.*", #"severity=~"crit.*""#, true),
    ("severity=~crit", #"severity=~"crit""#, false), ("severity!~warn.*", #"severity!~"warn.*""#, true),
    ("missing=", #"missing="""#, true), ("missing!=", #"missing!="""#, false),
    (#"route=~"/a|/b\\.c""#, #"route=~"/a|/b\\.c""#, true),
  ])
  func `hold for a label set or not`(text: String, shown: String, holds: Bool) throws {
    let matchers = try LabelMatchers([text])
    #expect(matchers.texts == [shown])
    #expect(matchers.matches(try labels(#"severity="critical",route="/a""#)) == holds)
    #expect(try LabelMatchers(matchers.texts) == matchers, "what is shown can be read")
  }

  @Test func `of one text are separated by commas outside quotes, with or without braces`() throws {
    let matchers = try LabelMatchers([#"{a="1,2", b!="x\"y"}"#, "c=~d"])
    #expect(matchers.texts == [#"a="1,2""#, #"b!="x\"y""#, #"c=~"d""#])
    #expect(matchers.description == #"{a="1,2",b!="x\"y",c=~"d"}"#)
  }

  @Test(arguments: [
    ("severity", "has no operator"), ("=x", "does not begin with a label's name"), ("a=\"x", "lacks its closing quote"),
    ("a=x\"y", "has a quote in the middle"), ("a=~(", "regular expression of a is refused"),
    ("1a=x", "does not begin with a label's name"),
  ])
  func `that are wrong say how`(text: String, words: String) {
    do throws(LabelMatchers.Problem) {
      _ = try LabelMatchers([text])
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.description.contains(words), "\(error)")
    }
  }

  @Test func `know when they would reach everything`() throws {
    #expect(try LabelMatchers(["a=~.*", "b!=x"]).matchesEmpty)
    #expect(try !LabelMatchers(["a=~.+"]).matchesEmpty)
  }

  @Test func `are bounded`() {
    #expect(throws: LabelMatchers.Problem.self) {
      try LabelMatchers(Array(repeating: "a=b", count: LabelMatchers.countMax + 1))
    }
    #expect(throws: LabelMatchers.Problem.self) {
      try LabelMatchers(["a=" + String(repeating: "x", count: LabelMatchers.bytesMax)])
    }
  }
}
