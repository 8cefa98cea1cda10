import ControlModel
import Identity
import NIOCore
import Telemetry

/// One client connection: an HTTP/1.1 server on bytes. Requests are answered one after another; what arrives while one
/// is being answered waits in `inbound`, within a bound.
///
/// The order of work is in `RequestPipeline.swift`; endpoints and forwarding are extensions in their folders.
final class ClientConnection: ChannelInboundHandler {
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
    /// Answered; the rest of the request body is read away.
    case discarding
    /// Answered with `Connection: close`; waiting for the peer to close.
    case closing
  }

  let loop: LoopContext
  let listener: Listener.Kind
  let peer: String
  /// What the upstream is told about this connection: `Forwarded` and its older spellings, ready to append.
  let forwardedLines: ForwardedLines
  var context: ChannelHandlerContext?
  var phase = Phase.head
  var inbound = ByteBuffer()
  var exchange = Exchange()
  /// What is left of the current request's body.
  var body = BodyReader(.none)
  var caller = CallerMemo()
  var endpoint: EndpointRun?
  var forward: ForwardRun?
  private var isReadingPaused = false
  private var isProcessing = false
  private var needsFlush = false
  /// Bytes of an incomplete head already looked at without finding its end.
  private var searchedBytes = 0
  var deadline = Deadline()

  init(loop: LoopContext, listener: Listener.Kind, peer: SocketAddress) {
    self.loop = loop
    self.listener = listener
    self.peer = peer.ipAddress ?? "unix"
    forwardedLines = ForwardedLines(peer: self.peer, isSecure: false)
  }

  // MARK: Channel events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.opened(self)
    deadline.set(.head, loop.clocks.monotonic() + loop.settings.headTimeout.nanoseconds)
  }

  func channelInactive(context: ChannelHandlerContext) {
    abandon()
    self.context = nil
    loop.closed(self)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)  // a reset connection; channelInactive cleans up
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var chunk = unwrapInboundIn(data)
    if inbound.readableBytes == 0 {
      inbound = chunk
    } else {
      inbound.writeBuffer(&chunk)
    }
    process()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    flushIfNeeded()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      deadline.clear(.writeStall)
      clientCanTakeMore()
    } else {
      deadline.set(.writeStall, loop.clocks.monotonic() + loop.settings.writeStallTimeout.nanoseconds)
    }
  }

  // MARK: Driving

  /// Works on what has arrived until more is needed. Re-entrant calls return at once; the outer one goes on.
  func process() {
    guard !isProcessing else { return }
    isProcessing = true
    defer { isProcessing = false }
    var hasMore = true
    while hasMore, context != nil {
      switch phase {
      case .head: hasMore = readHead()
      case .collecting: hasMore = collectBody()
      case .forwarding: hasMore = forwardBody()
      case .discarding: hasMore = discardBody()
      case .answering, .waitingForKeys: hasMore = false
      case .closing:
        inbound.clear()
        hasMore = false
      }
    }
    updateReading()
  }

  /// Reads and starts one request. False when its head is not complete.
  private func readHead() -> Bool {
    guard inbound.readableBytes > 0 else { return false }
    if searchedBytes > 0, !inbound.readableBytesView.dropFirst(searchedBytes).contains(lineFeed) {
      // Nothing new ends a line; only the size can have become wrong.
      searchedBytes = inbound.readableBytes
      if searchedBytes <= HeadLimits().headBytesMax { return false }
    }
    loop.refreshSnapshot()
    exchange.reset()
    loop.parsedHeads += 1
    do throws(HeadProblem) {
      guard let head = try loop.parser.parse(inbound.readableBytesUInt8Span) else {
        if searchedBytes == 0 {
          deadline.set(.head, loop.clocks.monotonic() + loop.settings.headTimeout.nanoseconds)
        }
        searchedBytes = inbound.readableBytes
        return false
      }
      searchedBytes = 0
      start(head)
      return true
    } catch {
      searchedBytes = 0
      refuseMalformed(error)
      return false
    }
  }

  /// Reads away a body nobody wants, then takes the next request.
  private func discardBody() -> Bool {
    do throws(HeadProblem) {
      while true {
        switch try body.next(&inbound) {
        case .content(let content):
          exchange.bytesIn += content.readableBytes
          if exchange.bytesIn > loop.settings.discardBytesMax {
            closeLingering()
            return false
          }
        case .needsMore: return false
        case .end:
          becomeIdle()
          return inbound.readableBytes > 0
        }
      }
    } catch {
      closeLingering()
      return false
    }
  }

  /// Pauses reading while more would only pile up, and resumes when it is wanted again.
  func updateReading() {
    guard let context else { return }
    let isHeldBack =
      phase == .answering || phase == .waitingForKeys || (phase == .forwarding && forward?.isUpstreamHeldBack == true)
    let shouldPause = isHeldBack && inbound.readableBytes >= loop.settings.bufferBytesMax
    guard shouldPause != isReadingPaused else { return }
    isReadingPaused = shouldPause
    context.channel.setOption(.autoRead, value: !shouldPause).whenFailure { _ in }  // the channel closed meanwhile
  }

  // MARK: Writing

  /// Queues bytes for the client; they leave at the end of the current read or with `flush()`.
  func write(_ bytes: ByteBuffer) {
    guard let context else { return }
    needsFlush = true
    context.write(wrapOutboundOut(bytes), promise: nil)
  }

  func flush() {
    needsFlush = false
    context?.flush()
  }

  func flushIfNeeded() {
    if needsFlush { flush() }
  }

  var isClientWritable: Bool { context?.channel.isWritable ?? false }

  // MARK: Ends

  /// The answer is complete. Counts and logs it, then takes the next request, reads away what is left of this one's
  /// body, or closes.
  func finishExchange() {
    endpoint = nil
    forward = nil
    loop.counters.inFlight.add(-1)
    if let tenant = exchange.caller?.tenant { caller.count(tenant, exchange.status, loop) }
    loop.record(exchange, listener: listener, peer: peer)
    flush()
    guard exchange.keepsConnection else { return closeLingering() }
    if body.isAtEnd {
      becomeIdle()
    } else {
      phase = .discarding
    }
    process()
  }

  private func becomeIdle() {
    phase = .head
    deadline.clear(.body)
    deadline.set(.idle, loop.clocks.monotonic() + loop.settings.idleTimeout.nanoseconds)
    if loop.dataPlane.isDraining { closeIfIdle() }
  }

  /// Closes our half and waits for the peer's: closing at once while bytes are unread would reset the connection and
  /// could destroy the answer on its way (RFC 9112 §9.6).
  private func closeLingering() {
    guard let context, phase != .closing else { return }
    phase = .closing
    deadline.set(.closing, loop.clocks.monotonic() + Self.lingerNanoseconds)
    context.flush()
    let channel = context.channel
    channel.close(mode: .output).whenFailure { _ in channel.close(promise: nil) }
  }

  /// How long a closed-for-writing connection may take to be closed by its peer.
  private static let lingerNanoseconds: Int64 = 1_000_000_000

  func closeIfIdle() {
    if phase == .head, inbound.readableBytes == 0 { cut() }
  }

  func cut() { context?.close(promise: nil) }

  /// The client is gone: stops whatever was working for it.
  private func abandon() {
    let wasBusy =
      switch phase {
      case .waitingForKeys, .collecting, .answering, .forwarding: true
      case .head, .discarding, .closing: false
      }
    endpoint?.cancel()
    endpoint = nil
    forward?.abandon()
    forward = nil
    if wasBusy {
      exchange.status = Self.clientClosedStatus
      loop.counters.inFlight.add(-1)
      loop.record(exchange, listener: listener, peer: peer)
    }
    phase = .closing
  }

  /// What the access line shows for an answer whose client left first (nginx's convention; never sent).
  private static let clientClosedStatus = 499

  // MARK: Deadlines

  func checkDeadlines(_ now: Int64) {
    guard let expired = deadline.expired(at: now) else { return checkForward(now) }
    switch expired {
    case .head where inbound.readableBytes > 0:
      exchange.reset()
      begin()
      exchange.keepsConnection = false
      loop.counters.parseErrors.counter("head_timeout").increment()
      refuse(Refusal(.requestTimeout, "The request head did not arrive within the head timeout."))
    case .body where phase == .collecting || phase == .forwarding && !body.isAtEnd:
      deadline.clear(.body)
      exchange.keepsConnection = false
      stopForwarding()
      refuse(Refusal(.requestTimeout, "The request body did not arrive within the body timeout."))
    case .body: deadline.clear(.body)
    case .head, .idle, .writeStall, .closing: cut()
    }
    flushIfNeeded()
  }
}

/// The clocks running on one connection; at most a handful at a time.
struct Deadline {
  enum Kind: Int, CaseIterable {
    case head, idle, body, writeStall, closing
  }

  private var at = InlineArray<5, Int64>(repeating: .max)
  private var earliest = Int64.max

  mutating func set(_ kind: Kind, _ time: Int64) {
    if kind == .head { at[Kind.idle.rawValue] = .max }
    if kind == .body || kind == .idle { at[Kind.head.rawValue] = .max }
    if kind == .body { at[Kind.idle.rawValue] = .max }
    at[kind.rawValue] = time
    findEarliest()
  }

  mutating func clear(_ kind: Kind) {
    at[kind.rawValue] = .max
    findEarliest()
  }

  private mutating func findEarliest() {
    earliest = .max
    for index in at.indices where at[index] < earliest { earliest = at[index] }
  }

  func expired(at now: Int64) -> Kind? {
    guard now >= earliest else { return nil }
    return Kind.allCases.first { now >= at[$0.rawValue] }
  }
}
