import BreakwaterTesting
import Testing

@testable import DataPlane

/// Connections to upstreams, counted where they arrive.
@Suite struct `An upstream connection` {
  @Test func `serves request after request, whichever client sends them`() async throws {
    try await withForwarding { gateway, upstream in
      let clients = [try await gateway.connect(), try await gateway.connect()]
      var server: RawConnection?
      for round in 0..<10 {
        try await clients[round % 2].get("/open/\(round)")
        if server == nil { server = try await upstream.accept() }
        try await server?.reply("answer \(round)")
        #expect(try await clients[round % 2].answer().text == "answer \(round)")
      }
      #expect(upstream.connections == 1)
      try await waitUntil("the connection is shown as idle") {
        gateway.metric("breakwater_upstream_connections{state=\"idle\",upstream=\"backend\"}") == 1
      }
    }
  }

  @Test func `carries one request at a time`() async throws {
    try await withForwarding { gateway, upstream in
      let first = try await gateway.connect()
      let second = try await gateway.connect()
      try await first.get("/open/1")
      let one = try await upstream.accept()
      _ = try await one.requestHead()
      try await second.get("/open/2")
      let two = try await upstream.accept()
      try await two.reply("two")
      #expect(try await second.answer().text == "two")
      try await one.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
      #expect(try await first.answer().text == "one")
    }
  }

  @Test func `gets pipelined requests one by one and answers in order`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      let requests = (0..<20).map { "GET /open/\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }
      try await client.send(requests.joined())
      let server = try await upstream.accept()
      for number in 0..<20 {
        #expect(try await server.requestHead().line == "GET /open/\(number) HTTP/1.1")
        #expect(server.received.isEmpty)
        try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(number + 10)")
      }
      for number in 0..<20 { #expect(try await client.answer().text == "\(number + 10)") }
    }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
  ])
  func `is not used again after an answer that ends it or has more behind it`(answer: String) async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/1")
      let one = try await upstream.accept()
      _ = try await one.requestHead()
      try await one.send(answer)
      #expect(try await client.answer().text == "ok")
      try await client.get("/open/2")
      try await upstream.accept().reply("fresh")
      #expect(try await client.answer().text == "fresh")
      #expect(client.received.isEmpty)
    }
  }

  @Test func `that says something unasked is dropped before the next request`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/1")
      let one = try await upstream.accept()
      try await one.reply("one")
      #expect(try await client.answer().text == "one")
      try await one.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
      try await one.closed()
      try await client.get("/open/2")
      try await upstream.accept().reply("two")
      #expect(try await client.answer().text == "two")
    }
  }

  /// The stale keep-alive race: the upstream closes just as the next request leaves.
  @Test func `closed as it is used again costs a safe request one more try and nobody an error`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/1")
      let one = try await upstream.accept()
      try await one.reply()
      _ = try await client.answer()
      try await client.get("/open/2", "X-Request-ID: tried-twice-1")
      #expect(try await one.requestHead().line == "GET /open/2 HTTP/1.1")
      await one.close()
      let two = try await upstream.accept()
      let again = try await two.requestHead()
      #expect(again.line == "GET /open/2 HTTP/1.1")
      #expect(again.values("x-request-id") == ["tried-twice-1"])
      try await two.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain")
      #expect(try await client.answer().text == "again")
      #expect(gateway.metric("breakwater_upstream_retries_total{upstream=\"backend\"}") == 1)
      #expect(try await gateway.log.line(of: "tried-twice-1").status == 200)
    }
  }

  @Test func `is tried again once, not for ever`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/1")
      let one = try await upstream.accept()
      try await one.reply()
      _ = try await client.answer()
      try await client.get("/open/2")
      _ = try await one.requestHead()
      await one.close()
      let two = try await upstream.accept()
      _ = try await two.requestHead()
      await two.close()
      let answer = try await client.answer()
      #expect(answer.status == 502)
      #expect(answer.text.contains("\"upstream.reset\""))
      #expect(upstream.connections == 2)
    }
  }

  @Test(arguments: ["Content-Length: 2\r\n\r\nhi", "Content-Length: 0\r\n\r\n", "\r\n"])
  func `that breaks never sees a POST twice, with or without a body`(rest: String) async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/1")
      let one = try await upstream.accept()
      try await one.reply()
      _ = try await client.answer()
      try await client.send("POST /open/2 HTTP/1.1\r\nHost: a\r\n\(rest)")
      _ = try await one.requestHead()
      await one.close()
      #expect(try await client.answer().status == 502)
      #expect(upstream.connections == 1)
    }
  }

  @Test func `that has been idle for a while is no place for a POST`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/1")
      try await upstream.accept().reply()
      _ = try await client.answer()
      gateway.clock.advance(by: .seconds(2))
      try await client.send("POST /open/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
      try await upstream.accept().reply("fresh")
      #expect(try await client.answer().text == "fresh")
      #expect(upstream.connections == 2)
    }
  }

  @Test func `is closed when nobody has used it for the idle timeout`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/1")
      let server = try await upstream.accept()
      try await server.reply()
      _ = try await client.answer()
      gateway.clock.advance(by: .seconds(30))
      try await server.closed()
      try await client.get("/open/2")
      try await upstream.accept().reply("fresh")
      #expect(try await client.answer().text == "fresh")
    }
  }

  @Test func `of a replaced configuration ends with its request, and the next goes to the new place`() async throws {
    let other = try await ScriptedUpstream.start()
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/1")
      let one = try await upstream.accept()
      _ = try await one.requestHead()
      gateway.reload { $0.upstreams = [.near(other.port)] }
      try await one.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
      #expect(try await client.answer().text == "old")
      try await client.get("/open/2")
      try await other.accept().reply("new")
      #expect(try await client.answer().text == "new")
      try await one.closed()
    }
    await other.stop()
  }
}
