import BreakwaterTesting
import ControlModel
import NIOCore
import Testing

@testable import DataPlane

/// A request of tenant `orchid` that says it means another tenant.
@Suite struct `A request that names another tenant` {
  private static let routes = [
    TestRoutes.hello,
    Route(nil, "/api/v1/market", access: .roles([.user, .support]), action: .forward(upstream: "backend")),
    Route(
      nil, "/api/v1/tenants/{tenant}/reports", access: .roles([.user, .support]), action: .forward(upstream: "backend")),
    Route(.get, "/own/{tenantId}/x", access: .roles([.user]), action: .endpoint(TestRoutes.say("mine"))),
    Route(
      .post, "/note", access: .roles([.user]),
      action: .endpoint(
        Endpoint("Answers the body.") { call in Reply(200, body: .bytes(Array(call.body.readableBytesView))) })),
  ]

  private func withRoutes(_ test: (TestGateway, ScriptedUpstream, String) async throws -> Void) async throws {
    try await withForwarding {
      $0.routes = Self.routes
    } _: { gateway, upstream in
      try await test(gateway, upstream, try gateway.issuer.token(.user, "ann", tenant: "orchid"))
    }
  }

  private func count(_ gateway: TestGateway, _ kind: String) -> Double {
    gateway.metric("breakwater_tenant_isolation_violations_total{kind=\"\(kind)\"}")
  }

  @Test(arguments: [
    "tenantId=heron", "tenant_id=heron", "tenant=heron", "TENANTID=heron", "a=1&tenantId=heron", "tenant%49d=heron",
    "tenantId=her%6fn", "tenantId=orchid&tenantId=heron", "tenantId[]=heron", "tenantId[0]=heron",
    "tenantId%5b%5d=heron",
    "a=1;tenantId=heron", "tenantId=orchid;tenantId=heron", "tenantId=orchid%00", "tenantId=Orchid", "tenantId=+orchid",
    "tenantId=orchid,heron",
  ])
  func `in the query is not found`(query: String) async throws {
    try await withRoutes { gateway, upstream, token in
      let answer = try await gateway.call("GET", "/api/v1/market?\(query)", token: token)
      #expect(answer.status == 404)
      #expect(answer.text.contains("tenant.mismatch") && !answer.text.contains("orchid"))
      #expect(upstream.connections == 0)
      #expect(count(gateway, "mismatch_query") == 1)
    }
  }

  @Test(arguments: [
    "tenantId=orchid", "tenantId=", "tenantId", "tenantIds=heron", "x=tenantId", "q=heron", "tid=heron",
  ])
  func `but does not, goes on`(query: String) async throws {
    try await withRoutes { gateway, upstream, token in
      let client = try await gateway.connect()
      try await client.get("/api/v1/market?\(query)", "Authorization: Bearer \(token)")
      try await upstream.accept().reply()
      #expect(try await client.answer().status == 200)
    }
  }

  @Test func `in the path is not found, and with its own name is`() async throws {
    try await withRoutes { gateway, upstream, token in
      for path in [
        "/own/heron/x", "/own/Orchid/x", "/api/v1/tenants/heron/reports", "/api/v1/tenants/her%6fn/reports/7",
      ] {
        let answer = try await gateway.call("GET", path, token: token)
        #expect(answer.status == 404)
        #expect(answer.text.contains("tenant.mismatch"), "\(path): \(answer.text)")
      }
      #expect(count(gateway, "mismatch_path") == 4)
      #expect(try await gateway.call("GET", "/own/orchid/x", token: token).text == "mine")
      let client = try await gateway.connect()
      try await client.get("/api/v1/tenants/orchid/reports/7?y=1", "Authorization: Bearer \(token)")
      let server = try await upstream.accept()
      #expect(try await server.requestHead().line == "GET /api/v1/tenants/orchid/reports/7?y=1 HTTP/1.1")
      #expect(
        try await gateway.call("GET", "/api/v1/tenants/orchid/other", token: token).text.contains("route.unknown"))
    }
  }

  @Test func `is answered the same whether there is such a tenant or not`() async throws {
    try await withRoutes { gateway, _, token in
      var answers: Set<String> = []
      for tenant in ["heron", "nobody-such"] {
        let answer = try await gateway.call(
          "GET", "/api/v1/market?tenant=\(tenant)", token: token, headers: ["X-Request-ID: same-0001"])
        answers.insert(answer.text)
      }
      #expect(answers.count == 1)
    }
  }

  @Test func `as staff who watch over all of them goes on`() async throws {
    try await withRoutes { gateway, upstream, _ in
      let token = try gateway.issuer.token(.support, "sam", tenant: nil)
      let client = try await gateway.connect()
      try await client.get("/api/v1/market?tenant=heron", "Authorization: Bearer \(token)")
      try await upstream.accept().reply()
      #expect(try await client.answer().status == 200)
    }
  }

  private static let bodies = [
    #"{"tenantId":"heron"}"#, #"{"a":[1,{"tenantId":"heron"}],"tenant_id":"heron"}"#, #"{"tenant\u0049d":"heron"}"#,
    #"{"tenant":["orchid","heron"]}"#, #"{"x":"\u0043ANARY-heron-1","tenant":"heron"}"#,
  ]

  @Test(arguments: bodies)
  func `in a forwarded body never reaches its end`(body: String) async throws {
    try await withRoutes { gateway, upstream, token in
      for framing in ["Content-Length: \(body.utf8.count)\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
        let isChunked = framing.hasPrefix("T")
        let client = try await gateway.connect()
        try await client.send(
          "POST /api/v1/market HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nContent-Type: application/json\r\n"
            + framing)
        let server = try await upstream.accept()
        _ = try await server.requestHead()
        for byte in body.utf8 {
          try await client.send((isChunked ? Array("1\r\n".utf8) : []) + [byte] + (isChunked ? Array("\r\n".utf8) : []))
        }
        let answer = try await client.answer(to: "POST")
        #expect(answer.status == 404)
        #expect(answer.text.contains("tenant.mismatch"))
        try await server.closed()
        #expect(!server.text.hasSuffix("}") && !server.text.contains("0\r\n\r\n"))
      }
    }
  }

  @Test func `in an endpoint's body is not found`() async throws {
    try await withRoutes { gateway, _, token in
      for body in Self.bodies {
        let answer = try await gateway.call("POST", "/note", token: token, body: body)
        #expect(answer.status == 404, "\(body)")
      }
      let own = #"{"tenantId":"orchid","owner":{"tenant":"heron"}}"#
      #expect(try await gateway.call("POST", "/note", token: token, body: own).text == own)
    }
  }

  @Test(arguments: [
    ("application/json", #"{"tenantId":"orchid","note":"tenantId: heron","x":{"tenantId":"heron"}}"#),
    ("text/plain", #"{"tenantId":"heron"}"#),
  ])
  func `only below the top, or in no JSON, goes on`(type: String, body: String) async throws {
    try await withRoutes { gateway, upstream, token in
      let client = try await gateway.connect()
      try await client.send(
        "POST /api/v1/market HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nContent-Type: \(type)\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      #expect(String(decoding: try await server.take(body.utf8.count), as: UTF8.self) == body)
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      #expect(try await client.answer().status == 204)
    }
  }
}
