import BreakwaterTesting
import ControlModel
import Testing

@testable import DataPlane

/// What happens to requests when an upstream, or we, have as many in flight as can be.
@Suite struct `A request that cannot be served now` {
  private static let routes = [
    Route(nil, "/read", access: .roles([.user]), class: .read, action: .forward(upstream: "backend")),
    Route(nil, "/order", access: .roles([.user]), class: .trading, action: .forward(upstream: "backend")),
    Route(nil, "/cancel", access: .roles([.user]), class: .riskReducing, action: .forward(upstream: "backend")),
    Route(nil, "/stream", access: .roles([.user]), class: .stream, action: .forward(upstream: "backend")),
  ]

  private func withLimit(
    _ limit: Int, _ test: (TestGateway, ScriptedUpstream) async throws -> Void
  ) async throws {
    try await withForwarding(
      {
        $0.routes += Self.routes
        $0.upstreams[0].concurrency.min = limit
        $0.upstreams[0].concurrency.max = limit
        $0.settings.bodyBytesMax = 65_536
      }, test)
  }

  /// Sends a request that stays unanswered.
  private func hold(
    _ path: String, _ gateway: TestGateway, _ upstream: ScriptedUpstream, tenant: String = "orchid"
  ) async throws -> RawConnection {
    let client = try await gateway.connect()
    try await client.get(path, "Authorization: Bearer \(gateway.issuer.token(tenant: tenant))")
    _ = try await upstream.accept().requestHead()
    return client
  }

  @Test func `is 503 with the reason and a time to come back, by class`() async throws {
    try await withLimit(4) { gateway, upstream in
      let token = try gateway.issuer.token()
      var held: [RawConnection] = []
      for _ in 0..<4 { held.append(try await hold("/read", gateway, upstream)) }
      let refused = try await gateway.call("GET", "/read", token: token)
      #expect(refused.status == 503)
      #expect(refused.only("retry-after") == "1")
      #expect(refused.only("proxy-status") == "breakwater; error=connection_limit_reached")
      #expect(refused.text.contains("\"overload.shed\"") && refused.text.contains("share"))
      #expect(gateway.metric("breakwater_requests_shed_total{class=\"read\",reason=\"share\"}") == 1)
      #expect(try await gateway.call("POST", "/order", token: token, body: "").status == 503)
      // What shrinks risk still gets through, and another tenant below its share too.
      held.append(try await hold("/order", gateway, upstream, tenant: "lotus"))
      held.append(try await hold("/cancel", gateway, upstream))
      #expect(gateway.metric("breakwater_upstream_in_flight{upstream=\"backend\"}") == 6)
      #expect(gateway.metric("breakwater_upstream_concurrency_limit{upstream=\"backend\"}") == 4)
      for client in held { await client.close() }
      try await waitUntil("all places come back") {
        gateway.metric("breakwater_upstream_in_flight{upstream=\"backend\"}") == 0
      }
    }
  }

  @Test func `gives its place back however it ends`() async throws {
    try await withLimit(1) { gateway, upstream in
      let token = try gateway.issuer.token()
      for ending in ["answer", "garbage", "reset", "left", "timeout", "too large"] {
        let client = try await gateway.connect()
        let body = ending == "too large" ? "\r\nTransfer-Encoding: chunked" : ""
        try await client.send(
          "POST /cancel/\(ending.prefix(3)) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\(body)\r\n\r\n")
        let server = try await upstream.accept()
        _ = try await server.requestHead()
        let taken = ending == "too large" ? "uploads" : "in_flight"
        #expect(gateway.metric("breakwater_upstream_\(taken){upstream=\"backend\"}") == 1)
        switch ending {
        case "answer": try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        case "garbage": try await server.send("garbage\r\n\r\n")
        case "reset": try await server.reset()
        case "left": try await client.reset()
        case "timeout": gateway.clock.advance(by: .seconds(10))
        default: client.enqueue(Array("10001\r\n".utf8) + Array(repeating: 120, count: 65_537))
        }
        try await waitUntil("the place of \(ending) comes back") {
          gateway.metric("breakwater_upstream_in_flight{upstream=\"backend\"}") == 0
            && gateway.metric("breakwater_upstream_uploads{upstream=\"backend\"}") == 0
        }
        await client.close()
        await server.close()
      }
    }
  }

