import BreakwaterTesting
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import DataPlane

/// What leaves a connection at once, and what has to wait in NIO's queue.
@Suite struct `A connection's writer` {
  @Test func `keeps the order of what the socket takes and what has to wait`() async throws {
    try await withWriting { writing, client in
      var random = SeededRandom(20_261_128)
      var sent: [UInt8] = []
      for _ in 0..<150 {
        // One piece, several, and more than the socket holds; what had to wait has left before the next turn, or has not,
        // or the socket has room again while it still waits.
        let pieces = (0..<Int.random(in: 1...3, using: &random)).map { _ in
          let count = Int.random(in: 0..<20, using: &random) == 0 ? 200_000 : Int.random(in: 1...500, using: &random)
          return [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: count)
        }
        sent += pieces.joined()
        let flushes = Int.random(in: 0..<4, using: &random) > 0
        let waits = Bool.random(using: &random)
        try await writing.eventLoop.submit {
          for piece in pieces { writing.value.write(piece) }
          if flushes { writing.value.flush() }
          if waits { try writing.value.waitForRoom() }
        }.get()
      }
      try await writing.eventLoop.submit { writing.value.flush() }.get()
      let count = sent.count
      try await waitUntil("everything has arrived") { client.received.count >= count }
      #expect(client.received == sent)
    }
  }

  /// The number of a closed connection's descriptor is soon another connection's, perhaps another tenant's.
  @Test func `never writes to a descriptor that is somebody else's by now`() async throws {
    for _ in 0..<100 {
      var other: [Int32] = [0, 0]
      try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &other) == 0)
      defer { for end in other { close(end) } }
      let given = other[0]
      let hasSameNumber = try await withWriting { writing, client in
        try await writing.eventLoop.submit {
          writing.value.write(Array("before".utf8))
          writing.value.flush()
        }.get()
        try await waitUntil("the first bytes have arrived") { client.received == Array("before".utf8) }
        return try await writing.eventLoop.submit {
          let number = try writing.value.descriptor()
          writing.value.close()
          let taken = fcntl(given, F_DUPFD_CLOEXEC, number)
          defer { close(taken) }
          writing.value.write(Array("after".utf8))
          writing.value.flush()
          return taken == number
        }.get()
      }
      var byte: UInt8 = 0
      #expect(recv(other[1], &byte, 1, CInt(MSG_DONTWAIT)) == -1 && errno == EAGAIN)
      if hasSameNumber { return }  // else another test was given the number meanwhile
    }
    Issue.record("the number was never given to the other connection")
  }

  @Test func `sends at the end of the loop's turn, or at once where turns have one write only`() async throws {
    try await withWriting { writing, client in
      let loop = writing.eventLoop
      let other = try await loop.submit { NIOLoopBound(FlushBatch(loop), eventLoop: loop) }.get()
      // Of the first turn nobody knows how many will write in it.
      let first = try await loop.submit { writing.value.send("a", by: other.value) }.get()
      #expect(!first)
      try await waitUntil("the turn's end has sent it") { client.received == Array("a".utf8) }
      for _ in 0..<FlushBatch.leavingAtOnceMax {
        #expect(try await loop.submit { writing.value.send("b", by: other.value) }.get())
      }
      #expect(try await !loop.submit { writing.value.send("c", by: other.value) }.get(), "it looks again")
    }
  }

  @Test func `waits for no more than a bounded number of others`() async throws {
    try await withWriting { writing, client in
      let loop = writing.eventLoop
      let left = try await loop.submit {
        let batch = FlushBatch(loop)
        return (0..<FlushBatch.piecesMax).map { _ in writing.value.sendAnew("x", by: batch) }
      }.get()
      #expect(left == Array(repeating: false, count: FlushBatch.piecesMax - 1) + [true])
      try await waitUntil("all have left") { client.received.count == FlushBatch.piecesMax }
    }
  }

  /// A writer on the server's side of a connection.
  private func withWriting<Result: Sendable>(
    _ body: (NIOLoopBound<Writing>, RawConnection) async throws -> Result
  ) async throws -> Result {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)  // not the client's, which reads while this one waits
    let accepted = group.any().makePromise(of: NIOLoopBound<Writing>.self)
    let server = try await ServerBootstrap(group: group)
      .childChannelOption(.socketOption(.so_sndbuf), value: 8192)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let writing = Writing()
          try channel.pipeline.syncOperations.addHandler(writing)
          accepted.succeed(NIOLoopBound(writing, eventLoop: channel.eventLoop))
        }
      }.bind(host: "127.0.0.1", port: 0).get()
    let client = try await RawConnection.connect(to: server.localAddress?.port ?? 0)
    let writing = try await accepted.futureResult.get()
    let result = try await body(writing, client)
    await client.close()
    try await server.close().get()
    try await group.shutdownGracefully()
    return result
  }
}

private final class Writing: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private var context: ChannelHandlerContext?
  private var writer: SocketWriter?

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    writer = SocketWriter(context.channel, isPlain: true)
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func write(_ bytes: [UInt8]) {
    if let context { writer?.write(ByteBuffer(bytes: bytes), context) }
  }

  func flush() {
    if let context { writer?.flush(context) }
  }

  /// Whether it has left when the call returns.
  func send(_ text: String, by batch: FlushBatch) -> Bool {
    guard let context, let writer else { return false }
    writer.write(ByteBuffer(string: text), context)
    batch.flush(writer, context)
    return !writer.needsFlush
  }

  /// The same for a connection of its own.
  func sendAnew(_ text: String, by batch: FlushBatch) -> Bool {
    if let context { writer = SocketWriter(context.channel, isPlain: true) }
    return send(text, by: batch)
  }

  /// Keeps the event loop from noticing that the socket has room again.
  func waitForRoom() throws {
    var socket = pollfd(fd: try descriptor(), events: Int16(POLLOUT), revents: 0)
    try #require(poll(&socket, 1, 10_000) == 1)
  }

  func close() { context?.close(promise: nil) }

  func descriptor() throws -> CInt {
    try #require(
      try context?.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 })
  }
}
