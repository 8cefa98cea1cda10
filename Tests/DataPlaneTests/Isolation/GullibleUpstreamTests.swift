import BreakwaterTesting
import ControlModel
import Testing

@testable import DataPlane

/// An upstream that believes whatever it is told: it answers with heron's canary when anything in the request, beside the
/// identity we state, says heron, and else with that of the tenant we state. What a user of orchid gets of it shows what
/// reached it.
@Suite struct `An upstream that believes anything` {
  /// Requests tried in one run, in seeded disorder.
  private static let requests = 1_500

  private static let spellings: [String] = {
    let stems = `A spoofed identity`.stems
    return stems + stems.map { $0.lowercased() } + stems.map { $0.replacing("-", with: "_") }
      + stems.map { $0.replacing("-", with: ".") }
  }()

  @Test func `never gets to show a user of orchid what is heron's`() async throws {
    let upstream = try await CapturingUpstream.start { request in
      let stated = request.value("x-tenant-id") ?? "nobody"
      let text = String(decoding: request.bytes, as: UTF8.self).lowercased()
      let shown = stated != "heron" && text.contains("heron") ? "heron" : stated
      let body = #"{"note":"CANARY-\#(shown)-1"}"#
      return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
    try await withGateway {
      $0.routes = [
        TestRoutes.hello,
        Route(nil, "/api/v1/market", access: .roles([.user]), action: .forward(upstream: "backend")),
        Route(nil, "/api/v1/tenants/{tenant}", access: .roles([.user]), action: .forward(upstream: "backend")),
      ]
      $0.upstreams = [.near(upstream.port)]
    } _: { gateway in
      let tokens = [
        "orchid": try gateway.issuer.token(.user, "u1", tenant: "orchid"),
        "heron": try gateway.issuer.token(.user, "u1", tenant: "heron"),
      ]
      var random = SeededRandom(4711)
      var client: RawConnection?
      var served = 0
      for turn in 0..<Self.requests {
        let tenant = random.chance(80) ? "orchid" : "heron"
        let request = Self.request(for: tenant, token: tokens[tenant] ?? "", &random)
        if client == nil || client?.isClosed == true { client = try await gateway.connect() }
        guard let connection = client else { return }
        try await connection.send(request)
        let answer = try await connection.answer(to: String(request.prefix { $0 != " " }))
        if answer.only("connection") == "close" {
          await connection.close()
          client = nil
        }
        let other = tenant == "orchid" ? "heron" : "orchid"
        if answer.text.contains("CANARY-\(other)-") { Issue.record("turn \(turn): \(request)\n→ \(answer.text)") }
        if answer.text.contains("CANARY-\(tenant)-") { served += 1 }
      }
      #expect(served > Self.requests / 4, "requests got through at all: \(served)")
    }
    await upstream.stop()
  }

  private static func request(for tenant: String, token: String, _ random: inout SeededRandom) -> String {
    let method = ["GET", "DELETE", "POST", "PUT"][Int.random(in: 0..<4, using: &random)]
    let path = [
      "/api/v1/market/1", "/api/v1/market", "/api/v1/tenants/heron/x", "/api/v1/tenants/her%6fn",
      "/api/v1/tenants/orchid/7",
      "/api/v1/market/../tenants/heron", "/api/v1/market//heron",
    ][Int.random(in: 0..<7, using: &random)]
    let queries = ["tenantId=heron", "tenant=heron", "TENANT_ID=HERON", "tenantId%5B%5D=heron", "x=1;tenant=heron"]
    let query = random.chance(30) ? "?\(queries[Int.random(in: 0..<queries.count, using: &random)])" : ""
    var lines = ["\(method) \(path)\(query) HTTP/1.1", "Host: a", "Authorization: Bearer \(token)"]
    // A user of heron may say so; what it must not get is orchid's.
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      let name = spellings[Int.random(in: 0..<spellings.count, using: &random)]
      let value = ["heron", "HERON", "heron, orchid", "{\"tenant\":\"heron\"}"][Int.random(in: 0..<4, using: &random)]
      lines.insert("\(name): \(value)", at: Int.random(in: 1...lines.count, using: &random))
    }
    if random.chance(20) { lines.append("Connection: x-tenant-id, x-user-id, authorization") }
    guard method == "POST" || method == "PUT" else { return lines.joined(separator: "\r\n") + "\r\n\r\n" }
    let body = [#"{"tenantId":"heron"}"#, #"{"a":1,"tenant\u0049d":"heron"}"#, #"{"a":1}"#][
      Int.random(in: 0..<3, using: &random)]
    lines += ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"]
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
  }
}