  @Test func `does not make way for bodies that never come, and those have places of their own`() async throws {
    try await withLimit(4) { gateway, upstream in
      let heron = try gateway.issuer.token(tenant: "heron")
      var slow: [RawConnection] = []
      for number in 0..<4 {
        let client = try await gateway.connect()
        try await client.send(
          "POST /read/\(number) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(heron)\r\nContent-Length: 2\r\n\r\nx")
        slow.append(client)
        _ = try await upstream.accept().requestHead()
      }
      // No body's place is left for heron, but all places to work in.
      let fifth = try await gateway.connect()
      try await fifth.send(
        "POST /order HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(heron)\r\nContent-Length: 2\r\n\r\nx")
      #expect(try await fifth.answer().status == 503)
      #expect(gateway.metric("breakwater_upstream_in_flight{upstream=\"backend\"}") == 0)
      #expect(gateway.metric("breakwater_upstream_uploads{upstream=\"backend\"}") == 4)
      var held: [RawConnection] = []
      for _ in 0..<4 { held.append(try await hold("/order", gateway, upstream, tenant: "orchid")) }
      held.append(try await hold("/order", gateway, upstream, tenant: "lotus"))
      // The end of a body that comes while all places are taken is not passed on.
      try await slow[0].send("y")
      #expect(try await slow[0].answer().status == 503)
      for client in held { await client.close() }
      try await waitUntil("their places come back") {
        gateway.metric("breakwater_upstream_in_flight{upstream=\"backend\"}") == 0
      }
      try await slow[1].send("y")
      try await waitUntil("the body is complete") {
        gateway.metric("breakwater_upstream_in_flight{upstream=\"backend\"}") == 1
      }
      for client in slow { await client.close() }
      try await waitUntil("the places of the bodies come back") {
        gateway.metric("breakwater_upstream_uploads{upstream=\"backend\"}") == 0
      }
    }
  }

  @Test func `does not wait for a stream that has begun`() async throws {
    try await withLimit(1) { gateway, upstream in
      let token = try gateway.issuer.token()
      let client = try await gateway.connect()
      try await client.get("/stream", "Authorization: Bearer \(token)")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      #expect(try await gateway.call("GET", "/stream", token: token).status == 503)
      try await server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n")
      _ = try await client.take(until: "data:")
      #expect(gateway.metric("breakwater_upstream_in_flight{upstream=\"backend\"}") == 0)
      _ = try await hold("/stream", gateway, upstream)
    }
  }

  /// Our own endpoints have places too; the control lane and the ops listener need none.
  @Test func `is refused by our own endpoints as well, unless it is a control call`() async throws {
    let gate = Gate()
    let slow = Endpoint("Waits.") { (_: Call) async throws(Refusal) -> Reply in
      await gate.wait()
      return Reply(200, contentType: "text/plain", body: .bytes([]))
    }
    try await withGateway {
      $0.routes = [
        Route(.get, "/slow", access: .open, class: .admin, action: .endpoint(slow)),
        Route(.get, "/read", access: .open, on: .both, class: .read, action: .endpoint(TestRoutes.say("read"))),
        Route(.get, "/stop", access: .open, on: .both, class: .control, action: .endpoint(TestRoutes.say("stopped"))),
      ]
      $0.settings.inFlightMax = 8
    } _: { gateway in
      var held: [RawConnection] = []
      for _ in 0..<8 {
        let client = try await gateway.connect()
        try await client.get("/slow")
        held.append(client)
      }
      try await waitUntil("all places are taken") { gate.waiting == 8 }
      let refused = try await gateway.call("GET", "/read")
      #expect(refused.status == 503 && refused.only("retry-after") == "1")
      #expect(refused.only("proxy-status") == nil)
      #expect(try await gateway.call("GET", "/stop").text == "stopped")
      #expect(try await gateway.call("GET", "/read", ops: true).text == "read")
      gate.open()
      for client in held { #expect(try await client.answer().status == 200) }
      #expect(try await gateway.call("GET", "/read").text == "read")
    }
  }
}
