import BreakwaterTesting
import Testing

@testable import DataPlane

private typealias Frame = HTTP2Client.Frame

@Suite struct `An HTTP 2 connection` {
  private let defaults = DataPlaneSettings()

  private func errors(_ gateway: TestGateway, _ reason: String) -> Double {
    gateway.metric("breakwater_http2_errors_total{reason=\"\(reason)\"}")
  }

  // MARK: Floods

  /// CVE-2023-44487.
  @Test func `that opens and resets streams without end is ended`() async throws {
    try await withHTTP2 { gateway, _, client in
      let block = try client.block(HTTP2Client.get("/open/slow"))
      client.connection.enqueue(
        (0..<300).flatMap { index in
          let stream = 1 + 2 * index
          return HTTP2Client.bytes(Frame(kind: .headers, flags: 5, stream: stream, payload: block))
            + HTTP2Client.bytes(Frame(kind: .reset, stream: stream, payload: [0, 0, 0, 8]))
        })
      try await client.readToEnd()
      #expect(client.goAways.contains { $0.code == 11 }, "ENHANCE_YOUR_CALM: \(client.goAways)")
      #expect(errors(gateway, "flood") == 1)
      try await gateway.expectQuiet()
    }
  }

  /// CVE-2019-9512 and CVE-2019-9515.
  @Test func `that sends PING or SETTINGS without end is ended`() async throws {
    for frame in [Frame(kind: .ping, payload: Array(repeating: 1, count: 8)), Frame(kind: .settings)] {
      try await withHTTP2 { gateway, _, client in
        client.connection.enqueue((0..<300).flatMap { _ in HTTP2Client.bytes(frame) })
        try await client.readToEnd()
        #expect(errors(gateway, "flood") == 1)
        try await gateway.expectQuiet()
      }
    }
  }

  /// CVE-2024-27316.
  @Test func `that continues a header list without end is ended`() async throws {
    try await withHTTP2 { gateway, _, client in
      let block = try client.block(HTTP2Client.get("/hello"))
      let continuation = HTTP2Client.bytes(Frame(kind: .continuation, stream: 1, payload: [0x40, 1, 0x61, 1, 0x62]))
      client.connection.enqueue(
        HTTP2Client.bytes(Frame(kind: .headers, flags: 1, stream: 1, payload: block))
          + (0..<100).flatMap { _ in continuation })
      try await client.readToEnd()
      #expect(errors(gateway, "flood") == 1)
      try await gateway.expectQuiet()
    }
  }

  @Test func `whose header list is larger than was allowed is ended`() async throws {
    try await withHTTP2 { gateway, _, client in
      let fields = (0..<40).map { ("x-\($0)", String(repeating: "v", count: 1000)) }
      let block = try client.block(HTTP2Client.get("/hello") + fields)
      var frames: [Frame] = []
      for start in stride(from: 0, to: block.count, by: 16_000) {
        let piece = Array(block[start..<min(block.count, start + 16_000)])
        frames.append(
          Frame(kind: start == 0 ? .headers : .continuation, flags: start == 0 ? 1 : 0, stream: 1, payload: piece))
      }
      frames[frames.count - 1].flags |= Frame.endHeaders
      try await client.send(frames)
      try await client.readToEnd()
      #expect(errors(gateway, "header_list") + errors(gateway, "protocol") == 1)
      try await gateway.expectQuiet()
    }
  }

  @Test func `with more streams than were allowed is ended`() async throws {
    try await withHTTP2 { gateway, _, client in
      let block = try client.block(HTTP2Client.get("/open/slow"))
      client.connection.enqueue(
        (0..<101).flatMap { HTTP2Client.bytes(Frame(kind: .headers, flags: 5, stream: 1 + 2 * $0, payload: block)) })
      try await client.readToEnd()
      #expect(errors(gateway, "streams") == 1)
      try await gateway.expectQuiet()
    }
  }

  @Test(arguments: [
    [UInt8](repeating: 0x41, count: 64), Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
  ])
  func `that does not begin as one is ended`(bytes: [UInt8]) async throws {
    let identity = try TestTLS.identity()
    try await withEndpoints {
      $0.tls = identity
    } _: { gateway in
      let raw = try await RawConnection.connect(to: gateway.publicPort, tls: TestTLS.client(protocols: ["h2"]))
      try await raw.send(bytes)
      try await raw.closed()
      #expect(errors(gateway, "protocol") == 1)
      try await gateway.expectQuiet()
    }
  }

  // MARK: Clocks

  @Test func `without a stream is told so and closed at the idle timeout`() async throws {
    try await withHTTP2 { gateway, _, client in
      try await client.request(1, HTTP2Client.get("/hello"))
      _ = try await client.answer(1)
      try await gateway.settle(ops: true)
      gateway.clock.advance(by: defaults.idleTimeout)
      let goAway = try await client.goAway()
      #expect(goAway?.code == 0)
      try await client.readToEnd()
      await client.connection.close()
      try await gateway.expectQuiet()
    }
  }

