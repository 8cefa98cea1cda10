import BreakwaterTesting
import ControlModel
import Testing

@testable import DataPlane

/// What a client of tenant `orchid` gets of an upstream that answers with other tenants' data.
@Suite struct `The response guard` {
  private func withGuard(
    _ mode: GuardMode, isMultiTenant: Bool = false, policy: IsolationPolicy = IsolationPolicy(),
    _ test: (TestGateway, ScriptedUpstream) async throws -> Void
  ) async throws {
    try await withForwarding {
      $0.routes.append(
        Route(
          nil, "/api/v1/orders", access: .roles(Set(Role.allCases)), guard: mode, isMultiTenant: isMultiTenant,
          action: .forward(upstream: "backend")))
      $0.isolation = policy
    } _: { gateway, upstream in
      try await test(gateway, upstream)
    }
  }

  private func ask(
    _ gateway: TestGateway, _ upstream: ScriptedUpstream, _ answer: String, role: Role = .user,
    tenant: String? = "orchid", fields: [String] = []
  ) async throws -> (client: RawConnection, server: RawConnection, head: UpstreamHead) {
    let token = try gateway.issuer.token(role, "ann", tenant: tenant)
    let client = try await gateway.connect()
    try await client.send(
      (["GET /api/v1/orders HTTP/1.1", "Host: a", "Authorization: Bearer \(token)"] + fields).joined(
        separator: "\r\n") + "\r\n\r\n")
    let server = try await upstream.accept()
    let head = try await server.requestHead()
    if !answer.isEmpty { try await server.send(answer) }
    return (client, server, head)
  }

  private func http(_ body: String, type: String = "application/json", more: String = "") -> String {
    "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private func leaks(_ gateway: TestGateway, _ kind: String) -> Double {
    gateway.metric("breakwater_tenant_isolation_violations_total{kind=\"\(kind)\"}")
  }

  private let leak = #"{"items":[{"tenantId":"orchid"},{"tenantId":"heron","secret":"sesame"}]}"#

  @Test func `refuses a leaking answer with nothing of it sent, and keeps the connection`() async throws {
    try await withGuard(.enforce) { gateway, upstream in
      let (client, _, _) = try await ask(gateway, upstream, http(leak, more: "X-Secret: sesame\r\n"))
      let answer = try await client.answer()
      #expect(answer.status == 502)
      #expect(answer.text.contains("tenant.leak_blocked"))
      #expect(!answer.text.contains("sesame") && !answer.text.contains("heron"))
      #expect(answer.all("x-secret").isEmpty)
      #expect(leaks(gateway, "leak_key") == 1)
      try await client.get("/hello")
      #expect(try await client.answer().text == "hello")
    }
  }

  @Test func `leaves a record with where, whose and for whom, and nothing of the body`() async throws {
    try await withGuard(.enforce) { gateway, upstream in
      let (client, _, _) = try await ask(gateway, upstream, http(leak), fields: ["X-Request-ID: leak-0001"])
      _ = try await client.answer()
      _ = try await gateway.log.line(of: "leak-0001")
      let record = try #require(gateway.log.objects?.first { $0["event_name"] as? String == "tenant.leak" })
      #expect(record["request_id"] as? String == "leak-0001")
      #expect(record["route"] as? String == "/api/v1/orders")
      #expect(record["tenant"] as? String == "orchid")
      #expect(record["other_tenant"] as? String == "heron")
      #expect(record["actor"] as? String == "ann")
      #expect(record["place"] as? String == "$.items[].tenantId")
      #expect(record["outcome"] as? String == "refused")
      #expect(!gateway.log.lines.contains { $0.contains("sesame") })
    }
  }

  @Test func `passes clean answers on as they are`() async throws {
    try await withGuard(.enforce) { gateway, upstream in
      let body = #"{"items":[{"tenantId":"orchid"}]}"#
      for answer in [
        http(body, more: "ETag: \"x\"\r\n"),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"x\"\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "5\r\n\(body.prefix(5))\r\n\(String(body.utf8.count - 5, radix: 16))\r\n\(body.dropFirst(5))\r\n0\r\n\r\n",
      ] {
        let (client, server, _) = try await ask(gateway, upstream, answer)
        let relayed = try await client.answer()
        #expect(relayed.status == 200)
        #expect(relayed.text == body)
        #expect(relayed.only("etag") == "\"x\"")
        await server.close()
      }
      #expect(gateway.metric("breakwater_guarded_answers_total{mode=\"enforce\"}") == 2)
    }
  }

