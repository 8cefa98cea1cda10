import BreakwaterTesting
import Foundation
import Testing

@testable import DataPlane

/// The clock stands still until a test moves it; the real settings apply.
@Suite struct `A connection that takes too long` {
  private let defaults = DataPlaneSettings()

  @Test func `to send a head is told so and closed`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("GET /hello HTTP/1.1\r\nHos")
      try await gateway.settle()
      gateway.clock.advance(by: defaults.headTimeout)
      let answer = try await client.answer()
      #expect(answer.status == 408)
      #expect(answer.only("connection") == "close")
      #expect(gateway.metric("breakwater_http_parse_errors_total{reason=\"head_timeout\"}") == 1)
      try await gateway.expectCutAfterLingering()
    }
  }

  /// More than are closed in one turn.
  @Test func `together with many others is told so and closed like them`() async throws {
    try await withEndpoints { gateway in
      var clients: [RawConnection] = []
      for _ in 0..<20 {
        let client = try await gateway.connect()
        try await client.send("GET /hello HTTP/1.1\r\nHos")
        clients.append(client)
      }
      try await gateway.settle()
      gateway.clock.advance(by: defaults.headTimeout)
      for client in clients { #expect(try await client.answer().status == 408) }
      #expect(gateway.metric("breakwater_http_parse_errors_total{reason=\"head_timeout\"}") == 20)
    }
  }

  /// Slowloris: each line arrives just in time for the next.
  @Test func `to send a head line by line gets no more time for each line`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("GET /hello HTTP/1.1\r\n")
      try await gateway.settle()
      for _ in 0..<3 {
        gateway.clock.advance(by: .seconds(3))
        try await client.send("X: y\r\n")
        try await gateway.settle()
      }
      #expect(!client.isClosed && client.received.isEmpty)
      gateway.clock.advance(by: .seconds(1))
      #expect(try await client.answer().status == 408)
    }
  }

  @Test func `to send anything at all is closed without a word`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await gateway.waitForConnections(1)
      gateway.clock.advance(by: defaults.headTimeout)
      try await client.closed()
      #expect(client.received.isEmpty)
      try await gateway.expectQuiet()
    }
  }

  @Test func `to send its next request is closed`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.get("/hello")
      _ = try await client.answer()
      gateway.clock.advance(by: defaults.idleTimeout - .seconds(1))
      try await gateway.settle()
      #expect(!client.isClosed)
      gateway.clock.advance(by: .seconds(1))
      try await client.closed()
    }
  }

  @Test(arguments: ["/echo", "/open"])
  func `to send a body is told so`(path: String) async throws {
    try await withForwarding { gateway, _ in
      let client = try await gateway.connect()
      try await client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nabc")
      try await gateway.waitFor(inFlight: 1)
      try await gateway.settle()
      gateway.clock.advance(by: defaults.bodyGrace + .seconds(1))
      let answer = try await client.answer()
      #expect(answer.status == 408)
      #expect(answer.only("connection") == "close")
      try await gateway.expectCutAfterLingering()
    }
  }

  @Test func `to send a body has until the body timeout while it keeps up the rate`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("POST /open HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      for _ in 0..<5 {
        try await client.send(Array(repeating: 0x78, count: 11 * 1024))
        _ = try await server.take(11 * 1024)
        gateway.clock.advance(by: .seconds(10))
        try await gateway.settle()
      }
      #expect(client.received.isEmpty)
      try await client.send(Array(repeating: 0x78, count: 11 * 1024))
      gateway.clock.advance(by: .seconds(11))
      #expect(try await client.answer().status == 408)
      try await server.closed()
    }
  }

  /// An answer was written in good order, and the client leaves its refused body unsent for ever.
  @Test func `to send a body nobody wants is closed`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
      #expect(try await client.answer().status == 404)
      gateway.clock.advance(by: defaults.bodyGrace)
      try await client.closed()
      try await gateway.expectQuiet()
    }
  }

  @Test func `to take its answer is cut`() async throws {
    try await withForwarding {
      $0.upstreams[0].timeout = .seconds(600)
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.setReading(false)
      try await client.get("/open/long", "X-Request-ID: stalled-client")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
      try await gateway.flood(server)
      gateway.clock.advance(by: defaults.writeStallTimeout - .seconds(1))
      try await gateway.settle()
      gateway.clock.advance(by: .seconds(1))
      try await server.closed()
      #expect(try await gateway.log.line(of: "stalled-client").status == 499)
      try await gateway.expectQuiet()
    }
  }

  @Test func `to take the end of an answer that closes is cut, one that is only slow is not`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.setReading(false)
      try await client.get("/open/end", "Connection: close", "X-Request-ID: slow-end-1")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      let body = [UInt8](repeating: 0x79, count: 4_000_000)
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
      server.enqueue(body)
      try await gateway.settle()
      gateway.clock.advance(by: defaults.lingerTimeout + .seconds(1))
      try await gateway.settle()
      try await client.setReading(true)
      #expect(try await client.answer().body.count == body.count)
      try await client.closed()
    }
  }
}

extension TestGateway {
  /// The client has its answer and does not close. Its time starts when our half is closed, soon after the answer was
  /// read here: so time moves on until it is over.
  func expectCutAfterLingering() async throws {
    try await waitUntil("the connection is cut") {
      clock.advance(by: DataPlaneSettings().lingerTimeout)
      return metric("breakwater_connections{listener=\"public\"}") == 0
    }
    try await expectQuiet()
  }

  /// Lets the gateway's one event loop work on everything sent so far and look at the clock: an access line is handed
  /// over in a tick, and a request answered after that comes after the tick.
  func settle(ops: Bool = false) async throws {
    let first = try await call("GET", "/settle", ops: ops).only("x-request-id") ?? ""
    _ = try await log.line(of: first)
    _ = try await call("GET", "/settle", ops: ops)
  }

  func waitFor(inFlight count: Int) async throws {
    try await waitUntil("\(count) in flight") { metric("breakwater_http_requests_in_flight") == Double(count) }
  }

  func waitForConnections(_ count: Int) async throws {
    try await waitUntil("\(count) connections") {
      metric("breakwater_connections{listener=\"public\"}") == Double(count)
    }
  }
}

extension TestGateway {
  /// Sends from one end of the gateway until it takes no more; returns how many bytes that were.
  @discardableResult
  func flood(_ sender: RawConnection, atMost limit: Int = 256 * 1024 * 1024) async throws -> Int {
    let piece = [UInt8](repeating: 0x79, count: 64 * 1024)
    var sent = 0
    var stalls = 0
    while stalls < 3, sent < limit {
      stalls += 1
      while sent < limit, try await sender.offer(piece) {
        sent += piece.count
        stalls = 0
      }
      try await settle()
    }
    return sent
  }
}
