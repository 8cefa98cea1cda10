import BreakwaterTesting
import ControlModel
import NIOCore
import Testing

@testable import DataPlane

/// A process that stops lets what is under way finish and takes nothing new.
@Suite struct `A draining gateway` {
  @Test func `finishes requests in flight, says it closes, and refuses new connections`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/slow")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      let drained = Task { await gateway.drain() }
      var taken: ReservedPort?
      try await waitUntil("nobody listens any more") {
        taken = try? ReservedPort(gateway.publicPort)
        return taken != nil
      }
      await #expect(throws: (any Error).self) { try await gateway.connect() }
      #expect(client.received.isEmpty && !client.isClosed)
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
      let answer = try await client.answer()
      #expect(answer.text == "done")
      #expect(answer.only("connection") == "close", "a client must not send its next request here")
      try await client.closed()
      await client.close()
      await drained.value
    }
  }

  /// One event loop with a request that takes its time keeps no other from draining.
  @Test func `closes idle connections on every event loop, whatever another has to finish`() async throws {
    try await withForwarding {
      $0.loops = 4
    } _: { gateway, upstream in
      let busy = try await gateway.connect()
      try await busy.get("/open/slow")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      var idle: [RawConnection] = []
      for _ in 0..<7 { idle.append(try await gateway.connect()) }  // spread over all loops
      try await gateway.waitForConnections(8)
      gateway.clock.advance(by: .seconds(1))
      let drained = Task { await gateway.drain() }
      for client in idle { try await client.closed() }
      #expect(!busy.isClosed)
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      #expect(try await busy.answer().status == 204)
      await busy.close()
      await drained.value
    }
  }

  @Test func `closes idle connections at once`() async throws {
    try await withEndpoints { gateway in
      let silent = try await gateway.connect()
      let used = try await gateway.connect()
      try await used.get("/hello")
      _ = try await used.answer()
      try await gateway.waitForConnections(2)
      gateway.clock.advance(by: .seconds(1))
      await gateway.drain()
      try await silent.closed()
      try await used.closed()
      #expect(silent.received.isEmpty && used.received.isEmpty)
    }
  }

  /// Its client connected before it could know, and its request is on the way.
  @Test func `gives a connection it has just accepted a second to ask`() async throws {
    try await withEndpoints { gateway in
      let asking = try await gateway.connect()
      let silent = try await gateway.connect()
      try await gateway.waitForConnections(2)
      let drained = Task { await gateway.drain() }
      try await waitUntil("draining") { gateway.dataPlane.isDraining }
      try await asking.get("/hello")
      #expect(try await asking.answer().only("connection") == "close")
      try await asking.closed()
      await asking.close()
      try await waitUntil("the other is given up") {
        gateway.clock.advance(by: .milliseconds(100))
        return silent.isClosed
      }
      await silent.close()
      await drained.value
    }
  }

  @Test func `answers a request whose head is half there, then closes`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("GET /hello HTTP/1.1\r\nHo")
      try await gateway.settle()
      let drained = Task { await gateway.drain() }
      try await waitUntil("draining") { gateway.dataPlane.isDraining }
      try await client.send("st: a\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.text == "hello")
      #expect(answer.only("connection") == "close")
      try await client.closed()
      await client.close()
      await drained.value
    }
  }

  @Test func `refuses what has not been answered when its time is over`() async throws {
    try await withForwarding {
      $0.upstreams[0].firstByteTimeout = .seconds(600)
      $0.upstreams[0].timeout = .seconds(600)
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/never")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      let drained = Task { await gateway.drain() }
      try await waitUntil("draining") { gateway.dataPlane.isDraining }
      // The listener closes first, then each event loop starts its clock; moving time on until it is over needs no order.
      var answer: RawAnswer?
      try await waitUntil("an answer") {
        gateway.clock.advance(by: .seconds(1))
        if !client.received.isEmpty { answer = try await client.answer() }
        return answer != nil
      }
      #expect(answer?.status == 503)
      #expect(answer?.only("retry-after") == "1")
      #expect(answer?.only("connection") == "close")
      try await server.closed()
      await client.close()
      await drained.value
    }
  }

  @Test func `ends a stream in good order`() async throws {
    let events = Route(
      .get, "/events", access: .open,
      action: .endpoint(
        Endpoint("Events without end.") { _ in
          let (stream, continuation) = AsyncStream<ByteBuffer>.makeStream()
          continuation.yield(ByteBuffer(string: "data: 1\n\n"))
          return Reply(200, contentType: "text/event-stream", body: .stream(stream))
        }))
    try await withEndpoints {
      $0.routes.append(events)
    } _: { gateway in
      let client = try await gateway.connect()
      try await client.get("/events")
      _ = try await client.take(until: "data: 1\n\n\r\n")
      let drained = Task { await gateway.drain() }
      #expect(try await client.take(until: "0\r\n\r\n") == "0\r\n\r\n")
      try await client.closed()
      await client.close()
      await drained.value
    }
  }
}
