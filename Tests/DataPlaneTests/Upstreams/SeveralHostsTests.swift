import BreakwaterTesting
import ControlModel
import Testing

@testable import DataPlane

/// An upstream of several hosts: who is asked, who is passed over, and what gets a second try.
@Suite struct `An upstream of two hosts` {
  /// A gateway in front of two scripted hosts. `first` is the one asked first.
  private func withHosts(
    _ change: (inout TestGateway.Options) -> Void = { _ in },
    _ test: (TestGateway, _ first: ScriptedUpstream, _ second: ScriptedUpstream) async throws -> Void
  ) async throws {
    let (a, b) = (try await ScriptedUpstream.start(), try await ScriptedUpstream.start())
    do {
      try await withEndpoints {
        // The turn begins behind the first of the list.
        var upstream = Upstream(name: "backend", hosts: [.init("127.0.0.1", b.port), .init("127.0.0.1", a.port)])
        upstream.connectTimeout = .seconds(60)
        $0.upstreams = [upstream]
        change(&$0)
      } _: { gateway in
        try await test(gateway, a, b)
      }
    } catch {
      await a.stop()
      await b.stop()
      throw error
    }
    await a.stop()
    await b.stop()
  }

  /// A gateway whose upstream has one dead host and one that works; the dead one is asked first.
  private func withDeadHost(_ test: (TestGateway, ScriptedUpstream) async throws -> Void) async throws {
    let dead = try ReservedPort()
    let alive = try await ScriptedUpstream.start()
    do {
      try await withEndpoints {
        $0.upstreams = [
          Upstream(name: "backend", hosts: [.init("127.0.0.1", alive.port), .init("127.0.0.1", dead.port)])
        ]
      } _: { gateway in
        try await test(gateway, alive)
      }
    } catch {
      await alive.stop()
      throw error
    }
    await alive.stop()
  }

  @Test func `is asked in turn`() async throws {
    try await withHosts { gateway, first, second in
      let client = try await gateway.connect()
      for round in 0..<3 {
        try await client.get("/open/\(round)")
        let server = try await (round % 2 == 0 ? first : second).connection(0)
        try await server.reply("\(round)")
        #expect(try await client.answer().text == "\(round)")
      }
    }
  }

