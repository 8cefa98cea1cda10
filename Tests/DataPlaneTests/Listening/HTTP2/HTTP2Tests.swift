import BreakwaterTesting
import ControlModel
import NIOCore
import Testing

@testable import DataPlane

/// A gateway with TLS, and an HTTP/2 connection to it.
func withHTTP2(
  settings: [(UInt16, UInt32)] = [], _ change: (inout TestGateway.Options) -> Void = { _ in },
  _ test: (TestGateway, ScriptedUpstream, HTTP2Client) async throws -> Void
) async throws {
  let identity = try TestTLS.identity()
  try await withForwarding {
    $0.tls = identity
    change(&$0)
  } _: { gateway, upstream in
    try await test(gateway, upstream, try await HTTP2Client.connect(to: gateway, settings: settings))
  }
}

@Suite struct `A request over HTTP 2` {
  @Test func `passes every policy of the path and leaves as HTTP 1`() async throws {
    try await withHTTP2 { gateway, upstream, client in
      let token = try gateway.issuer.token(tenant: "acme")
      try await client.request(
        1,
        HTTP2Client.get(
          "/api/v1/market/a?b=c", ("authorization", "Bearer \(token)"), ("x-request-id", "over-h2-1"),
          ("x-tenant-id", "evil"), ("x-custom", "kept"), ("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")))
      let server = try await upstream.accept()
      let head = try await server.requestHead()
      #expect(head.line == "GET /api/v1/market/a?b=c HTTP/1.1")
      #expect(head.values("host") == ["gateway.test"])
      #expect(head.values("x-tenant-id") == ["acme"])
      #expect(head.values("x-request-id") == ["over-h2-1"])
      #expect(head.values("x-custom") == ["kept"])
      #expect(head.values("cookie") == ["a=1; b=2"])
      #expect(head.values("te").isEmpty && head.values("connection").isEmpty && head.values("authorization").isEmpty)
      #expect(head.values("forwarded").first?.contains("proto=https") == true)
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Answer: yes\r\nConnection: keep-alive\r\n\r\nok")
      let answer = try await client.answer(1)
      #expect(answer.status == 200)
      #expect(answer.text == "ok")
      #expect(answer.only("x-answer") == "yes")
      #expect(answer.only("x-request-id") == "over-h2-1")
      #expect(answer.only("via") == "1.1 breakwater")
      #expect(answer.only("content-length") == "2")
      #expect(answer.only("connection") == nil)
      let line = try await gateway.log.line(of: "over-h2-1")
      #expect(line.protocol == "h2")
      #expect(line.tls == "1.3")
      #expect(line.tenant == "acme")
    }
  }

  @Test func `needs a token like any other`() async throws {
    try await withHTTP2 { _, upstream, client in
      try await client.request(1, HTTP2Client.get("/api/v1/market"))
      let answer = try await client.answer(1)
      #expect(answer.status == 401)
      #expect(answer.text.contains("auth.missing"))
      #expect(answer.only("www-authenticate") == "Bearer")
      #expect(upstream.connections == 0)
    }
  }

  @Test func `shares its connection with others, answered in any order`() async throws {
    try await withHTTP2 { _, upstream, client in
      for stream in [1, 3, 5] { try await client.request(stream, HTTP2Client.get("/open/\(stream)")) }
      var servers: [String: RawConnection] = [:]
      for _ in 0..<3 {
        let server = try await upstream.accept()
        servers[try await server.requestHead().line] = server
      }
      for stream in [5, 1, 3] {
        let server = try #require(servers["GET /open/\(stream) HTTP/1.1"])
        try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(stream)")
        #expect(try await client.answer(stream).text == "\(stream)")
      }
    }
  }

  @Test func `carries a body with and without its length`() async throws {
    try await withHTTP2 { _, _, client in
      try await client.request(1, HTTP2Client.post("/echo", ("content-length", "6")), isEnd: false)
      try await client.data(1, Array("abc".utf8))
      try await client.data(1, Array("def".utf8), isEnd: true)
      #expect(try await client.answer(1).text == "abcdef")
      try await client.request(3, HTTP2Client.post("/echo"), isEnd: false)
      try await client.data(3, Array("gh".utf8))
      try await client.data(3, [], isEnd: true)
      #expect(try await client.answer(3).text == "gh")
      try await client.request(5, HTTP2Client.post("/echo"), isEnd: true)
      #expect(try await client.answer(5).status == 200)
    }
  }

  @Test func `ends with trailers, which go nowhere`() async throws {
    try await withHTTP2 { gateway, upstream, client in
      try await client.request(1, HTTP2Client.post("/open/t"), isEnd: false)
      try await client.data(1, Array("abc".utf8))
      try await client.request(1, [("authorization", "Bearer evil"), ("x-tenant-id", "evil")])
      let server = try await upstream.accept()
      let head = try await server.requestHead()
      #expect(head.values("transfer-encoding") == ["chunked"])
      #expect(try await server.take(until: "0\r\n\r\n") == "3\r\nabc\r\n0\r\n\r\n")
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      #expect(try await client.answer(1).status == 204)
    }
  }

