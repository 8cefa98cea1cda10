import BreakwaterTesting
import Testing

@testable import DataPlane

@Suite struct `A client connection` {
  @Test func `serves one request after another`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      for _ in 0..<5 {
        try await client.get("/hello")
        let answer = try await client.answer()
        #expect(answer.status == 200)
        #expect(answer.text == "hello")
        #expect(answer.only("connection") == nil)
      }
      #expect(gateway.metric("breakwater_connections{listener=\"public\"}") == 1)
    }
  }

  @Test func `closes after an answer when the client asks for it or speaks HTTP 1.0`() async throws {
    try await withEndpoints { gateway in
      for request in ["GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /hello HTTP/1.0\r\n\r\n"] {
        let client = try await gateway.connect()
        try await client.send(request)
        let answer = try await client.answer()
        #expect(answer.only("connection") == "close")
        #expect(answer.text == "hello")
        try await client.closed()
      }
    }
  }

  @Test func `answers pipelined requests in order`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      let bodies = (0..<50).map { "body \($0)" }
      let requests = bodies.map { "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \($0.utf8.count)\r\n\r\n\($0)" }
      try await client.send(requests.joined())
      for body in bodies { #expect(try await client.answer().text == body) }
    }
  }

  @Test func `reads a request that arrives byte by byte`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      for byte in Array(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".utf8)
      {
        try await client.send([byte])
      }
      #expect(try await client.answer().text == "abc")
    }
  }

  @Test func `answers HEAD without a body but with its length`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = try await client.answer(to: "HEAD")
      #expect(answer.only("content-length") == "5")
      try await client.get("/hello")
      #expect(try await client.answer().text == "hello")
    }
  }

  @Test func `tells a waiting client to send its body, once there is somebody to take it`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
      #expect(try await client.answer().status == 100)
      try await client.send("hi")
      #expect(try await client.answer().text == "hi")
    }
  }

  /// Whether the client then sends its body or its next request cannot be told, so the connection must not go on.
  @Test func `closes when it refuses a client that was waiting to send its body`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 404)
      #expect(answer.only("connection") == "close")
      try await client.closed()
    }
  }

  @Test func `reads away the body of a refused request and goes on`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
      #expect(try await client.answer().status == 404)
      try await client.send("loGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try await client.answer().text == "hello")
    }
  }

  /// The rest of the body was already there when the answer was written; nothing more would have come to wake it.
  @Test func `goes on with what follows a refused body that had arrived whole`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      let long = String(repeating: "x", count: 2000)
      try await client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n\(long)\r\n0\r\n\r\n"
          + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try await client.answer().status == 413)
      #expect(try await client.answer().text == "hello")
    }
  }

  @Test func `closes instead of reading away a long body`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 404)
      #expect(answer.only("connection") == "close")
      // What the client still sends is taken, so that no reset destroys the answer.
      for _ in 0..<10 { client.enqueue(Array(repeating: 0x78, count: 10_000)) }
      try await client.closed()
    }
  }

  @Test
  func `past the cap in all is told so and closed; past that of its address closed at once; one that ends makes room`()
    async throws
  {
    for isPerPeer in [true, false] {
      try await withEndpoints {
        if isPerPeer { $0.settings.connectionsPerPeerMax = 2 } else { $0.settings.connectionsMax = 2 }
      } _: { gateway in
        var clients: [RawConnection] = []
        for _ in 0..<2 {
          let client = try await gateway.connect()
          try await client.get("/hello")
          #expect(try await client.answer().status == 200)
          clients.append(client)
        }
        let third = try await gateway.connect()
        if !isPerPeer {
          try await third.get("/hello")
          let answer = try await third.answer()
          #expect(answer.status == 503 && answer.only("retry-after") == "1")
          #expect(answer.only("connection") == "close")
        }
        try await third.closed()
        #expect(third.received.isEmpty)
        let reason = isPerPeer ? "peer" : "all"
        #expect(gateway.metric("breakwater_connections_refused_total{reason=\"\(reason)\"}") == 1)
        await clients[0].close()
        try await gateway.waitForConnections(1)
        #expect(try await gateway.call("GET", "/hello").status == 200)
      }
    }
  }

  @Test func `ends with a client that goes away, and the log says so`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/slow", "X-Request-ID: gone-client-1")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      await client.close()
      try await server.closed()
      let line = try await gateway.log.line(of: "gone-client-1")
      #expect(line.status == 499)
      #expect(line.upstream == "backend")
      try await gateway.expectQuiet()
    }
  }

  @Test func `sends what it can say at once to a client that closes its sending half with its request`() async throws {
    try await withEndpoints { gateway in
      for _ in 0..<20 {
        let client = try await gateway.connect()
        client.enqueue(Array("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        try await client.closeOutput()
        #expect(try await client.answer().status == 404)
        await client.close()
      }
    }
  }

  @Test func `takes a client that closes its sending half to be gone`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/slow", "X-Request-ID: half-closed-1")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await client.closeOutput()
      try await server.closed()
      #expect(try await gateway.log.line(of: "half-closed-1").status == 499)
    }
  }
}

extension TestGateway {
  /// Nothing is in flight and no connection is left: every gauge is back at zero.
  func expectQuiet() async throws {
    try await waitUntil("gauges at zero") {
      metric("breakwater_http_requests_in_flight") == 0 && metric("breakwater_connections{listener=\"public\"}") == 0
        && metric("breakwater_upstream_connections{state=\"busy\",upstream=\"backend\"}") == 0
    }
  }
}
