import BreakwaterTesting
import ControlModel
import NIOCore
import Testing

@testable import DataPlane

/// Bodies pass through in both directions without being held.
@Suite struct `A body on its way` {
  /// Ten megabytes that are different everywhere.
  private static let long = SeededRandom.bytes(10_000_000, seed: 10)

  @Test func `to an upstream arrives whole, framed by its length`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.long.count)\r\n\r\n")
      client.enqueue(Self.long)
      let server = try await upstream.accept()
      let head = try await server.requestHead()
      #expect(head.values("content-length") == ["\(Self.long.count)"])
      #expect(head.values("transfer-encoding").isEmpty)
      let arrived = try await server.take(Self.long.count)
      #expect(arrived == Self.long)
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      #expect(try await client.answer().status == 204)
    }
  }

  @Test func `to an upstream in chunks arrives whole, in chunks of ours`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      for start in stride(from: 0, to: 3_000_000, by: 100_000) {
        client.enqueue(Array("\(String(100_000, radix: 16));ext=ignored\r\n".utf8))
        client.enqueue(Array(Self.long[start..<(start + 100_000)]))
        client.enqueue(Array("\r\n".utf8))
      }
      client.enqueue(Array("0\r\n\r\n".utf8))
      let server = try await upstream.accept()
      let head = try await server.requestHead()
      #expect(head.values("transfer-encoding") == ["chunked"])
      #expect(head.values("content-length").isEmpty)
      #expect(try await server.takeChunks() == Array(Self.long[..<3_000_000]))
    }
  }

  @Test(arguments: [true, false])
  func `to a client arrives whole`(isChunked: Bool) async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      let size = Self.long.count
      if isChunked {
        try await server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(size, radix: 16))\r\n")
        server.enqueue(Self.long)
        server.enqueue(Array("\r\n0\r\n\r\n".utf8))
      } else {
        try await server.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
        server.enqueue(Self.long)
      }
      let head = try await client.take(until: "\r\n\r\n")
      #expect(head.contains(isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(size)"))
      let arrived = isChunked ? try await client.takeChunks() : try await client.take(size)
      #expect(arrived == Self.long)
    }
  }

  /// What the system's buffers of two connections may hold at Linux's largest setting of 32 MiB to receive and 4 MiB to
  /// send; the gateway adds no more than its own bounds to them.
  private static let systemBytesMax = 2 * 36 * 1024 * 1024 + 4 * 1024 * 1024

  @Test func `for a client that does not read holds its upstream back, and goes on when it does`() async throws {
    try await withForwarding {
      $0.upstreams[0].timeout = .seconds(600)
      $0.settings.writeStallTimeout = .seconds(600)
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.setReading(false)
      try await client.get("/open")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      let length = 200_000_000
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n")
      let sent = try await gateway.flood(server, atMost: length)
      #expect(sent < Self.systemBytesMax, "\(sent) bytes were taken for a client that reads nothing")
      try await client.setReading(true)
      _ = try await client.take(until: "\r\n\r\n")
      #expect(try await client.take(sent).count == sent)
    }
  }

  @Test func `for an upstream that does not read holds its client back, and goes on when it does`() async throws {
    try await withForwarding {
      $0.settings.bodyBytesMax = 400_000_000
      $0.settings.writeStallTimeout = .seconds(600)
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nContent-Length: 200000000\r\n\r\n")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.setReading(false)
      let sent = try await gateway.flood(client, atMost: 200_000_000)
      #expect(sent < Self.systemBytesMax, "\(sent) bytes were taken for an upstream that reads nothing")
      try await server.setReading(true)
      #expect(try await server.take(sent).count == sent)
    }
  }

  @Test func `for an upstream that takes no more is given up after a while`() async throws {
    try await withForwarding {
      $0.settings.bodyBytesMax = 400_000_000
      $0.settings.bodyTimeout = .seconds(600)
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nContent-Length: 200000000\r\n\r\n")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.setReading(false)
      try await gateway.flood(client, atMost: 200_000_000)
      gateway.clock.advance(by: .seconds(31))
      let answer = try await client.answer()
      #expect(answer.status == 504)
      #expect(answer.only("connection") == "close")
    }
  }

  @Test func `longer than the limit is 413 before the upstream hears of it`() async throws {
    try await withForwarding {
      $0.settings.bodyBytesMax = 1000
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 413)
      #expect(answer.text.contains("\"request.too_large\""))
      #expect(upstream.connections == 0)
    }
  }

  @Test func `longer than the limit in chunks is 413 as soon as it is, and the upstream's connection ends`()
    async throws
  {
    try await withForwarding {
      $0.settings.bodyBytesMax = 1000
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n")
      client.enqueue([UInt8](repeating: 0x78, count: 1000))
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      _ = try await server.take(1000)
      try await client.send("\r\n1\r\nx\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 413)
      #expect(answer.only("connection") == "close")
      try await server.closed()
    }
  }

  @Test func `malformed midway is 400 and the upstream's connection ends`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      _ = try await server.take(until: "hi\r\n")
      try await client.send("zz\r\n")
      #expect(try await client.answer().status == 400)
      try await server.closed()
      #expect(server.received.isEmpty)
    }
  }

  @Test func `is sent once the upstream says 100 Continue, not before`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
      let server = try await upstream.accept()
      #expect(try await server.requestHead().values("expect") == ["100-continue"])
      try await gateway.settle()
      #expect(client.received.isEmpty)
      try await server.send("HTTP/1.1 100 Continue\r\n\r\n")
      #expect(try await client.answer().status == 100)
      try await client.send("hi")
      #expect(try await server.take(2) == Array("hi".utf8))
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      #expect(try await client.answer().status == 204)
    }
  }

  @Test func `is not asked for when the upstream refuses the head`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("PUT /open HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
      let answer = try await client.answer()
      #expect(answer.status == 403)
      #expect(answer.only("connection") == "close")
      try await client.closed()
    }
  }

  @Test(arguments: ["POST", "PUT", "PATCH"])
  func `that is empty is told to be empty`(method: String) async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send("\(method) /open HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try await upstream.accept().requestHead().values("content-length") == ["0"])
    }
  }
}

extension RawConnection {
  /// Waits for the end of a chunked body and returns what is in it.
  fileprivate func takeChunks() async throws -> [UInt8] {
    var body = ByteBuffer()
    var reader = BodyReader(.chunked)
    var content: [UInt8] = []
    while true {
      try await waitUntil("more of the body, got \(content.count)") { receivedCount > 0 }
      body.append(ByteBuffer(bytes: take()))
      reading: while true {
        switch try reader.next(&body) {
        case .content(let piece): content.append(contentsOf: piece.readableBytesView)
        case .needsMore: break reading
        case .end: return content
        }
      }
    }
  }
}

extension SeededRandom {
  /// Bytes that are different everywhere.
  static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed)
    let words = (0..<(count / 8)).map { _ in random.next() }
    return words.withUnsafeBytes { Array($0) }
  }
}