  @Test func `gets answers to HEAD, answers without content and interim answers right`() async throws {
    try await withHTTP2 { _, upstream, client in
      var head = HTTP2Client.get("/hello")
      head[0].1 = "HEAD"
      try await client.request(1, head)
      let first = try await client.answer(1)
      #expect(first.only("content-length") == "5")
      #expect(first.body.isEmpty && first.status == 200)
      try await client.request(3, HTTP2Client.get("/open/304"))
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")
      #expect(try await client.answer(3).status == 304)
      try await client.request(5, HTTP2Client.post("/echo", ("expect", "100-continue")), isEnd: false)
      var frame = try await client.frame(on: 5)
      #expect(frame.kind == .headers && frame.flags & HTTP2Client.Frame.endStream == 0)
      try await client.data(5, Array("hi".utf8), isEnd: true)
      frame = try await client.frame(on: 5)
      #expect(frame.kind == .headers)
    }
  }

  @Test func `is answered in pieces as they come, and a stream is ended by a drain`() async throws {
    let (stream, pieces) = AsyncStream<ByteBuffer>.makeStream()
    let events = Route(
      .get, "/events", access: .open,
      action: .endpoint(
        Endpoint("Events.") { _ in Reply(200, contentType: "text/event-stream", body: .stream(stream)) }))
    try await withHTTP2 {
      $0.routes.append(events)
    } _: { gateway, _, client in
      try await client.request(1, HTTP2Client.get("/events"))
      for piece in ["data: 1\n\n", "data: 2\n\n"] {
        pieces.yield(ByteBuffer(string: piece))
        var frame = try await client.frame(on: 1)
        if frame.kind == .headers { frame = try await client.frame(on: 1) }
        #expect(String(decoding: frame.payload, as: UTF8.self) == piece)
      }
      let drained = Task { await gateway.drain() }
      let last = try await client.frame(on: 1)
      #expect(last.payload.isEmpty && last.flags & HTTP2Client.Frame.endStream != 0)
      try await client.readToEnd()
      await client.connection.close()
      await drained.value
    }
  }

  @Test func `whose answer breaks off is reset, never ended as if it were whole`() async throws {
    try await withHTTP2 { _, upstream, client in
      try await client.request(1, HTTP2Client.get("/open/cut"))
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
      _ = try await client.frame(on: 1)
      await server.close()
      let answer = try await client.answer(1)
      #expect(answer.reset != nil)
      try await client.request(3, HTTP2Client.get("/hello"))
      #expect(try await client.answer(3).text == "hello", "the other streams go on")
    }
  }

  @Test func `that its client resets stops its upstream, and the log says so`() async throws {
    try await withHTTP2 { gateway, upstream, client in
      try await client.request(1, HTTP2Client.get("/open/slow", ("x-request-id", "reset-h2-1")))
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await client.send(HTTP2Client.Frame(kind: .reset, stream: 1, payload: [0, 0, 0, 8]))
      try await server.closed()
      #expect(try await gateway.log.line(of: "reset-h2-1").status == 499)
    }
  }

  @Test func `refused before its body has come is answered, and the rest is declined`() async throws {
    try await withHTTP2 { _, _, client in
      try await client.request(1, HTTP2Client.post("/nowhere"), isEnd: false)
      let answer = try await client.answer(1)
      #expect(answer.status == 404)
      let frame = try await client.frame(on: 1)
      #expect(frame.kind == .reset && frame.payload == [0, 0, 0, 0], "NO_ERROR: the answer counts")
    }
  }

  // MARK: Heads

  struct Wrong: Sendable, CustomTestStringConvertible {
    let what: String
    let reason: String
    var status = 400
    let fields: [(String, String)]
    var testDescription: String { what }
  }

