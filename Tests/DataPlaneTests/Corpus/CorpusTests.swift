import BreakwaterTesting
import Foundation
import Testing

@testable import DataPlane

/// Raw requests that have fooled servers and proxies, through real sockets, in front of an upstream that keeps every byte.
/// `BREAKWATER_REWRITE_VERDICTS=1` writes the table of verdicts anew, for a change that means to alter them.
@Suite struct `The raw request corpus` {
  private struct Outcome: Sendable {
    let id: String
    /// Statuses in the order answered, then the codes of refusals.
    let verdict: String
    let requestIDs: [String]
    let isOver: Bool
  }

  @Test(.timeLimit(.minutes(1)))
  func `forwards nothing hazardous, leaves nothing hanging, and gets the verdicts on record`() async throws {
    let corpus = try HTTPCorpus.load()
    #expect(corpus.count == 954)
    let upstream = try await CapturingUpstream.start()
    let outcomes = try await Self.play(corpus, upstream)
    let requests = upstream.requests.filter { !$0.isBarrier }
    for request in requests where !request.hazards.isEmpty {
      let id = outcomes.first { $0.requestIDs.contains(request.requestID ?? "") }?.id ?? "?"
      Issue.record("\(id) reached the upstream with \(request.hazards)")
    }
    for outcome in outcomes where !outcome.isOver { Issue.record("\(outcome.id) is left hanging") }
    // Accepted and seen by the upstream are the same requests.
    let accepted = outcomes.reduce(0) { $0 + $1.verdict.split(separator: ",").count { $0.hasPrefix("200") } }
    #expect(requests.count(where: \.isWhole) == accepted)
    await upstream.stop()
    try Self.compare(outcomes)
  }

  private static func play(_ corpus: [HTTPCorpus.Request], _ upstream: CapturingUpstream) async throws -> [Outcome] {
    var outcomes: [Outcome] = []
    try await withGateway {
      $0.routes = [TestRoutes.hello, Route(nil, "/", access: .open, action: .forward(upstream: "backend"))]
      $0.upstreams = [.near(upstream.port)]
      $0.settings.connectionsPerPeerMax = 2000
    } _: { gateway in
      var clients: [RawConnection] = []
      for request in corpus {
        let client = try await gateway.connect()
        client.enqueue(request.raw)
        clients.append(client)
      }
      try await quiet(gateway, clients)
      // Whoever still has something to send is given up now; then whoever is idle.
      for timeout in [.seconds(11), DataPlaneSettings().idleTimeout + .seconds(1), .seconds(3)] {
        gateway.clock.advance(by: timeout)
        try await quiet(gateway, clients)
      }
      for (request, client) in zip(corpus, clients) {
        outcomes.append(outcome(request.id, client))
        await client.close()
      }
    }
    return outcomes
  }

  /// Waits until nothing more happens: the same bytes received while the event loop and the upstream worked on a request
  /// of ours sent after them, twice.
  private static func quiet(_ gateway: TestGateway, _ clients: [RawConnection]) async throws {
    var before = -1
    var same = 0
    while same < 2 {
      try await gateway.settle()
      _ = try await gateway.call("GET", "/barrier")
      let now = clients.reduce(0) { $0 + $1.receivedCount + ($1.isClosed ? 1 : 0) }
      same = now == before ? same + 1 : 0
      before = now
    }
  }

  private static func outcome(_ id: String, _ client: RawConnection) -> Outcome {
    var statuses: [String] = []
    var codes: [String] = []
    var ids: [String] = []
    for line in client.text.split(separator: "\r\n") {
      // A body ends without a line end, `okHTTP/1.1 200 OK`; the sentences of refusals say `HTTP/1.1` too.
      if let start = line.firstRange(of: "HTTP/1.1 "), line[start.upperBound...].prefix(3).allSatisfy(\.isNumber) {
        statuses.append(String(line[start.upperBound...].prefix(3)))
      }
      if line.hasPrefix("X-Request-ID: ") { ids.append(String(line.dropFirst(14))) }
      if let start = line.firstRange(of: "\"code\":\"") {
        codes.append(String(line[start.upperBound...].prefix { $0 != "\"" }))
      }
    }
    let verdict = statuses.isEmpty ? "-" : statuses.joined(separator: ",")
    return Outcome(
      id: id, verdict: verdict + "\t" + (codes.isEmpty ? "-" : codes.joined(separator: ",")), requestIDs: ids,
      isOver: client.isClosed)
  }

  private static func compare(_ outcomes: [Outcome]) throws {
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

extension RecordedRequest {
  /// Sent by the test itself, to know what came before it.
  fileprivate var isBarrier: Bool {
    lines[0].starts(with: "GET /settle ".utf8) || lines[0].starts(with: "GET /barrier ".utf8)
  }
}
