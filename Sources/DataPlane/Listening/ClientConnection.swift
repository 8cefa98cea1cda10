import ControlModel
import Identity
import NIOCore
import Telemetry

/// One client connection: an HTTP/1.1 server on bytes. Requests are answered one after another; what arrives while one
/// is being answered waits in `inbound`, within a bound.
///
/// The order of work is in `RequestPipeline.swift`; endpoints and forwarding are extensions in their folders; how
/// exchanges and connections end is in `ClientConnection+Ends.swift`.
///
/// A client that closes its sending half is taken to be gone, as nginx, Envoy and Go do: TCP cannot tell the two apart,
/// and an upstream should not work for nobody.
final class ClientConnection: ChannelInboundHandler, LoopMember {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  enum Phase {
    /// Waiting for, or reading, a request head.
    case head
    /// A token names a key that is being fetched.
    case waitingForKeys
    /// Reading the body for an endpoint.
    case collecting
    /// An endpoint runs, or its reply is being streamed.
    case answering
    /// Bound to an upstream.
    case forwarding
    /// Bound to an upstream as WebSocket.
    case tunnelling
    /// Answered; the rest of the request body is read away.
    case discarding
    /// Answered with `Connection: close`; waiting for the peer to close.
    case closing
  }

  let loop: LoopContext
  let listener: Listener.Kind
  let peer: PeerAddress
  let transport: Transport
  /// What every request on it is answered with, after which it closes; nil serves it.
  var standingRefusal: Refusal?
  var context: ChannelHandlerContext?
  var phase = Phase.head
  var inbound = ByteBuffer()
  var exchange = Exchange()
  /// What is left of the current request's body.
  var body = BodyReader(.none)
  /// Looks in the body of a forwarded request for another tenant's name.
  var bodyScanner: TenantScanner?
  var address = AddressMemo()
  var endpoint: EndpointRun?
  var forward: ForwardRun?
  var tunnel: Tunnel?
  var seat = LoopSeat()
  /// Until when a connection that has not asked anything yet is not closed for being idle. Zero once it has.
  var freshUntil: Int64 = 0
  /// When what the phase waits for from the client is given up: a head, the next request, a body, or its closing.
  var phaseDeadline = Int64.max { didSet { loop.expect(self, at: phaseDeadline) } }
  /// When a client that takes nothing of what is written is given up.
  var writeDeadline = Int64.max { didSet { loop.expect(self, at: writeDeadline) } }
  /// Whether the client takes what is written; while it does not, no new request is begun.
  private(set) var isClientWritable = true
  private var isReadingPaused = false
  private var isProcessing = false
  /// Bytes have come since the channel last said that it had read all there was.
  private var hasRead = false
  private var writer: SocketWriter?
  /// Bytes of an incomplete head already looked at without finding its end.
  private var searchedBytes = 0
  /// Bytes of it when the parser last looked.
  private var parsedBytes = 0

  init(loop: LoopContext, listener: Listener.Kind, peer: PeerAddress, transport: Transport = Transport()) {
    self.loop = loop
    self.listener = listener
    self.peer = peer
    self.transport = transport
  }

