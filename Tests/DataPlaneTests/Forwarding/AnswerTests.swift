import BreakwaterTesting
import ControlModel
import Testing

@testable import DataPlane

/// What a client gets of an upstream's answer.
@Suite struct `An upstream's answer` {
  /// The bytes the client got for `answer`, whole.
  private func relayed(
    _ answer: String, to request: String = "GET /open HTTP/1.1\r\nHost: a\r\n\r\n", method: String = "GET",
    thenCloses: Bool = false
  ) async throws -> (answer: RawAnswer, rest: [UInt8]) {
    var result: (RawAnswer, [UInt8])?
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send(request)
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send(answer)
      if thenCloses { await server.close() }
      let answer = try await client.answer(to: method)
      // A second exchange proves that both sides agree where the first one ended.
      if answer.only("connection") != "close" {
        try await client.get("/hello")
        #expect(try await client.answer().text == "hello")
      }
      result = (answer, client.received)
    }
    return try #require(result)
  }

  @Test func `keeps its status, reason, fields and body`() async throws {
    let (answer, rest) = try await relayed(
      "HTTP/1.1 299 Very Fine\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 3\r\n\r\nyes"
    )
    #expect(answer.status == 299)
    #expect(answer.all("x-a") == ["1", "2"])
    #expect(answer.all("set-cookie") == ["a=b", "c=d"])
    #expect(answer.text == "yes")
    #expect(answer.all("via") == ["1.1 breakwater"])
    #expect(answer.all("x-request-id").count == 1)
    #expect(answer.all("date").count == 1)
    #expect(rest.isEmpty)
  }

  @Test func `in chunks comes in chunks, without extensions and trailers`() async throws {
    let (answer, _) = try await relayed(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;ext=1\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n"
    )
    #expect(answer.only("transfer-encoding") == "chunked")
    #expect(answer.only("content-length") == nil)
    #expect(answer.only("trailer") == nil)
    #expect(answer.text == "abc0123456789")
  }

  @Test func `that ends with its connection gets an end of its own`() async throws {
    let (answer, _) = try await relayed("HTTP/1.1 200 OK\r\n\r\nuntil the end", thenCloses: true)
    #expect(answer.only("transfer-encoding") == "chunked")
    #expect(answer.text == "until the end")
  }

  @Test func `of unknown length to HTTP 1.0 ends with the connection`() async throws {
    let (answer, _) = try await relayed(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", to: "GET /open HTTP/1.0\r\n\r\n")
    #expect(answer.only("transfer-encoding") == nil)
    #expect(answer.only("connection") == "close")
    #expect(answer.text == "abc")
  }

  @Test(arguments: [
    ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "1000"),
    ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", nil),
    ("GET", "HTTP/1.1 204 No Content\r\n\r\n", nil),
    ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", nil),
    ("GET", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 77\r\n\r\n", "77"),
    ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0"),
  ])
  func `without a body has none, whatever its length says`(
    method: String, answer: String, length: String?
  ) async throws {
    let (relayed, rest) = try await relayed(
      answer, to: "\(method) /open HTTP/1.1\r\nHost: a\r\n\r\n", method: length == "0" ? "GET" : "HEAD")
    #expect(relayed.only("content-length") == length)
    #expect(relayed.only("transfer-encoding") == nil)
    #expect(rest.isEmpty)
  }

  @Test func `of the interim kind is not passed on, but the real one after it is`() async throws {
    let (answer, _) = try await relayed(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    #expect(answer.status == 200)
    #expect(answer.text == "ok")
    #expect(answer.all("link").isEmpty)
  }

  @Test func `loses what belongs to its own connection`() async throws {
    let (answer, _) = try await relayed(
      "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\n"
        + "Proxy-Authenticate: Basic\r\nX-Request-ID: theirs\r\nContent-Length: 2\r\n\r\nok")
    for name in ["connection", "x-hop", "keep-alive", "upgrade", "proxy-authenticate"] {
      #expect(answer.all(name).isEmpty, "\(name)")
    }
    #expect(answer.all("x-request-id").count == 1 && answer.only("x-request-id") != "theirs")
  }

  @Test func `arriving byte by byte is the same`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      for byte in Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".utf8) {
        try await server.send([byte])
      }
      #expect(try await client.answer().text == "hello")
    }
  }

  @Test func `is passed on as it comes, before it is whole`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/events")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
      _ = try await client.take(until: "\r\n\r\n")
      for number in 0..<3 {
        try await server.send("9\r\ndata: \(number)\n\n\r\n")
        #expect(try await client.take(until: "\n\n\r\n") == "9\r\ndata: \(number)\n\n\r\n")
      }
    }
  }

  @Test func `before the body has ended ends the exchange and the connection`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("POST /open HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
      let answer = try await client.answer()
      #expect(answer.status == 403)
      #expect(answer.only("connection") == "close")
      try await client.closed()
    }
  }
}
