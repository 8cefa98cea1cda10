import BreakwaterTesting
import ControlModel
import Testing

@testable import DataPlane

/// What is found in an answer for tenant `orchid`.
@Suite struct `Reading an answer` {
  @Test(arguments: PlantedLeaks.json + PlantedLeaks.others)
  func `finds another tenant wherever the bytes are split`(body: PlantedLeaks.Body) {
    let count = body.text.utf8.count
    #expect(PlantedLeaks.finding(in: body) != nil)
    for cut in 0...count { #expect(PlantedLeaks.finding(in: body, cutAt: [cut]) != nil, "split at \(cut)") }
    #expect(PlantedLeaks.finding(in: body, cutAt: Array(0..<count)) != nil, "byte by byte")
  }

  @Test(arguments: PlantedLeaks.clean)
  func `finds nothing where there is nothing, wherever the bytes are split`(body: PlantedLeaks.Body) {
    let count = body.text.utf8.count
    #expect(PlantedLeaks.finding(in: body) == nil)
    for cut in 0...count { #expect(PlantedLeaks.finding(in: body, cutAt: [cut]) == nil, "split at \(cut)") }
    #expect(PlantedLeaks.finding(in: body, cutAt: Array(0..<count)) == nil, "byte by byte")
  }

  @Test func `says where it was and whose, and nothing else of the body`() {
    let cases: [(String, String, String?)] = [
      (#"{"items":[{"owner":{"tenantId":"heron"}}]}"#, "$.items[].owner.tenantId", "heron"),
      (#"{"a":{"x":1},"b":{"tid":["orchid","heron"]}}"#, "$.b.tid[]", "heron"),
      (#"{"tenant_id":"a secret!"}"#, "$.tenant_id", nil),
    ]
    for (text, place, other) in cases {
      let body = PlantedLeaks.Body("application/json", text)
      for cuts in [[], Array(0..<text.utf8.count)] {
        let finding = PlantedLeaks.finding(in: body, cutAt: cuts)
        #expect(finding?.kind == .key)
        #expect(finding?.place == place)
        #expect(finding?.other?.text == other)
      }
    }
  }

  @Test func `of a caller without a tenant accepts no tenant`() {
    let body = PlantedLeaks.Body("application/json", #"{"tenantId":"orchid"}"#)
    #expect(PlantedLeaks.finding(in: body, own: "") != nil)
    #expect(PlantedLeaks.finding(in: .init("text/plain", "CANARY-orchid-1"), own: "") != nil)
  }

  @Test func `follows any nesting down to its bound and gives up below it`() {
    for depth in [1, 100, TenantScanner.depthMax - 1] {
      let text =
        String(repeating: #"{"a":"#, count: depth) + #"{"tenantId":"heron"}"# + String(repeating: "}", count: depth)
      let finding = PlantedLeaks.finding(in: .init("application/json", text))
      #expect(finding?.kind == .key, "\(depth) levels")
    }
    let deep = String(repeating: "[", count: TenantScanner.depthMax + 1) + #"{"tenantId":"heron"}]"#
    #expect(PlantedLeaks.finding(in: .init("application/json", deep))?.kind == .unreadable)
  }

  @Test func `with seeded clean bodies finds nothing, and each with one leak planted finds it`() {
    var random = SeededRandom(20_261_127)
    for round in 0..<TestBudget.cleanBodies {
      var maker = BodyMaker(random: random)
      let clean = maker.body()
      random = maker.random
      let cuts = (0..<Int.random(in: 0...3, using: &random)).map { _ in
        Int.random(in: 0...clean.utf8.count, using: &random)
      }.sorted()
      if let finding = PlantedLeaks.finding(in: .init("application/json", clean), cutAt: cuts) {
        Issue.record("round \(round): \(finding) in \(clean) cut at \(cuts)")
        return
      }
      guard round % 10 == 0 else { continue }
      var planter = BodyMaker(random: random, plants: true)
      let leaky = planter.body()
      random = planter.random
      guard planter.hasPlanted else { continue }
      let cut = Int.random(in: 0...leaky.utf8.count, using: &random)
      if PlantedLeaks.finding(in: .init("application/json", leaky), cutAt: [cut]) == nil {
        Issue.record("round \(round): nothing in \(leaky) cut at \(cut)")
        return
      }
    }
  }
}

extension TestBudget {
  /// Clean bodies read in one run: the bar is 0 findings in 10⁵.
  static let cleanBodies = 100_000
}

/// Random JSON of tenant `orchid`, with names and strings that come close to what is looked for.
struct BodyMaker {
  var random: SeededRandom
  var plants = false
  private(set) var hasPlanted = false
  private var count = 0

  init(random: SeededRandom, plants: Bool = false) {
    self.random = random
    self.plants = plants
  }

  private static let names = [
    "id", "tenant", "tenantid_", "xtenantId", "Tenant Id", "tidings", "symbol", "price", "items", "t", "ti",
    "tenant-id",
    "tenantId.x", "note",
  ]
  private static let strings = [
    "heron", "tenantId", "tid", #"{\"tenantId\":\"heron\"}"#, #"\"tenantId\":\"heron\""#, #"\\"#, #"\\\""#, "", "AAPL",
    "CANARY-orchid-77", "CANARY", "CANARY-", "canary-heron-1", #"\u0043ANARY-orchid-1"#, "187.25", #"\n\t\/"#,
    "ünïcode",
    ": ,[]{}", "tenant_id:heron",
  ]
  private static let own = [#""tenantId""#, #""tenant_id""#, #""tid""#, #""tenant\u0049d""#, #""TENANTID""#]
  private static let spaces = ["", "", "", " ", "\n", "\t ", "\r\n"]

  mutating func body() -> String { value(depth: 0) }

  private mutating func value(depth: Int) -> String {
    count += 1
    let kinds = depth > 5 || count > 60 ? 4 : 7
    switch Int.random(in: 0..<kinds, using: &random) {
    case 0: return "\(Int.random(in: -1_000_000...1_000_000, using: &random))"
    case 1: return ["true", "false", "null", "-0.5e-3", "1E9"][Int.random(in: 0..<5, using: &random)]
    case 2, 3: return "\"" + pick(Self.strings) + "\""
    case 4: return "[" + list(depth: depth) { $0.value(depth: depth + 1) } + "]"
    default: return "{" + list(depth: depth) { $0.member(depth: depth + 1) } + "}"
    }
  }

  private mutating func list(depth: Int, _ element: (inout BodyMaker) -> String) -> String {
    var parts: [String] = []
    for _ in 0..<Int.random(in: 0...5, using: &random) { parts.append(pick(Self.spaces) + element(&self)) }
    return parts.joined(separator: pick(Self.spaces) + ",") + pick(Self.spaces)
  }

  private mutating func member(depth: Int) -> String {
    guard Int.random(in: 0..<4, using: &random) == 0 else {
      return "\"" + pick(Self.names) + "\"" + pick(Self.spaces) + ":" + pick(Self.spaces) + value(depth: depth)
    }
    let isLeak = plants && Bool.random(using: &random)
    if isLeak { hasPlanted = true }
    let tenant = isLeak ? pick(["heron", "orchid2", #"h\u0065ron"#]) : pick(["orchid", #"orch\u0069d"#])
    let values = ["\"\(tenant)\"", "[\"orchid\",\"\(tenant)\"]", "[[],[\"\(tenant)\"]]"]
    return pick(Self.own) + pick(Self.spaces) + ":" + pick(Self.spaces) + pick(values)
  }

  private mutating func pick(_ choices: [String]) -> String { choices[Int.random(in: choices.indices, using: &random)] }
}