  // MARK: Channel events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    writer = SocketWriter(context.channel, isPlain: transport.tls == nil && !transport.isHTTP2)
    loop.opened(self)
    let now = loop.clocks.monotonic()
    freshUntil = now + Self.freshNanoseconds
    phaseDeadline = now + loop.timeouts.head
  }

  /// Longer than any round trip: whoever has just connected is about to send.
  private static let freshNanoseconds: Int64 = 1_000_000_000

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    abandon()
    loop.closed(self)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)  // a reset connection; handlerRemoved cleans up
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { channelRead(unwrapInboundIn(data)) }

  func channelRead(_ bytes: ByteBuffer) {
    hasRead = true
    inbound.append(bytes)
    process()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Nothing came: the client has closed its half, and the channel closes before the loop's turn ends.
    if hasRead { flushIfNeeded() } else { flushNow() }
    hasRead = false
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    isClientWritable = context.channel.isWritable
    guard isClientWritable else {
      writeDeadline = loop.clocks.monotonic() + loop.timeouts.writeStall
      return
    }
    if phase != .closing { writeDeadline = .max }
    endpoint?.clientCanTakeMore()
    forward?.clientCanTakeMore()
    process()
    flushIfNeeded()
  }

  // MARK: Driving

  /// Works on what has arrived until more is needed. Re-entrant calls return at once; the outer one goes on.
  func process() {
    guard !isProcessing else { return }
    isProcessing = true
    while context != nil, step() {}
    isProcessing = false
    updateReading()
  }

  /// One step of the current phase. False when more has to arrive or somebody else has to move first.
  private func step() -> Bool {
    switch phase {
    case .head: return readHead()
    case .collecting: return collectBody()
    case .forwarding: return forwardBody()
    case .tunnelling: return passTunnelBytes()
    case .discarding: return discardBody()
    case .answering, .waitingForKeys: return false
    case .closing:
      inbound.clear()
      return false
    }
  }

  private func parse(_ bytes: borrowing ByteBuffer) throws(HeadProblem) -> RequestHead? {
    try loop.parser.parse(bytes.readableBytesUInt8Span)
  }

  /// Makes the loop's parser hold the fields of this head, as it did when the head arrived; it parsed before, so it does
  /// again.
  func parseAgain(_ head: ByteBuffer) {
    loop.parsedHeads += 1
    _ = try? loop.parser.parse(head.readableBytesUInt8Span)
  }

  /// Reads and starts one request. False when its head is not complete, or while the client takes no answers.
  private func readHead() -> Bool {
    guard inbound.readableBytes > 0, isClientWritable else { return false }
    if searchedBytes > 0, inbound.readableBytes - parsedBytes < max(8, parsedBytes / 4),
      inbound.readableBytes <= unsearchedBytesMax,
      !inbound.readableBytesView.dropFirst(searchedBytes).contains(lineFeed)
    {
      searchedBytes = inbound.readableBytes
      return false  // nothing new ends a line, and too little is new to look at all of it again
    }
    loop.refreshSnapshot()
    exchange.reset()
    loop.parsedHeads += 1
    do throws(HeadProblem) {
      guard let head = try parse(inbound) else {
        if searchedBytes == 0 { phaseDeadline = loop.clocks.monotonic() + loop.timeouts.head }
        searchedBytes = inbound.readableBytes
        parsedBytes = searchedBytes
        return false
      }
      searchedBytes = 0
      start(head)
    } catch {
      searchedBytes = 0
      refuseMalformed(error)
    }
    return true
  }

  /// How long an incomplete head may be without the parser looking at it again: up to the limit it would refuse it at.
  /// Past the request line's limit that line is complete, or it would have been refused there.
  private var unsearchedBytesMax: Int {
    let limits = HeadLimits()
    return searchedBytes > limits.requestLineBytesMax ? limits.headBytesMax : limits.requestLineBytesMax
  }

  /// Pauses reading while what has arrived cannot be worked on, and resumes when it can.
  private func updateReading() {
    let shouldPause = inbound.readableBytes >= loop.inboundBytesMax
    guard shouldPause != isReadingPaused, let context else { return }
    isReadingPaused = shouldPause
    context.channel.setOption(.autoRead, value: !shouldPause).whenFailure { _ in }  // the channel closed meanwhile
    if !shouldPause { context.read() }  // a stream's channel does not do that by itself
  }

  // MARK: Writing

  /// Takes bytes for the client; they leave at the end of the current read or with `flushIfNeeded()`.
  func write(_ bytes: ByteBuffer) {
    if let context { writer?.write(bytes, context) }
  }

  /// Sends what was written, together with what other connections have to send in this turn of the loop.
  func flushIfNeeded() {
    if let context, let writer { loop.batch.flush(writer, context) }
  }

  /// The same at once, for what must not wait: closing, and finding out whether the client takes more.
  func flushNow() {
    if let context { writer?.flush(context) }
  }

  /// Content up to this size is copied behind its head or its chunk size, so that both leave in one piece.
  static let coalescedBytesMax = 16 * 1024

  /// One piece of an answer's content, as a chunk or as it is.
  func writeContent(_ content: ByteBuffer, isChunked: Bool) {
    exchange.bytesOut += content.readableBytes
    guard isChunked, content.readableBytes > 0 else { return write(content) }
    var framed = loop.takeOut()
    framed.writeChunkSize(content.readableBytes)
    if content.readableBytes <= Self.coalescedBytesMax {
      framed.writeImmutableBuffer(content)
    } else {
      write(framed)
      write(content)
      framed.clear()
    }
    framed.writeStaticString("\r\n")
    write(framed)
    loop.out = framed
  }

  static let lastChunk = ByteBuffer(staticString: "0\r\n\r\n")
}

extension ByteBuffer {
  /// Adds bytes read from a socket. What was read from here is dropped first: a stream that never quite empties the
  /// buffer must not make it grow.
  mutating func append(_ bytes: ByteBuffer) {
    if readableBytes == 0 {
      self = bytes
    } else {
      discardReadBytes()
      writeImmutableBuffer(bytes)
    }
  }

  /// The size line of a chunk.
  mutating func writeChunkSize(_ size: Int) {
    var shift = (Int.bitWidth - max(size, 1).leadingZeroBitCount - 1) & ~3
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: size >> shift & 0xf)
      writeInteger(digit < 10 ? 48 + digit : 87 + digit)
      shift -= 4
    }
    writeStaticString("\r\n")
  }
}
