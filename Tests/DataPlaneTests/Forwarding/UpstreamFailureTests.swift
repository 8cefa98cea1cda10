import BreakwaterTesting
import ControlModel
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import DataPlane

/// Upstreams that do not answer, or not so that it could be passed on.
@Suite struct `A failing upstream` {
  @Test func `that refuses connections is 502`() async throws {
    let nobody = try ReservedPort()
    try await withEndpoints {
      $0.upstreams = [.near(nobody.port)]
    } _: { gateway in
      let answer = try await gateway.call("GET", "/open", headers: ["X-Request-ID: nobody-there"])
      #expect(answer.status == 502)
      #expect(answer.text.contains("\"upstream.connect\""))
      #expect(answer.only("proxy-status") == "breakwater; error=connection_refused")
      #expect(gateway.metric("breakwater_upstream_up{upstream=\"backend\"}") == 0)
      let line = try await gateway.log.line(of: "nobody-there")
      #expect(line.code == "upstream.connect" && line.upstream == "backend" && line.severity_text == "ERROR")
      #expect(line.upstream_ms == nil)
    }
  }

  /// A full accept queue: the system drops what would open another connection, as a dead host would.
  @Test func `that cannot be connected to in time is 502`() async throws {
    let silent = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.backlog, value: 0).serverChannelOption(.autoRead, value: false)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(silent.localAddress?.port)
    var waiting: [any Channel] = []
    while waiting.count < 10,
      let channel = try? await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connectTimeout(.milliseconds(200)).connect(host: "127.0.0.1", port: port).get()
    {
      waiting.append(channel)
    }
    try await withEndpoints {
      $0.upstreams = [.near(port)]
      $0.upstreams[0].connectTimeout = .milliseconds(50)
    } _: { gateway in
      let answer = try await gateway.call("GET", "/open")
      #expect(answer.status == 502)
      #expect(answer.text.contains("\"upstream.connect\""))
      #expect(answer.only("proxy-status") == "breakwater; error=connection_timeout")
    }
    for channel in waiting + [silent] { try? await channel.close().get() }
  }

  @Test(arguments: [
    "", "HTTP/1.1 200 OK\r\nContent-", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n",
  ])
  func `that closes before its answer is 502`(beginning: String) async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send(beginning)
      await server.close()
      let answer = try await client.answer()
      #expect(answer.status == 502)
      #expect(answer.text.contains("\"upstream.reset\""))
      #expect(upstream.connections == 1, "a fresh connection that fails is no stale one")
      try await client.get("/hello")
      #expect(try await client.answer().text == "hello")
    }
  }

  @Test func `that resets before its answer is 502`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.reset()
      #expect(try await client.answer().text.contains("\"upstream.reset\""))
    }
  }

  /// There is no honest way to end an answer half sent: the client must see that it is not whole.
  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "HTTP/1.1 200 OK\r\n\r\nhalf",
  ])
  func `that breaks off in its answer takes the client's connection with it`(beginning: String) async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open", "X-Request-ID: half-answer-1")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send(beginning)
      _ = try await client.take(until: "half")
      try await server.reset()
      try await client.closed()
      #expect(!client.text.contains("0\r\n\r\n"))
      let line = try await gateway.log.line(of: "half-answer-1")
      #expect(line.status == 200)
      #expect(line.code == "upstream.reset")
      #expect(line.severity_text == "ERROR")
    }
  }

  @Test func `whose chunks go wrong midway takes the client's connection with it`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open", "X-Request-ID: bad-chunk-01")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
      _ = try await client.take(until: "half\r\n")
      try await server.send("xyz\r\n")
      try await client.closed()
      #expect(client.received.isEmpty)
      #expect(try await gateway.log.line(of: "bad-chunk-01").code == "upstream.protocol")
    }
  }

  @Test(arguments: [
    "garbage\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
    "ICY 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX : a\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "HTTP/1.1 200 OK\r\nX: a\u{0}b\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: " + String(repeating: "v", count: 70_000) + "\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 200) + "Content-Length: 0\r\n\r\n",
  ])
  func `that answers malformed HTTP is 502, and its connection is not used again`(bytes: String) async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      server.enqueue(Array(bytes.utf8))
      let answer = try await client.answer()
      #expect(answer.status == 502)
      #expect(answer.text.contains("\"upstream.protocol\""))
      #expect(answer.only("proxy-status") == "breakwater; error=http_protocol_error")
      try await client.get("/open/next")
      try await upstream.accept().reply("fine")
      #expect(try await client.answer().text == "fine")
    }
  }

  @Test func `that does not begin to answer is 504 in time`() async throws {
    try await withForwarding {
      $0.upstreams[0].firstByteTimeout = .seconds(3)
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      gateway.clock.advance(by: .milliseconds(2999))
      try await gateway.settle()
      #expect(client.received.isEmpty)
      gateway.clock.advance(by: .milliseconds(1))
      let answer = try await client.answer()
      #expect(answer.status == 504)
      #expect(answer.text.contains("\"upstream.timeout\""))
      #expect(answer.only("proxy-status") == "breakwater; error=http_response_timeout")
      try await server.closed()
      try await client.get("/hello")
      #expect(try await client.answer().text == "hello")
    }
  }

  @Test func `that does not finish its answer in time is cut off`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open", "X-Request-ID: endless-answer")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
      _ = try await client.take(until: "half")
      gateway.clock.advance(by: .seconds(30))
      try await client.closed()
      try await server.closed()
      #expect(try await gateway.log.line(of: "endless-answer").code == "upstream.timeout")
    }
  }

  @Test func `whose connections are all in use is 503 with a time to come back`() async throws {
    try await withForwarding {
      $0.upstreams[0].connectionsMax = 1
    } _: { gateway, upstream in
      let first = try await gateway.connect()
      try await first.get("/open/1")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      let refused = try await gateway.call("GET", "/open/2")
      #expect(refused.status == 503)
      #expect(refused.only("retry-after") == "1")
      #expect(refused.text.contains("\"overload.shed\""))
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      #expect(try await first.answer().text == "ok")
      try await first.get("/open/3")
      try await server.reply("again")
      #expect(try await first.answer().text == "again")
    }
  }

  @Test func `nobody configured is 500, not a crash`() async throws {
    try await withEndpoints { gateway in
      let answer = try await gateway.call("GET", "/open")
      #expect(answer.status == 500)
      #expect(answer.text.contains("\"internal\""))
    }
  }

  @Test func `stops working for a client that has gone`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/stream", "X-Request-ID: left-early-1")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
      _ = try await client.take(until: "half")
      try await client.reset()
      try await server.closed()
      #expect(try await gateway.log.line(of: "left-early-1").status == 499)
      try await gateway.expectQuiet()
    }
  }
}