  /// Nothing was sent, so even an order may go to the other.
  @Test(arguments: ["GET", "POST"])
  func `of which one refuses connections costs nobody an answer, and is passed over after five`(method: String)
    async throws
  {
    try await withDeadHost { gateway, alive in
      for round in 0..<12 {
        let client = try await gateway.connect()
        try await client.send("\(method) /open/\(round) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let server = try await alive.connection(round)
        _ = try await server.requestHead()
        try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        #expect(try await client.answer().text == "ok")
        await client.close()
        gateway.clock.advance(by: .seconds(1))
      }
      #expect(gateway.metric("breakwater_upstream_retries_total{upstream=\"backend\"}") == 5)
      #expect(gateway.metric("breakwater_upstream_up{upstream=\"backend\"}") == 1)
    }
  }

  @Test func `has one that fails passed over for half a minute, then used again`() async throws {
    try await withHosts({ $0.upstreams[0].ejection.failures = 2 }) { gateway, first, second in
      let client = try await gateway.connect()
      var asked = (first: 0, second: 0)
      func ask(_ host: ScriptedUpstream, _ status: Int) async throws {
        try await client.get("/open")
        let index = host === first ? asked.first : asked.second
        if host === first { asked.first += 1 } else { asked.second += 1 }
        let server = try await host.connection(index)
        _ = try await server.requestHead()
        try await server.send("HTTP/1.1 \(status) Whatever\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        #expect(try await client.answer().status == status)
      }
      for _ in 0..<2 {
        try await ask(first, 500)
        try await ask(second, 200)
      }
      #expect(gateway.metric("breakwater_upstream_hosts{state=\"ejected\",upstream=\"backend\"}") == 1)
      #expect(gateway.metric("breakwater_upstream_ejections_total{upstream=\"backend\"}") == 1)
      for _ in 0..<4 { try await ask(second, 500) }
      #expect(
        gateway.metric("breakwater_upstream_hosts{state=\"serving\",upstream=\"backend\"}") == 1, "never the last")
      gateway.clock.advance(by: .seconds(30))
      try await waitUntil("the host is back") { gateway.events.names.contains("upstream.host_returned") }
      try await ask(first, 200)
      #expect(gateway.events.names == ["upstream.host_ejected", "upstream.host_returned"])
    }
  }

  @Test func `gives a safe request that was cut off before its answer a second try at the other`() async throws {
    try await withHosts { gateway, first, second in
      let client = try await gateway.connect()
      try await client.get("/open/1")
      let server = try await first.accept()
      _ = try await server.requestHead()
      try await server.reset()
      try await second.accept().reply("from the other")
      #expect(try await client.answer().text == "from the other")
      #expect(gateway.metric("breakwater_upstream_retries_total{upstream=\"backend\"}") == 1)
    }
  }

  @Test func `never sees a POST that was cut off a second time`() async throws {
    try await withHosts { gateway, first, second in
      let client = try await gateway.connect()
      try await client.send("POST /open HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k1\r\nContent-Length: 0\r\n\r\n")
      let server = try await first.accept()
      _ = try await server.requestHead()
      try await server.reset()
      let answer = try await client.answer()
      #expect(answer.status == 502)
      #expect(answer.only("proxy-status") == "breakwater; error=connection_terminated")
      #expect(second.connections == 0)
    }
  }

  @Test(arguments: [true, false])
  func `sees a POST a second time only where the route promises to know its key again`(hasKey: Bool) async throws {
    let orders = Route(
      nil, "/keyed", access: .open, honoursIdempotencyKey: true, action: .forward(upstream: "backend"))
    try await withHosts({ $0.routes.append(orders) }) { gateway, first, second in
      let client = try await gateway.connect()
      let key = hasKey ? "Idempotency-Key: k1\r\n" : ""
      try await client.send("POST /keyed HTTP/1.1\r\nHost: a\r\n\(key)Content-Length: 0\r\n\r\n")
      let server = try await first.accept()
      _ = try await server.requestHead()
      try await server.reset()
      guard hasKey else {
        #expect(try await client.answer().status == 502)
        return #expect(second.connections == 0)
      }
      let again = try await second.accept()
      let head = try await again.requestHead()
      #expect(head.values("idempotency-key") == ["k1"])
      try await again.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
      #expect(try await client.answer().status == 201)
    }
  }

  @Test func `gives no second try once an answer has begun, or a body was sent`() async throws {
    try await withHosts { gateway, first, second in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
      let server = try await first.accept()
      _ = try await server.take(until: "body")
      try await server.reset()
      #expect(try await client.answer().status == 502)
      try await client.get("/open")
      let other = try await second.accept()
      _ = try await other.requestHead()
      try await other.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
      _ = try await client.take(until: "half")
      try await other.reset()
      try await client.closed()
      #expect(first.connections == 1 && second.connections == 1)
    }
  }

  @Test func `is given second tries within a budget`() async throws {
    try await withHosts({ $0.upstreams[0].breaker.failures = 1000 }) { gateway, first, second in
      var statuses: [Int] = []
      var seen = (first: 0, second: 0)
      for _ in 0..<5 {
        let client = try await gateway.connect()
        try await client.get("/open")
        // Whichever is asked, and asked again, resets.
        while client.received.isEmpty {
          if first.connections > seen.first {
            try await first.connection(seen.first).requestHeadThenReset()
            seen.first += 1
          } else if second.connections > seen.second {
            try await second.connection(seen.second).requestHeadThenReset()
            seen.second += 1
          } else {
            try await Task.sleep(for: .milliseconds(1))
          }
        }
        statuses.append(try await client.answer().status)
        await client.close()
      }
      #expect(statuses.allSatisfy { $0 == 502 })
      #expect(gateway.metric("breakwater_upstream_retries_total{upstream=\"backend\"}") == 3)
      #expect(first.connections + second.connections == 8)
    }
  }
}

extension RawConnection {
  fileprivate func requestHeadThenReset() async throws {
    _ = try await requestHead()
    try await reset()
  }
}
