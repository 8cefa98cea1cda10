import BreakwaterTesting
import ControlModel
import NIOCore
import Synchronization
import Testing

@testable import DataPlane

/// Replies that are produced piece by piece.
@Suite struct `A streamed reply` {
  private final class Source: Sendable {
    let produced = Mutex(0)
    let hasEnded = Mutex(false)

    /// As many pieces as are asked for, made only when they are asked for.
    func route(pieces: Int, size: Int) -> Route {
      Route(
        .get, "/stream", access: .open,
        action: .endpoint(
          Endpoint("Pieces.") { _ in
            let piece = ByteBuffer(repeating: 0x7a, count: size)
            return Reply(
              200, contentType: "text/plain",
              body: .stream(
                AsyncStream {
                  let count = self.produced.withLock { count in
                    count += 1
                    return count
                  }
                  return count <= pieces && !Task.isCancelled ? piece : nil
                } onCancel: {
                  self.hasEnded.withLock { $0 = true }
                }))
          }))
    }
  }

  @Test func `comes in chunks, and the connection goes on after it`() async throws {
    try await withEndpoints {
      $0.routes.append(Source().route(pieces: 3, size: 5))
    } _: { gateway in
      let client = try await gateway.connect()
      try await client.get("/stream")
      let answer = try await client.answer()
      #expect(answer.only("transfer-encoding") == "chunked")
      #expect(answer.text == "zzzzzzzzzzzzzzz")
      try await client.get("/hello")
      #expect(try await client.answer().text == "hello")
    }
  }

  @Test func `to HTTP 1.0 ends with the connection, and to HEAD with its head`() async throws {
    try await withEndpoints {
      $0.routes.append(Source().route(pieces: 3, size: 5))
    } _: { gateway in
      let old = try await gateway.connect()
      try await old.send("GET /stream HTTP/1.0\r\n\r\n")
      let answer = try await old.answer()
      #expect(answer.only("connection") == "close" && answer.only("transfer-encoding") == nil)
      #expect(answer.text == "zzzzzzzzzzzzzzz")
      let client = try await gateway.connect()
      try await client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try await client.answer(to: "HEAD").status == 200)
      try await client.get("/hello")
      #expect(try await client.answer().text == "hello")
    }
  }

  @Test func `is produced no faster than its client takes it`() async throws {
    let source = Source()
    try await withEndpoints {
      $0.routes.append(source.route(pieces: 4000, size: 64 * 1024))
      $0.settings.writeStallTimeout = .seconds(600)
    } _: { gateway in
      let client = try await gateway.connect()
      try await client.setReading(false)
      try await client.get("/stream")
      var last = -1
      try await waitUntil("the source stands still") {
        try await gateway.settle()
        let now = source.produced.withLock { $0 }
        defer { last = now }
        return now == last && now > 0
      }
      #expect(last < 600, "\(last) pieces of 64 KiB for a client that reads nothing")
      try await client.setReading(true)
      try await waitUntil("it goes on") { source.produced.withLock { $0 } > last + 10 }
    }
  }

  @Test func `stops being produced when its client leaves`() async throws {
    let source = Source()
    try await withEndpoints {
      $0.routes.append(source.route(pieces: .max, size: 64 * 1024))
    } _: { gateway in
      let client = try await gateway.connect()
      try await client.setReading(false)
      try await client.get("/stream", "X-Request-ID: left-the-stream")
      try await waitUntil("it flows") { source.produced.withLock { $0 } > 3 }
      try await client.reset()
      #expect(try await gateway.log.line(of: "left-the-stream").status == 499)
      try await gateway.expectQuiet()
    }
  }
}
