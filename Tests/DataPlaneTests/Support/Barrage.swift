import BreakwaterTesting
import Testing

@testable import DataPlane

/// Many raw requests at once, each on a connection of its own, against a gateway in front of an upstream that keeps every
/// byte.
enum Barrage {
  struct Outcome: Sendable {
    let id: String
    /// Statuses in the order answered, a tab, and the codes of refusals; `-` for none.
    let verdict: String
    fileprivate let requestIDs: [String]
    fileprivate let isOver: Bool
  }

  /// Plays all requests and expects that none reached the upstream with a hazard, that what was answered well is what
  /// reached it, and that no connection is left open once the clocks have run out.
  static func play(_ requests: [HTTPCorpus.Request], as title: String) async throws -> [Outcome] {
    let upstream = try await CapturingUpstream.start()
    var outcomes: [Outcome] = []
    let batch = connectionsAtOnce(requests.count)
    for start in stride(from: 0, to: requests.count, by: batch) {
      outcomes += try await play(Array(requests[start..<min(start + batch, requests.count)]), upstream)
    }
    let seen = upstream.requests.filter { !$0.isBarrier }
    for request in seen where !request.hazards.isEmpty {
      let id = outcomes.first { $0.requestIDs.contains(request.requestID ?? "") }?.id ?? "a request"
      Issue.record("\(id) reached the upstream with \(request.hazards)")
    }
    for outcome in outcomes where !outcome.isOver { Issue.record("\(outcome.id) is left hanging") }
    let answered = outcomes.reduce(0) { count, outcome in
      count + outcome.verdict.split(whereSeparator: { ",\t".contains($0) }).count { $0 == "200" }
    }
    #expect(seen.count(where: \.isWhole) == answered)
    let refused = outcomes.count { $0.verdict.first == "4" || $0.verdict.first == "5" }
    print(
      "score: \(title): \(outcomes.count) raw requests, \(refused) refused, \(seen.count(where: \.isWhole)) forwarded, "
        + "\(seen.count { !$0.hazards.isEmpty }) of them with a hazard, \(outcomes.count { !$0.isOver }) left hanging")
    await upstream.stop()
    return outcomes
  }

  /// How many connections to open at once: each takes a descriptor at either end, others are used by tests meanwhile.
  private static func connectionsAtOnce(_ wanted: Int) -> Int {
    max(100, min(wanted, (TestBudget.descriptors - 800) / 5))
  }

  private static func play(_ requests: [HTTPCorpus.Request], _ upstream: CapturingUpstream) async throws -> [Outcome] {
    var outcomes: [Outcome] = []
    try await withGateway {
      $0.routes = [TestRoutes.hello, Route(nil, "/", access: .open, action: .forward(upstream: "backend"))]
      $0.upstreams = [.near(upstream.port)]
      $0.settings.connectionsPerPeerMax = requests.count + 10
    } _: { gateway in
      var clients: [RawConnection] = []
      for request in requests {
        let client = try await gateway.connect()
        client.enqueue(request.raw)
        clients.append(client)
      }
      try await quiet(gateway, clients)
      // Whoever still has something to send is given up now; then whoever is idle, and whoever does not close.
      for timeout in [.seconds(11), DataPlaneSettings().idleTimeout + .seconds(1), .seconds(3)] {
        gateway.clock.advance(by: timeout)
        try await quiet(gateway, clients)
      }
      for (request, client) in zip(requests, clients) {
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
}

extension RecordedRequest {
  /// Sent by `Barrage` itself, to know what came before it.
  fileprivate var isBarrier: Bool {
    lines[0].starts(with: "GET /settle ".utf8) || lines[0].starts(with: "GET /barrier ".utf8)
  }
}
