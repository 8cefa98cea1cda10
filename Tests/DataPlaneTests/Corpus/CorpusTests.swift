import BreakwaterTesting
import DataPlane
import Foundation
import Testing

/// Raw requests that have fooled servers and proxies, through real sockets, in front of an upstream that keeps every byte.
/// `BREAKWATER_REWRITE_VERDICTS=1` writes the table of verdicts anew, for a change that means to alter them.
@Suite struct `The raw request corpus` {
  @Test(.timeLimit(.minutes(5)))
  func `forwards nothing hazardous, leaves nothing hanging, and gets the verdicts on record`() async throws {
    let corpus = try HTTPCorpus.load()
    #expect(corpus.count == 954)
    let outcomes = try await Barrage.play(corpus, as: "corpus requests.json")
    try Self.compare(outcomes)
  }

  /// The same damage as in `A head in pieces`, now with bodies, connections and the upstream in play.
  @Test(.timeLimit(.minutes(5)))
  func `mutated forwards nothing hazardous and leaves nothing hanging`() async throws {
    let seed: UInt64 = 0x6272_6561_6b65_7273
    var random = SeededRandom(seed)
    let good = [
      "GET /a/b?c=d HTTP/1.1\r\nHost: a\r\nX-Tenant-Id: evil\r\nAccept: */*\r\n\r\n",
      "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Y: z\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: x-y\r\nX-Y: z\r\n\r\n"
        + "5;e=1\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
      "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi",
    ].map { Array($0.utf8) }
    let requests = (0..<1000).map { number in
      var bytes = good[number % good.count]
      HeadMutator.mutate(&bytes, good, using: &random)
      return HTTPCorpus.Request(id: "seed \(seed) number \(number)", raw: bytes)
    }
    let outcomes = try await Barrage.play(requests, as: "the same damage on live connections")
    let statuses = outcomes.map { $0.verdict.prefix(3) }
    #expect(statuses.count { $0 == "200" } > 200 && statuses.count { $0 == "400" } > 200, "both sides are reached")
  }

  private static func compare(_ outcomes: [Barrage.Outcome]) throws {
    let table = outcomes.map { "\($0.id)\t\($0.verdict)" }
    let rewrite = ProcessInfo.processInfo.environment["BREAKWATER_REWRITE_VERDICTS"] == "1"
    if rewrite {
      let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/http-raw/verdicts.tsv")
      try Data((table.joined(separator: "\n") + "\n").utf8).write(to: source)
      return
    }
    let recorded = try String(contentsOf: HTTPCorpus.url("verdicts.tsv"), encoding: .utf8).split(separator: "\n")
    for (now, then) in zip(table, recorded) where now != then { Issue.record("now \(now), on record \(then)") }
    #expect(table.count == recorded.count)
  }
}