  @Test func `that never opens a stream is closed at the head timeout, even if it answers nothing`() async throws {
    try await withHTTP2 { gateway, _, client in
      try await waitUntil("the handshake is done") {
        gateway.metric("breakwater_tls_handshakes_total{result=\"ok\"}") == 1
      }
      try await gateway.settle(ops: true)
      gateway.clock.advance(by: defaults.headTimeout)
      try await gateway.settle(ops: true)
      gateway.clock.advance(by: defaults.lingerTimeout)
      try await client.connection.closed()
      await client.connection.close()
      try await gateway.expectQuiet()
    }
  }

  @Test func `whose client gives no window for an answer loses the stream at the write stall timeout`() async throws {
    // SETTINGS_INITIAL_WINDOW_SIZE = 0
    try await withHTTP2(settings: [(4, 0)]) { gateway, upstream, client in
      client.opensWindows = false
      try await client.request(1, HTTP2Client.get("/open/small"))
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")
      #expect(try await client.frame(on: 1).kind == .headers)
      try await gateway.settle(ops: true)
      gateway.clock.advance(by: defaults.writeStallTimeout)
      #expect(try await client.frame(on: 1).kind == .reset)
    }
  }

  @Test func `holds an upstream back while its client gives no window`() async throws {
    try await withHTTP2 { gateway, upstream, client in
      client.opensWindows = false
      try await client.request(1, HTTP2Client.get("/open/long"))
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
      #expect(try await gateway.flood(server) < 64_000_000)
      try await client.request(3, HTTP2Client.get("/hello"), isEnd: true)
      // The window of the connection is used up too; heads need none.
      #expect(try await client.frame(on: 3).kind == .headers)
    }
  }

  @Test func `holds its client back while an upstream takes nothing, and loses nothing`() async throws {
    try await withHTTP2 { gateway, upstream, client in
      try await client.request(1, HTTP2Client.post("/open/up"), isEnd: false)
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      var sent = 0
      for _ in 0..<4 {  // within the first window
        try await client.data(1, [UInt8](repeating: 0x79, count: 16_000))
        sent += 16_000
      }
      try await client.data(1, Array("end".utf8), isEnd: true)
      let body = try await server.take(until: "0\r\n\r\n")
      #expect(body.filter { $0 == "y" }.count == sent)
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      #expect(try await client.answer(1).status == 204)
    }
  }

  @Test func `whose body comes too slowly is told so on its stream`() async throws {
    try await withHTTP2 { gateway, _, client in
      try await client.request(1, HTTP2Client.post("/echo"), isEnd: false)
      try await client.data(1, Array("a".utf8))
      try await gateway.waitFor(inFlight: 1)
      try await gateway.settle(ops: true)
      gateway.clock.advance(by: defaults.bodyGrace + .seconds(1))
      #expect(try await client.answer(1).status == 408)
    }
  }

  // MARK: Ends

  @Test func `that is drained serves what was on its way when it said so, and nothing opened later`() async throws {
    try await withHTTP2 { gateway, upstream, client in
      try await client.request(1, HTTP2Client.get("/open/slow"))
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      let drained = Task { await gateway.drain() }
      let warning = try await client.goAway()
      #expect(warning?.last == 0x7fff_ffff && warning?.code == 0, "\(String(describing: warning))")
      // Crosses the warning on the way: the client has not answered the PING behind it yet.
      try await client.request(3, HTTP2Client.get("/open/late"))
      let late = try await upstream.accept()
      _ = try await late.requestHead()
      let word = try await client.goAway()
      #expect(word?.last == 3 && word?.code == 0, "\(String(describing: word))")
      try await client.request(5, HTTP2Client.get("/open/too-late"))
      try await late.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
      #expect(try await client.answer(3).text == "late")
      #expect(try await client.answer(1).text == "done")
      try await client.readToEnd()
      #expect(upstream.connections == 2)
      await client.connection.close()
      await drained.value
    }
  }

  @Test func `that is drained while it has no stream serves the one that was on its way`() async throws {
    try await withHTTP2 { gateway, upstream, client in
      try await client.request(1, HTTP2Client.get("/hello"))
      #expect(try await client.answer(1).status == 200)
      let drained = Task { await gateway.drain() }
      #expect(try await client.goAway()?.last == 0x7fff_ffff)
      try await client.request(3, HTTP2Client.get("/hello"))
      #expect(try await client.answer(3).status == 200)
      try await client.readToEnd()
      #expect(client.goAways.map(\.last) == [0x7fff_ffff, 3])
      await client.connection.close()
      await drained.value
    }
  }

  @Test func `that is drained ends after the linger timeout when its client answers nothing`() async throws {
    try await withHTTP2 { gateway, _, client in
      try await client.request(1, HTTP2Client.get("/hello"))
      #expect(try await client.answer(1).status == 200)
      let drained = Task { await gateway.drain() }
      #expect(try await client.goAway()?.last == 0x7fff_ffff)
      try await gateway.settle(ops: true)
      gateway.clock.advance(by: defaults.lingerTimeout)
      try await client.connection.closed()
      await client.connection.close()
      await drained.value
    }
  }

  @Test func `counts once among the connections of its address`() async throws {
    try await withHTTP2 { gateway, _, client in
      for stream in [1, 3, 5] {
        try await client.request(stream, HTTP2Client.get("/hello"))
        _ = try await client.answer(stream)
      }
      #expect(gateway.metric("breakwater_connections{listener=\"public\"}") == 1)
      await client.connection.close()
      try await gateway.expectQuiet()
    }
  }
}