  static let wrong: [Wrong] = [
    Wrong(what: "no :path", reason: "pseudo_field", fields: Array(HTTP2Client.get("/hello").dropLast())),
    Wrong(what: "two :path", reason: "pseudo_field", fields: HTTP2Client.get("/hello") + [(":path", "/admin")]),
    Wrong(what: "two :method", reason: "pseudo_field", fields: [(":method", "POST")] + HTTP2Client.get("/hello")),
    Wrong(
      what: "a pseudo-field after another field", reason: "pseudo_field",
      fields: [("a", "b")] + HTTP2Client.get("/hello")),
    Wrong(what: "an unknown pseudo-field", reason: "pseudo_field", fields: [(":x", "y")] + HTTP2Client.get("/hello")),
    Wrong(
      what: "extended CONNECT", reason: "pseudo_field",
      fields: [(":protocol", "websocket")] + HTTP2Client.get("/hello")),
    Wrong(what: "a status", reason: "pseudo_field", fields: [(":status", "200")] + HTTP2Client.get("/hello")),
    Wrong(
      what: "CONNECT", reason: "pseudo_field", fields: [(":method", "CONNECT"), (":authority", "gateway.test:443")]),
    Wrong(what: "an empty path", reason: "pseudo_field", fields: HTTP2Client.get("")),
    Wrong(
      what: "another scheme", reason: "target",
      fields: [
        (":method", "GET"), (":scheme", "http"), (":authority", "gateway.test"), (":path", "/hello"),
      ]),
    Wrong(what: "an absolute path", reason: "target", fields: HTTP2Client.get("https://gateway.test/hello")),
    Wrong(what: "a path with a space", reason: "target", fields: HTTP2Client.get("/hello HTTP/1.1")),
    Wrong(what: "a path that climbs", reason: "path_confusion", fields: HTTP2Client.get("/open/../admin")),
    Wrong(
      what: "a request line in the path", reason: "field_value",
      fields: HTTP2Client.get("/hello HTTP/1.1\r\nHost: evil\r\n\r\nGET /admin")),
    Wrong(
      what: "a line break in a value", reason: "field_value",
      fields: HTTP2Client.get("/hello", ("x", "a\r\nx-tenant-id: evil"))),
    Wrong(what: "a NUL in a value", reason: "field_value", fields: HTTP2Client.get("/hello", ("x", "a\0b"))),
    Wrong(what: "white space before a value", reason: "field_value", fields: HTTP2Client.get("/hello", ("x", " a"))),
    Wrong(what: "a capital in a name", reason: "field_name", fields: HTTP2Client.get("/hello", ("X-A", "b"))),
    Wrong(
      what: "a line break in a name", reason: "field_name", fields: HTTP2Client.get("/hello", ("a: b\r\nx-c", "d"))),
    Wrong(
      what: "Connection", reason: "connection_field", fields: HTTP2Client.get("/hello", ("connection", "x-tenant-id"))),
    Wrong(
      what: "Transfer-Encoding", reason: "connection_field",
      fields: HTTP2Client.post("/echo", ("transfer-encoding", "chunked"))),
    Wrong(what: "Upgrade", reason: "connection_field", fields: HTTP2Client.get("/hello", ("upgrade", "h2c"))),
    Wrong(what: "TE", reason: "connection_field", fields: HTTP2Client.get("/hello", ("te", "gzip"))),
    Wrong(what: "another Host", reason: "host_mismatch", fields: HTTP2Client.get("/hello", ("host", "evil.test"))),
    Wrong(
      what: "two Hosts", reason: "host_duplicate",
      fields: [
        (":method", "GET"), (":scheme", "https"), (":path", "/hello"), ("host", "a.test"), ("host", "b.test"),
      ]),
    Wrong(
      what: "no host", reason: "host_missing",
      fields: [
        (":method", "GET"), (":scheme", "https"), (":path", "/hello"),
      ]),
    Wrong(
      what: "user information", reason: "host_invalid",
      fields: [
        (":method", "GET"), (":scheme", "https"), (":authority", "ada@gateway.test"), (":path", "/hello"),
      ]),
    Wrong(
      what: "two tokens", reason: "authorization_duplicate",
      fields: HTTP2Client.get("/hello", ("authorization", "Bearer a"), ("authorization", "Bearer b"))),
    Wrong(
      what: "a content length that is no number", reason: "content_length",
      fields: HTTP2Client.post("/echo", ("content-length", "+0"))),
    Wrong(
      what: "65 fields", reason: "too_many_fields", status: 431,
      fields: HTTP2Client.get("/hello") + (0..<65).map { ("x\($0)", "y") }),
  ]

  @Test(arguments: wrong)
  func `with a head that is wrong is answered with a code, and counted`(_ wrong: Wrong) async throws {
    try await withHTTP2 { gateway, _, client in
      try await client.request(1, wrong.fields)
      let answer = try await client.answer(1)
      #expect(answer.status == wrong.status, "\(answer)")
      #expect(answer.only("x-request-id") != nil)
      #expect(gateway.metric("breakwater_http_parse_errors_total{reason=\"\(wrong.reason)\"}") == 1)
      try await client.request(3, HTTP2Client.get("/hello"))
      #expect(try await client.answer(3).text == "hello", "the connection goes on")
    }
  }

  @Test func `may name its host in either way, or in both alike`() async throws {
    try await withHTTP2 { _, _, client in
      try await client.request(1, HTTP2Client.get("/hello", ("host", "GATEWAY.test")))
      #expect(try await client.answer(1).status == 200)
      try await client.request(
        3, [(":method", "GET"), (":scheme", "https"), (":path", "/hello"), ("host", "gateway.test")])
      #expect(try await client.answer(3).status == 200)
    }
  }

  @Test(arguments: [2, 4])
  func `whose body is not as long as it said never reaches the end of its upstream request`(said: Int) async throws {
    try await withHTTP2 { gateway, upstream, client in
      try await client.request(1, HTTP2Client.post("/open/l", ("content-length", "\(said)")), isEnd: false)
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await client.data(1, Array("abc".utf8), isEnd: true)
      #expect(try await client.answer(1).reset != nil)
      try await server.closed()
      #expect(server.received.count < said || server.received.isEmpty)
      #expect(gateway.metric("breakwater_http2_errors_total{reason=\"stream\"}") == 1)
    }
  }
}
