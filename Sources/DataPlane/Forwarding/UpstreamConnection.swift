import ControlModel
import NIOCore
import Telemetry

/// One connection to an upstream: serves one request at a time, then goes back to its pool.
final class UpstreamConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case idle
    case awaitingHead
    case body(BodyReader, keepsConnection: Bool)
    /// WebSocket bytes, both ways.
    case tunnel
    case closed
  }

  private let pool: UpstreamPool
  private var context: ChannelHandlerContext?
  private var writer: SocketWriter?
  private var state = State.idle
  private var run: ForwardRun?
  private var inbound = ByteBuffer()
  private var servedRequests = 0
  private var isReading = true
  private var hasFailed = false
  private(set) var isWritable = true
  /// When it went back to the pool, monotonic nanoseconds.
  var idleSince: Int64 = 0

  init(_ pool: UpstreamPool) {
    self.pool = pool
  }

  var isOpen: Bool { if case .closed = state { false } else { context != nil } }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    writer = SocketWriter(context.channel, isPlain: true)
  }

  // MARK: Request

  func serve(_ run: ForwardRun) {
    self.run = run
    state = .awaitingHead
    servedRequests += 1
  }

  func writeHead(_ head: ByteBuffer) {
    guard let context, let writer else { return }
    writer.write(head, context)
    pool.loop.batch.flush(writer, context)
  }

  /// Writes a piece of the body, if there is one, and what marks its end, if this is it.
  func writeBody(_ piece: ByteBuffer?, isEnd: Bool, isChunked: Bool) {
    guard let context, let writer else { return }
    if let piece {
      if isChunked {
        var size = ByteBuffer()
        size.writeChunkSize(piece.readableBytes)
        writer.write(size, context)
      }
      writer.write(piece, context)
      if isChunked { writer.write(Self.lineEnd, context) }
    }
    if isEnd, isChunked { writer.write(ClientConnection.lastChunk, context) }
    writer.flush(context)
  }

  private static let lineEnd = ByteBuffer(staticString: "\r\n")

  /// Holds the upstream back, or lets it go on.
  func setReading(_ shouldRead: Bool) {
    guard shouldRead != isReading else { return }
    isReading = shouldRead
    context?.channel.setOption(.autoRead, value: shouldRead).whenFailure { _ in }  // the channel closed meanwhile
  }

  /// Closes without telling the run: it has let go already.
  func discard() {
    run = nil
    state = .closed
    context?.close(promise: nil)
  }

  /// Closes without telling the run, once what was written has left or `limit` has passed.
  func closeAfterWriting(within limit: Duration) {
    run = nil
    state = .closed
    guard let context else { return }
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    let timer = context.eventLoop.scheduleTask(in: .nanoseconds(limit.nanoseconds)) { bound.value.close(promise: nil) }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
      timer.cancel()
      bound.value.close(promise: nil)
    }
  }

  // MARK: Answer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let run else {
      // Bytes nobody asked for: whatever they are, the next answer could not be trusted.
      return discard()
    }
    inbound.append(unwrapInboundIn(data))
    do {
      try read(run)
    } catch {
      discard()
      run.connectionFailed(
        Refusal(.upstreamProtocol, "The upstream \(pool.upstream.name) answered malformed HTTP."), wasReused: false)
    }
  }

  private func read(_ run: ForwardRun) throws {
    while self.run === run {
      switch state {
      case .idle, .closed: return
      case .awaitingHead: if try !readHead(run) { return }
      case .tunnel:
        guard inbound.readableBytes > 0 else { return }
        let bytes = inbound
        inbound = ByteBuffer()
        run.passToClient(bytes)
      case .body(var reader, let keeps):
        let step = try reader.next(&inbound)
        state = .body(reader, keepsConnection: keeps)
        switch step {
        case .needsMore: return
        case .content(let content): run.content(content)
        case .end: return finish(run, keeps: keeps)
        }
      }
    }
  }

  /// False when the head is incomplete. Interim answers are consumed here.
  private func readHead(_ run: ForwardRun) throws -> Bool {
    let bytes = inbound
    let loop = pool.loop
    guard let head = try loop.responseParser.parse(bytes.readableBytesUInt8Span, answering: run.head.method) else {
      return false
    }
    inbound.moveReaderIndex(forwardBy: head.length)
    if head.status < 200 {
      if head.status == 100 { run.continued() }
      if head.status == 101 {
        let fields = loop.responseParser.fields
        guard run.mayBecomeTunnel(head, fields, bytes.readableBytesUInt8Span) else { throw ResponseProblem.upgrade }
        state = .tunnel
        run.becameTunnel(fields, bytes)
      }
      return true
    }
    var reader = BodyReader(head.framing)
    var first: ByteBuffer?
    if case .content(let content) = try reader.next(&inbound) { first = content }
    state = .body(reader, keepsConnection: head.isKeptAlive)
    run.answered(head, loop.responseParser.fields, bytes, firstContent: first)
    return true
  }

  private func finish(_ run: ForwardRun, keeps: Bool) {
    self.run = nil
    let now = pool.loop.clocks.monotonic()
    if keeps, inbound.readableBytes == 0, run.isBodySent {
      state = .idle
      setReading(true)
      pool.keep(self, at: now)
    } else {
      discard()
    }
    run.ended(at: now)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    run?.flushClient()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    isWritable = context.channel.isWritable
    run?.writabilityChanged(isWritable)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    hasFailed = true
    context.close(promise: nil)  // a reset connection; channelInactive tells the run
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    pool.closed(self)
    let before = state
    state = .closed
    guard let run else { return }
    self.run = nil
    if case .tunnel = before { return run.upstreamEndedTunnel() }
    if case .body(let reader, _) = before, reader.isUntilClose, !hasFailed {
      run.ended(at: pool.loop.clocks.monotonic())
    } else {
      run.connectionFailed(
        Refusal(
          .upstreamReset, "The upstream \(pool.upstream.name) closed the connection before its answer was complete."),
        wasReused: servedRequests > 1)
    }
  }
}
