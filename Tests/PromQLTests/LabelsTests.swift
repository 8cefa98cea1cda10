import Testing

@testable import PromQL

/// Label sets: the identity of series.
struct LabelsTests {
  private let api = try? Labels([("__name__", "up"), ("job", "api"), ("instance", "a:1")])

  @Test func `labels are sorted by name, whatever their order, and empty values are left out`() throws {
    let labels = try Labels([("job", "api"), ("empty", ""), ("__name__", "up"), ("a", "1")])
    #expect(labels.pairs.map(\.name) == ["__name__", "a", "job"])
    #expect(labels == (try Labels([("a", "1"), ("__name__", "up"), ("job", "api")])))
    #expect(labels["job"] == "api")
    #expect(labels["empty"] == nil)
    #expect(labels["nope"] == nil)
    #expect(labels.metricName == "up")
    #expect(try Labels([("a", "")]) == Labels())
    #expect(Labels().isEmpty)
  }

  @Test func `names are given once and not empty, text has a limit`() {
    #expect(throws: LabelError.repeatedName("a")) { try Labels([("a", "1"), ("a", "2")]) }
    #expect(throws: LabelError.emptyName) { try Labels([("", "1")]) }
    let long = String(repeating: "x", count: Labels.textBytesMax + 1)
    #expect(throws: LabelError.tooLong("a")) { try Labels([("a", long)]) }
    #expect(throws: LabelError.self) { try Labels().setting("a", to: long) }
    #expect(throws: Never.self) { try Labels([("a", String(long.dropLast()))]) }
  }

  @Test func `a set without its name equals one that never had a name`() throws {
    let labels = try #require(api)
    let bare = try Labels([("job", "api"), ("instance", "a:1")])
    #expect(labels.withoutName == bare)
    #expect(bare == labels.withoutName)
    #expect(labels.withoutName.hashValue == bare.hashValue)
    #expect(labels != bare)
    #expect(labels.withoutName.metricName == nil)
    #expect(labels.withoutName.pairs.count == 2)
    #expect(labels.withoutName.withoutName == bare)
    #expect(!(labels.withoutName < bare) && !(bare < labels.withoutName))
  }

  @Test func `two spellings of a character are two values`() throws {
    let composed = try Labels([("city", "Z\u{FC}rich")])
    let decomposed = try Labels([("city", "Zu\u{308}rich")])
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(try Matcher("city", .equal, "Z\u{FC}rich").matches("Zu\u{308}rich") == false)
    #expect(try SeriesSelector(parsing: "{a='\u{FC}'}") != SeriesSelector(parsing: "{a='u\u{308}'}"))
    #expect(try Expression("count by ('\u{FC}') (x)") != Expression("count by ('u\u{308}') (x)"))
  }

  @Test func `series are ordered label by label`() throws {
    let sets: [[(String, String)]] = [
      [], [("a", "1")], [("a", "1"), ("b", "1")], [("a", "1"), ("c", "0")], [("a", "10")], [("a", "2")], [("b", "0")],
    ]
    let labels = try sets.map { try Labels($0) }
    #expect(labels.shuffled().sorted() == labels)
  }

  @Test func `setting a label keeps the order, setting it to nothing removes it`() throws {
    let labels = try #require(api)
    #expect(try labels.setting("k", to: "v").description == #"up{instance="a:1", job="api", k="v"}"#)
    #expect(try labels.setting("instance", to: "b").description == #"up{instance="b", job="api"}"#)
    #expect(try labels.setting("job", to: "").description == #"up{instance="a:1"}"#)
    #expect(try labels.withoutName.setting("zz", to: "1").description == #"{instance="a:1", job="api", zz="1"}"#)
    #expect(try labels.setting("__name__", to: "down").metricName == "down")
    #expect(try Labels().setting("a", to: "") == Labels())
  }

  @Test func `is shown as Prometheus shows series`() throws {
    #expect(try Labels([("__name__", "up")]).description == "up")
    #expect(Labels().description == "{}")
    #expect(try Labels([("a b", "x\"y\n")]).description == #"{"a b"="x\"y\n"}"#)
  }

  @Test func `reads what it shows`() throws {
    for text in ["up", "{}", #"{"a.b", c="1"}"#, #"up{instance="a:1", job="api"}"#, #"{"a b"="x\"y\n"}"#, #"{a="1"}"#] {
      #expect(try Labels(parsing: text).description == text)
    }
    for text in ["", "up{a!=\"1\"}", "up{a=\"1\"", "up 1", "up{a='1',a='2'}", "1"] {
      #expect(throws: ParseError.self) { try Labels(parsing: text) }
    }
  }

  @Test(arguments: [
    (["job"], true, #"{job="api"}"#), ([], true, "{}"),
    (["zz", "job", "instance"], true, #"{instance="a:1", job="api"}"#),
    (["__name__"], true, "up"), (["job"], false, #"{instance="a:1"}"#), ([], false, #"{instance="a:1", job="api"}"#),
    (["job", "instance"], false, "{}"), (["nope", "job", "job"], false, #"{instance="a:1"}"#),
  ])
  func `a projection keeps or leaves out the listed labels`(names: [String], keeps: Bool, result: String) throws {
    let labels = try #require(api)
    let projection: LabelProjection = keeps ? .keeping(LabelNames(names)) : .removing(LabelNames(names))
    let small = projection.apply(to: labels)
    #expect(small.description == result)
    // The view hashes and compares like the set it shows.
    #expect(projection.areEqual(labels, small))
    #expect(projection.hash(of: labels) == projection.hash(of: small))
    let other = try labels.setting("instance", to: "b:2")
    #expect(projection.areEqual(labels, other) == (projection.apply(to: other) == small))
  }

  @Test func `matchers treat a missing label as empty`() throws {
    let labels = try #require(api)
    #expect(try SeriesSelector(parsing: #"{job="api",nope=""}"#).matches(labels))
    #expect(try SeriesSelector(parsing: #"{job="api",nope=~".*"}"#).matches(labels))
    #expect(try SeriesSelector(parsing: #"{job="api",nope!=""}"#).matches(labels) == false)
    #expect(try SeriesSelector(parsing: #"{job="api",nope!~"x"}"#).matches(labels))
    #expect(try SeriesSelector(parsing: #"{job!="db",__name__="up"}"#).matches(labels))
  }

  @Test func `random sets hash alike exactly if they are alike`() throws {
    let seed: UInt64 = 7
    var random = SeededRandom(seed: seed)
    var byPairs: [String: Labels] = [:]
    var hashes: [Labels: String] = [:]
    for _ in 0..<2000 {
      let names = ["__name__", "a", "b", "ab", "abc", "é"].filter { _ in random.chance(50) }
      let pairs = names.map { ($0, random.pick(["x", "y", "xy"])) }
      let labels = try Labels(pairs.shuffled(using: &random))
      let key = pairs.map { "\($0.0)=\($0.1)" }.sorted().joined(separator: ",")
      if let known = byPairs[key] { #expect(known == labels, "seed \(seed)") }
      if let known = hashes[labels] { #expect(known == key, "seed \(seed)") }
      byPairs[key] = labels
      hashes[labels] = key
    }
    #expect(byPairs.count == hashes.count)
  }
}
