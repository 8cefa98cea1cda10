import BreakwaterTesting
import ControlModel
import NIOCore
import Testing

@testable import DataPlane

/// Where requests go, as callers see it.
@Suite struct `A routed request` {
  @Test func `goes to the upstream of the longest prefix, under that route's roles`() async throws {
    let other = try await ScriptedUpstream.start()
    try await withForwarding {
      $0.upstreams.append(Upstream(name: "other", host: "127.0.0.1", port: other.port))
      $0.routes.append(Route(nil, "/open/inner", access: .roles([.user]), action: .forward(upstream: "other")))
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/innermost")
      try await upstream.accept().reply("outer")
      #expect(try await client.answer().text == "outer")
      try await client.get("/open/inner/x")
      #expect(try await client.answer().status == 401)
      try await client.get("/open/inner/x", "Authorization: Bearer \(try gateway.issuer.token())")
      try await other.accept().reply("inner")
      #expect(try await client.answer().text == "inner")
    }
    await other.stop()
  }

  @Test func `to nowhere is 404, and to a path with other methods 405 that names them`() async throws {
    try await withEndpoints { gateway in
      let unknown = try await gateway.call("GET", "/nowhere")
      #expect(unknown.status == 404 && unknown.text.contains("\"route.unknown\""))
      let wrong = try await gateway.call("DELETE", "/hello")
      #expect(wrong.status == 405 && wrong.text.contains("\"route.method\""))
      #expect(wrong.only("allow") == "GET, HEAD")
      let posted = try await gateway.call("GET", "/echo")
      #expect(posted.only("allow") == "POST")
    }
  }

  @Test(arguments: ["TRACE", "CONNECT", "PROPFIND", "GETX"])
  func `with a method nobody serves reaches no upstream`(method: String) async throws {
    try await withForwarding { gateway, upstream in
      let answer = try await gateway.call(method, "/open/x")
      #expect(answer.status == 405)
      #expect(answer.only("allow")?.contains(method) == false)
      #expect(upstream.connections == 0)
    }
  }

  @Test func `finds on each listener only what is served there`() async throws {
    let ops = Route(.get, "/ops", access: .openOnOps([.metrics]), on: .both, action: .endpoint(TestRoutes.say("ops")))
    try await withEndpoints {
      $0.routes.append(ops)
    } _: { gateway in
      #expect(try await gateway.call("GET", "/ops", ops: true).text == "ops")
      #expect(try await gateway.call("GET", "/ops").status == 401)
      let token = try gateway.issuer.token(.metrics, "prometheus", tenant: nil)
      #expect(try await gateway.call("GET", "/ops", token: token).text == "ops")
      #expect(try await gateway.call("GET", "/me", ops: true).status == 404)
    }
  }

  @Test func `under way when a reload removes its route is finished; the next one is 404`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/x", "X-Request-ID: across-reload")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      gateway.reload { $0.routes = [TestRoutes.hello] }
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      #expect(try await client.answer().text == "ok")
      #expect(try await gateway.log.line(of: "across-reload").route == "/open")
      try await client.get("/open/x")
      #expect(try await client.answer().status == 404)
    }
  }

  @Test func `under way when a reload puts another endpoint at its place keeps its parameters`() async throws {
    func route(_ template: String) -> Route {
      Route(
        .post, template, access: .open,
        action: .endpoint(
          Endpoint("Its parameter.") { call in
            Reply(200, body: .bytes(Array((call.parameters["name"] ?? "none").utf8)))
          }))
    }
    try await withEndpoints {
      $0.routes = [route("/a/{name}")]
    } _: { gateway in
      let client = try await gateway.connect()
      try await client.send("POST /a/first HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
      try await gateway.waitFor(inFlight: 1)
      gateway.reload { $0.routes = [] }
      _ = try await gateway.call("GET", "/hello")  // makes the event loop take the reload over
      try await client.send("hi")
      #expect(try await client.answer().text == "first")
    }
  }

  /// Only a WebSocket route may leave HTTP, and a forwarded prefix is none: the fields stay here.
  @Test func `that asks for an upgrade is forwarded as a plain one`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get(
        "/open/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13")
      let server = try await upstream.accept()
      let head = try await server.requestHead()
      #expect(head.values("upgrade").isEmpty && head.values("connection").isEmpty)
      try await server.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 502)
      try await server.closed()
    }
  }

  @Test func `for a WebSocket with a body is malformed`() async throws {
    try await withForwarding { gateway, upstream in
      let answer = try await gateway.call(
        "GET", "/open/ws", headers: ["Connection: Upgrade", "Upgrade: websocket"], body: "GET /hidden HTTP/1.1\r\n\r\n")
      #expect(answer.status == 400)
      #expect(answer.only("connection") == "close")
      #expect(upstream.connections == 0)
    }
  }
}
