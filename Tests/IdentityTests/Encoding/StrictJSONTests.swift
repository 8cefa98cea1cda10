import Testing

@testable import Identity

@Suite struct `Strict JSON` {
  /// JSONTestSuite calls these two valid: RFC 8259 §4 leaves duplicate names to the reader. We refuse them, because two
  /// readers that choose differently see two different tokens.
  static let refusedOnPurpose: Set = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]

  /// What RFC 8259 leaves open, and what we do: numbers are grammar only, so any size passes; text that is not
  /// well-formed UTF-8, lone surrogates, a byte order mark and deep nesting are refused.
  static let acceptedOfTheOpenCases: Set = [
    "i_number_double_huge_neg_exp.json", "i_number_huge_exp.json", "i_number_neg_int_huge_exp.json",
    "i_number_pos_double_huge_exp.json", "i_number_real_neg_overflow.json", "i_number_real_pos_overflow.json",
    "i_number_real_underflow.json", "i_number_too_big_neg_int.json", "i_number_too_big_pos_int.json",
    "i_number_very_big_negative_int.json",
  ]

  @Test func `gives the right verdict on every file of JSONTestSuite`() throws {
    let names = try Fixture.names(in: "jsontestsuite/test_parsing")
    #expect(names.count == 318)
    var right: [String: Int] = [:]
    for name in names {
      let bytes = try Fixture.bytes("jsontestsuite/test_parsing/\(name)")
      let isAccepted = (try? StrictJSON.validate(bytes.span)) != nil
      let isRight =
        switch name.prefix(2) {
        case "y_": isAccepted != Self.refusedOnPurpose.contains(name)
        case "n_": !isAccepted
        default: isAccepted == Self.acceptedOfTheOpenCases.contains(name)
        }
      #expect(isRight, "\(name)")
      right[String(name.prefix(2)), default: 0] += isRight ? 1 : 0
    }
    let count = { (kind: String) in "\(right[kind, default: 0])/\(names.count { $0.hasPrefix(kind) })" }
    print(
      "score: JSONTestSuite: n_ refused \(count("n_")), y_ as wanted \(count("y_")) (duplicate names refused), "
        + "i_ as documented \(count("i_"))")
  }

  @Test(arguments: [
    #"{"a":1,"a":2}"#, #"{"a":1,"b":{"c":1,"c":1}}"#, #"{"tid":1,"t\u0069d":2}"#, #"{"\u00e9":1,"é":2}"#,
    #"{"😀":1,"\ud83d\ude00":2}"#, #"[{"":0,"":0}]"#,
  ])
  func `refuses a name that an object has twice, however it is spelled`(_ text: String) {
    #expect(jsonProblem(text) == .duplicateName)
  }

  @Test func `finds a duplicate among many names`() {
    let names = (0..<5000).map { "\"n\($0)\":0" }
    #expect(jsonProblem("{" + names.joined(separator: ",") + "}") == nil)
    #expect(jsonProblem("{" + names.joined(separator: ",") + ",\"n\\u0034\":0}") == .duplicateName)
  }

  @Test func `allows one name in different objects`() {
    #expect(jsonProblem(#"[{"a":1},{"a":1},{"b":{"a":1},"a":2}]"#) == nil)
  }

  @Test func `keeps names apart that only Unicode normalisation would join`() {
    #expect(jsonProblem("{\"K\":1,\"\u{212A}\":2}") == nil)
    #expect(jsonProblem("{\"\u{E9}\":1,\"e\u{301}\":2}") == nil)
  }

  @Test func `stops at the depth, size and node limits`() {
    let limits = StrictJSON.Limits(depthMax: 3, bytesMax: 40, nodesMax: 5)
    #expect(jsonProblem("[[[1]]]", limits) == nil)
    #expect(jsonProblem("[[[[1]]]]", limits) == .tooDeep)
    #expect(jsonProblem(#"{"a":{"b":[[]]}}"#, limits) == .tooDeep)
    #expect(jsonProblem("[1,2,3,4]", limits) == nil)
    #expect(jsonProblem("[1,2,3,4,5]", limits) == .tooLarge)
    #expect(jsonProblem("\"" + String(repeating: "x", count: 39) + "\"", limits) == .tooLarge)
    #expect(jsonProblem(String(repeating: "[", count: 1 << 20)) == .tooDeep)
  }

  @Test func `says what is wrong and where`() throws {
    #expect(jsonProblem("\u{FEFF}{}") == .byteOrderMark)
    #expect(jsonProblem(#"["\ud800"]"#) == .loneSurrogate)
    #expect(jsonProblem(#"["\udc00x"]"#) == .loneSurrogate)
    #expect(jsonProblem(#"["\ud800\u0041"]"#) == .loneSurrogate)
    let problem = #expect(throws: StrictJSON.Problem.self) { try StrictJSON.validate("[1,]".bytes.span) }
    #expect(problem == .init(kind: .syntax, offset: 3))
    #expect(problem?.description == "is not JSON (byte 3)")
    #expect(throws: StrictJSON.Problem(kind: .invalidUTF8, offset: 1)) {
      try StrictJSON.validate([0x22, 0xC0, 0x80, 0x22].span)
    }
  }

  @Test func `reads values by name, in order, unescaped`() throws {
    let text =
      #" { "a\u0062" : "x\n\u00e9\ud83d\ude00\/" , "n" : -12, "f": 1.5e3, "t":true, "z":null, "l":[1,{"k":2},[]] } "#
    let root = try JSONDocument(text.bytes).root
    #expect(root["ab"]?.string == "x\né😀/")
    #expect(root["n"]?.integer == -12)
    #expect(root["f"]?.integer == nil)
    #expect(root["f"]?.double == 1500)
    #expect(root["t"]?.bool == true)
    #expect(root["z"]?.isNull == true)
    #expect(root["l"]?.elements.count == 3)
    #expect(root["l"]?.elements[1]["k"]?.integer == 2)
    #expect(root.members.map(\.name) == ["ab", "n", "f", "t", "z", "l"])
    #expect(root["k"] == nil)
    #expect(root["l"]?["k"] == nil)
    #expect(root["n"]?.elements.isEmpty == true)
  }

  @Test func `reads integers to the edge of 64 bits and no further`() throws {
    func integer(_ text: String) throws -> Int64? { try JSONDocument(text.bytes).root.integer }
    #expect(try integer("9223372036854775807") == .max)
    #expect(try integer("-9223372036854775808") == .min)
    #expect(try integer("9223372036854775808") == nil)
    #expect(try integer("-9223372036854775809") == nil)
    #expect(try integer("1.0") == nil)
    #expect(try JSONDocument("1e400".bytes).root.double == nil)
  }
}
