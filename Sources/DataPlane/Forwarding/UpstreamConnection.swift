import ControlModel
import NIOCore

/// One connection to an upstream: serves one request at a time, then goes back to its pool.
final class UpstreamConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case idle
    case awaitingHead
    case body(BodyReader, keepsConnection: Bool)
    case closed
  }

  private let pool: UpstreamPool
  private var context: ChannelHandlerContext?
  private var state = State.idle
  private var run: ForwardRun?
  private var inbound = ByteBuffer()
  private(set) var servedRequests = 0
  /// When it went back to the pool, monotonic nanoseconds.
  var idleSince: Int64 = 0

  init(_ pool: UpstreamPool) {
    self.pool = pool
  }

  var isWritable: Bool { context?.channel.isWritable ?? false }
  var isOpen: Bool { if case .closed = state { false } else { context != nil } }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  // MARK: Request

  func serve(_ run: ForwardRun) {
    self.run = run
    state = .awaitingHead
    servedRequests += 1
  }

  func writeHead(_ head: ByteBuffer) {
    context?.writeAndFlush(wrapOutboundOut(head), promise: nil)
  }

  func writeBody(_ content: ByteBuffer, isChunked: Bool) {
    guard let context, content.readableBytes > 0 else { return }
    if isChunked {
      context.write(
        wrapOutboundOut(ByteBuffer(string: String(content.readableBytes, radix: 16) + "\r\n")), promise: nil)
    }
    context.write(wrapOutboundOut(content), promise: nil)
    if isChunked { context.write(wrapOutboundOut(ByteBuffer(staticString: "\r\n")), promise: nil) }
    context.flush()
  }

  func endBody(isChunked: Bool) {
    if isChunked { context?.writeAndFlush(wrapOutboundOut(ByteBuffer(staticString: "0\r\n\r\n")), promise: nil) }
  }

  func setReading(_ isReading: Bool) {
    context?.channel.setOption(.autoRead, value: isReading).whenFailure { _ in }  // the channel closed meanwhile
  }

  /// Closes without telling the run: it has let go already.
  func discard() {
    run = nil
    state = .closed
    context?.close(promise: nil)
  }

  // MARK: Answer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var chunk = unwrapInboundIn(data)
    guard let run else {
      // Bytes nobody asked for: whatever they are, the next answer could not be trusted.
      return discard()
    }
    if inbound.readableBytes == 0 {
      inbound = chunk
    } else {
      inbound.writeBuffer(&chunk)
    }
    do {
      try read(run)
    } catch {
      let wasReused = servedRequests > 1
      discard()
      run.connectionFailed(
        Refusal(.upstreamProtocol, "The upstream \(pool.upstream.name) answered malformed HTTP."), wasReused: wasReused)
    }
  }

  private func read(_ run: ForwardRun) throws {
    while self.run === run {
      switch state {
      case .idle, .closed: return
      case .awaitingHead: if try !readHead(run) { return }
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
      guard head.status != 101 else { throw ResponseProblem.statusLine }  // we never ask to switch protocols
      run.informational(head.status)
      return true
    }
    var reader = BodyReader(head.framing)
    var first: ByteBuffer?
    if case .content(let content) = try reader.next(&inbound) { first = content }
    state = .body(reader, keepsConnection: head.isKeptAlive)
    run.answered(head, loop.responseParser.fields, bytes.readableBytesUInt8Span, firstContent: first)
    return true
  }

  private func finish(_ run: ForwardRun, keeps: Bool) {
    self.run = nil
    let isClean = keeps && inbound.readableBytes == 0 && run.isBodySent
    if isClean {
      state = .idle
      pool.keep(self)
    } else {
      state = .closed
      context?.close(promise: nil)
    }
    run.ended()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    run?.flushClient()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { run?.upstreamCanTakeMore() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    pool.closed(self)
    let before = state
    state = .closed
    guard let run else { return }
    self.run = nil
    if case .body(let reader, _) = before, reader.isUntilClose {
      run.ended()
    } else {
      run.connectionFailed(
        Refusal(
          .upstreamReset, "The upstream \(pool.upstream.name) closed the connection before its answer was complete."),
        wasReused: servedRequests > 1)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)  // a reset connection; channelInactive tells the run
  }
}
