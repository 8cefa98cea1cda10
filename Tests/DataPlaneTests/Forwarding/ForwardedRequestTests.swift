import ControlModel
import Testing

@testable import DataPlane

/// What an upstream gets to see of a request.
@Suite struct `A forwarded request` {
  @Test func `keeps its target and the client's own fields byte for byte`() async throws {
    let head = try await forwarded(
      "GET /open/a%20b/?q=%2F&r HTTP/1.1\r\nHost: a.test:8080\r\naCCept:text/html;q=0.5 \r\nX-Empty:\r\nX-Obs: \u{e9}\r\n\r\n"
    )
    #expect(head.line == "GET /open/a%20b/?q=%2F&r HTTP/1.1")
    #expect(
      Array(head.fields.prefix(4)) == ["Host: a.test:8080", "aCCept:text/html;q=0.5 ", "X-Empty:", "X-Obs: \u{e9}"])
  }

  @Test(arguments: ["1.1 breakwater", "1.0 one, 1.1 BREAKWATER (a comment)", "HTTP/1.1  breakwater"])
  func `that has been here before is refused as a loop`(via: String) async throws {
    try await withForwarding { gateway, upstream in
      let answer = try await gateway.call("GET", "/open/a", headers: ["Via: \(via)"])
      #expect(answer.status == 508)
      #expect(answer.text.contains("http.loop"))
      #expect(upstream.connections == 0)
    }
  }

  @Test func `carries each of our fields exactly once`() async throws {
    try await withForwarding { gateway, upstream in
      let token = try gateway.issuer.token(.user, "ann", tenant: "orchid")
      let client = try await gateway.connect()
      try await client.get("/api/v1/market/x", "Authorization: Bearer \(token)")
      let head = try await upstream.accept().requestHead()
      #expect(head.values("x-tenant-id") == ["orchid"])
      #expect(head.values("x-user-id") == ["ann"])
      #expect(head.values("x-user-role") == ["user"])
      #expect(head.values("via") == ["1.1 breakwater"])
      #expect(head.values("forwarded") == ["for=127.0.0.1;proto=http;host=\"a.test\""])
      for name in ["x-request-id", "traceparent", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "host"] {
        #expect(head.values(name).count == 1, "\(name)")
      }
      #expect(head.values("authorization").isEmpty)
    }
  }

  @Test func `keeps a good request id, everywhere the same`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/", "x-request-ID: Client.id_0-42")
      let server = try await upstream.accept()
      #expect(try await server.requestHead().values("x-request-id") == ["Client.id_0-42"])
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Request-ID: upstream-id\r\n\r\n")
      #expect(try await client.answer().all("x-request-id") == ["Client.id_0-42"])
      #expect(try await gateway.log.line(of: "Client.id_0-42").status == 200)
    }
  }

  @Test(arguments: [
    ["X-Request-ID: seven77"], ["X-Request-ID: " + String(repeating: "a", count: 129)], ["X-Request-ID: with space"],
    ["X-Request-ID: quote\"quote"], ["X-Request-ID: first-one-1", "X-Request-ID: second-one-2"], ["X-Request-ID:"],
    ["X_Request_ID: underscored-1"], ["X-Request-ID: \u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"], [],
  ])
  func `gets a new id for one that is not good`(lines: [String]) async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send((["GET /open HTTP/1.1", "Host: a"] + lines).joined(separator: "\r\n") + "\r\n\r\n")
      let server = try await upstream.accept()
      let ids = try await server.requestHead().values("x-request-id")
      #expect(ids.count == 1)
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      #expect(try await client.answer().all("x-request-id") == ids)
      #expect(RequestID(ids[0]) != nil)
      #expect(ids[0].count == 36, "a UUID: \(ids)")
      #expect(lines.allSatisfy { !$0.hasSuffix(ids[0]) })
    }
  }

  @Test func `continues the client's trace under a span of its own`() async throws {
    let head = try await forwarded(
      "GET /open HTTP/1.1\r\nHost: a\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
        + "tracestate: vendor=1\r\n\r\n")
    let parts = try #require(head.values("traceparent").first).split(separator: "-")
    #expect(head.values("traceparent").count == 1)
    #expect(parts[1] == "0af7651916cd43dd8448eb211c80319c")
    #expect(parts[2] != "b7ad6b7169203331")
    #expect(head.values("tracestate") == ["vendor=1"])
  }

  @Test(arguments: [
    "00-00000000000000000000000000000000-b7ad6b7169203331-01", "junk",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
  ])
  func `starts a trace when the client's is none, and drops its state`(value: String) async throws {
    let head = try await forwarded("GET /open HTTP/1.1\r\nHost: a\r\ntraceparent: \(value)\r\ntracestate: v=1\r\n\r\n")
    let parts = try #require(head.values("traceparent").first).split(separator: "-")
    #expect(head.values("traceparent").count == 1)
    #expect(parts.map(\.count) == [2, 32, 16, 2])
    #expect(!value.contains(parts[1]))
    #expect(head.values("tracestate").isEmpty)
  }

  @Test func `leaves everything hop-by-hop behind, and what Connection names`() async throws {
    let head = try await forwarded(
      "GET /open HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
        + "Trailer: X-T\r\nUpgrade: h2c\r\nProxy-Authorization: Basic x\r\nProxy-Connection: close\r\nX-Stays: 1\r\n\r\n"
    )
    for name in [
      "connection", "x-hop", "keep-alive", "te", "trailer", "upgrade", "proxy-authorization", "proxy-connection",
    ] {
      #expect(head.values(name).isEmpty, "\(name)")
    }
    #expect(head.values("x-stays") == ["1"])
  }

  @Test func `adds itself to Via and replaces what the client says about where it comes from`() async throws {
    let head = try await forwarded(
      "GET /open HTTP/1.1\r\nHost: a\r\nVia: 1.0 one\r\nVia: 1.1 two\r\nForwarded: for=9.9.9.9\r\n"
        + "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
        + "X-Real-IP: 9.9.9.9\r\n\r\n")
    #expect(head.values("via") == ["1.0 one, 1.1 two, 1.1 breakwater"])
    #expect(head.values("x-forwarded-for") == ["127.0.0.1"])
    #expect(head.values("x-forwarded-proto") == ["http"])
    #expect(head.values("x-forwarded-host") == ["a"])
    #expect(!head.fields.contains { $0.contains("9.9.9.9") || $0.contains("evil") })
  }

  @Test func `loses the console's session cookie and keeps the client's others`() async throws {
    let head = try await forwarded(
      "GET /open HTTP/1.1\r\nHost: a\r\nCookie: a=1; bw_session=secret; b=2\r\nCookie: bw_session=secret\r\n\r\n")
    #expect(head.values("cookie") == ["a=1; b=2"])
  }

  @Test func `carries the token on only to upstreams configured for it`() async throws {
    try await withForwarding {
      $0.upstreams[0].forwardsAuthorization = true
    } _: { gateway, upstream in
      let token = try gateway.issuer.token()
      let client = try await gateway.connect()
      try await client.get("/api/v1/market", "Authorization: Bearer \(token)")
      #expect(try await upstream.accept().requestHead().values("authorization") == ["Bearer \(token)"])
    }
  }

  @Test func `of HTTP 1.0 leaves as 1.1 with the upstream as its host`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("GET /open HTTP/1.0\r\n\r\n")
      let head = try await upstream.accept().requestHead()
      #expect(head.line == "GET /open HTTP/1.1")
      #expect(head.values("host") == ["127.0.0.1:\(upstream.port)"])
    }
  }

  @Test func `in absolute form leaves in origin form`() async throws {
    let head = try await forwarded("GET http://a.test/open/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n")
    #expect(head.line == "GET /open/x?y HTTP/1.1")
    #expect(head.values("host") == ["a.test"])
  }

  private func forwarded(_ request: String) async throws -> UpstreamHead {
    var head = UpstreamHead()
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send(request)
      head = try await upstream.accept().requestHead()
    }
    return head
  }
}