  @Test(arguments: ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"])
  func `passes answers without content on`(answer: String) async throws {
    try await withGuard(.enforce) { gateway, upstream in
      let (client, _, _) = try await ask(gateway, upstream, answer)
      #expect(try await client.answer().status < 305)
    }
  }

  @Test func `holds the head back until an answer that fits is whole`() async throws {
    try await withGuard(.enforce) { gateway, upstream in
      let (client, server, _) = try await ask(
        gateway, upstream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n[\"")
      for _ in 0..<10 { try await server.send(String(repeating: "x", count: 5_000)) }
      try await gateway.settle()
      #expect(client.received.isEmpty)
      try await server.send(String(repeating: "x", count: 9_975) + #"",{"tid":"heron"}]"#)
      // 2 + 59 975 + 18 bytes are 5 short of what the head says; the leak is known without them.
      #expect(try await client.answer().status == 502)
    }
  }

  @Test func `cuts a long answer that leaks late, and then holds the route's answers whole for a while`() async throws {
    try await withGuard(.enforce) { gateway, upstream in
      let clean = "[\"" + String(repeating: "x", count: 100_000) + "\""
      let leak = #",{"tenantId":"heron","secret":"sesame"}]"#
      let long = clean + leak
      let (client, server, _) = try await ask(gateway, upstream, String(http(long).dropLast(leak.utf8.count)))
      #expect(try await client.take(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
      try await server.send(leak)
      try await client.closed()
      #expect(!client.text.contains("sesame"))
      let (second, _, _) = try await ask(gateway, upstream, http(long))
      #expect(try await second.answer().status == 502)
      let (third, server3, _) = try await ask(gateway, upstream, http(clean + "]"))
      #expect(try await third.answer().body.count == clean.utf8.count + 1)
      await server3.close()
      gateway.clock.advance(by: IsolationPolicy().tripDuration + .seconds(1))
      let (fourth, server4, _) = try await ask(
        gateway, upstream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999999\r\n\r\n" + clean
      )
      #expect(try await fourth.take(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
      await server4.close()
    }
  }

  @Test func `of a route under suspicion refuses what is too long to be held whole`() async throws {
    var policy = IsolationPolicy()
    (policy.holdBytesMax, policy.trippedBytesMax) = (1024, 65_536)
    try await withGuard(.enforce, policy: policy) { gateway, upstream in
      let clean = "[\"" + String(repeating: "x", count: 100_000) + "\""
      let leak = #",{"tid":"heron"}]"#
      let (client, server, _) = try await ask(gateway, upstream, String(http(clean + leak).dropLast(leak.utf8.count)))
      _ = try await client.take(until: "\r\n\r\n")
      try await server.send(leak)
      try await client.closed()
      let (second, _, _) = try await ask(gateway, upstream, http(clean + "]"))
      #expect(try await second.answer().status == 502)
      #expect(leaks(gateway, "unreadable") == 1)
    }
  }

  @Test func `judges server-sent events one by one`() async throws {
    try await withGuard(.enforce) { gateway, upstream in
      let (client, server, _) = try await ask(
        gateway, upstream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
      // Whoever opened the stream learns so before the first event.
      #expect(try await client.take(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
      try await server.send("data: {\"tenantId\":\"orchid\"}\n\nda")
      #expect(try await client.take(until: "\n\n\r\n").hasSuffix("data: {\"tenantId\":\"orchid\"}\n\n\r\n"))
      try await gateway.settle()
      #expect(client.received.isEmpty)
      try await server.send("ta: {\"tenantId\":\"heron\"}")
      try await client.closed()
      #expect(client.received.isEmpty)
      #expect(leaks(gateway, "leak_key") == 1)
    }
  }

  @Test func `judges lines of JSON one by one, and refuses the first cleanly`() async throws {
    try await withGuard(.enforce) { gateway, upstream in
      let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
      let (client, server, _) = try await ask(gateway, upstream, head + "{\"tenantId\":\"orchid\"}\n{\"te")
      #expect(try await client.take(until: "}\n\r\n").contains("orchid"))
      try await server.send("nantId\":\"heron\"}\n")
      try await client.closed()
      #expect(client.received.isEmpty)
      let (second, _, _) = try await ask(gateway, upstream, head + "{\"tenantId\":\"heron\"}\n")
      #expect(try await second.answer().status == 502)
    }
  }

  @Test func `asks for answers it can read`() async throws {
    let fields = ["Accept-Encoding: gzip, br", "Range: bytes=0-1", "If-Range: \"x\"", "Accept: application/json"]
    for (mode, encodings, ranges) in [
      (GuardMode.enforce, ["identity"], 0), (.observe, ["gzip, br"], 1), (.off, ["gzip, br"], 1),
    ] {
      try await withGuard(mode) { gateway, upstream in
        let (client, _, head) = try await ask(gateway, upstream, http("{}"), fields: fields)
        #expect(head.values("accept-encoding") == encodings)
        #expect(head.values("range").count == ranges && head.values("if-range").count == ranges)
        #expect(head.values("accept") == ["application/json"])
        #expect(try await client.answer().status == 200)
      }
    }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nzip",
    "HTTP/1.1 206 Partial Content\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{}x",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{tid:1}",
    "HTTP/1.1 200 OK\r\nX-Tenant-Id: heron\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 200 OK\r\nLocation: /x/CANARY-heron-1\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 302 Found\r\nLocation: /x/CANARY-heron-1\r\nContent-Length: 0\r\n\r\n",
  ])
  func `refuses what it cannot read, and heads that name another tenant`(answer: String) async throws {
    try await withGuard(.enforce) { gateway, upstream in
      let (client, _, _) = try await ask(gateway, upstream, answer)
      #expect(try await client.answer().status == 502)
    }
    // Without enforcement all of it goes through, byte for byte.
    for mode in [GuardMode.observe, .off] {
      try await withGuard(mode) { gateway, upstream in
        let (client, _, _) = try await ask(gateway, upstream, answer)
        let relayed = try await client.answer()
        #expect(relayed.status == Int(answer.split(separator: " ")[1]))
        #expect(answer.hasSuffix(relayed.text))
      }
    }
  }

  @Test func `that only observes changes nothing, and counts each leaking answer once`() async throws {
    try await withGuard(.observe) { gateway, upstream in
      for body in [leak + leak, "[\"" + String(repeating: "x", count: 100_000) + "\"," + leak + "]"] {
        let (client, server, _) = try await ask(gateway, upstream, http(body))
        #expect(try await client.answer().text == body)
        await server.close()
      }
      #expect(leaks(gateway, "leak_key") == 2)
      #expect(gateway.metric("breakwater_guarded_answers_total{mode=\"observe\"}") == 2)
    }
  }

  @Test func `that is off looks at nothing`() async throws {
    try await withGuard(.off) { gateway, upstream in
      let (client, _, _) = try await ask(gateway, upstream, http(leak))
      #expect(try await client.answer().text == leak)
      #expect(leaks(gateway, "leak_key") == 0)
    }
  }

  @Test func `lets staff, and nobody else, see several tenants where a route is declared so`() async throws {
    try await withGuard(.enforce, isMultiTenant: true) { gateway, upstream in
      let (staff, server, _) = try await ask(gateway, upstream, http(leak), role: .support, tenant: nil)
      #expect(try await staff.answer().text == leak)
      await server.close()
      let (user, _, _) = try await ask(gateway, upstream, http(leak))
      #expect(try await user.answer().status == 502)
    }
    try await withGuard(.enforce) { gateway, upstream in
      let (staff, _, _) = try await ask(gateway, upstream, http(leak), role: .support, tenant: nil)
      #expect(try await staff.answer().status == 502)
    }
  }

  @Test func `blocks every planted leak on the wire, and passes every clean body`() async throws {
    try await withGuard(.enforce) { gateway, upstream in
      for body in PlantedLeaks.json + PlantedLeaks.others {
        let (client, server, _) = try await ask(gateway, upstream, http(body.text, type: body.type))
        // All in one piece, even a stream is refused before its head is sent.
        try await waitUntil("an end of \(body.text)") { client.isClosed || client.text.hasPrefix("HTTP/1.1 502") }
        #expect(body.type == "text/event-stream" || client.text.hasPrefix("HTTP/1.1 502"), "\(body.text)")
        #expect(!client.text.contains("heron"), "\(body.text)")
        await server.close()
      }
      for body in PlantedLeaks.clean {
        let (client, server, _) = try await ask(gateway, upstream, http(body.text, type: body.type))
        #expect(try await client.answer().text == body.text)
        await server.close()
      }
    }
  }
}
