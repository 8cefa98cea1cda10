import ControlModel
import Identity
import NIOCore
import Telemetry

/// One request on its way through an upstream and back.
final class ForwardRun {
  let pool: UpstreamPool
  let head: RequestHead
  /// The request head as it came, kept until an answer begins: a retry is written from it again.
  let bytes: ByteBuffer
  /// `LoopContext.parsedHeads` when this head was parsed.
  let parsedHeads: Int
  /// The key of a handshake that asks the upstream to go on as WebSocket.
  let tunnelKey: [UInt8]?
  private let client: ClientConnection
  private var connection: UpstreamConnection?
  private(set) var isBodySent: Bool
  private var hasSentBody = false
  private var hasAnswer = false
  private var hasRetried = false
  private var answerIsChunked = false
  /// Looks at the answer for other tenants' data; nil where nobody needs to.
  private var watch: AnswerWatch?
  /// When the upstream is given up: it does not begin to answer, does not finish, or takes no more of the body.
  private var firstByteDeadline = Int64.max
  private var totalDeadline = Int64.max
  private var stallDeadline = Int64.max

  init(
    _ client: ClientConnection, _ pool: UpstreamPool, _ head: RequestHead, _ bytes: ByteBuffer,
    tunnelKey: [UInt8]? = nil
  ) {
    self.tunnelKey = tunnelKey
    self.client = client
    self.pool = pool
    self.head = head
    self.bytes = bytes
    parsedHeads = client.loop.parsedHeads
    isBodySent = head.framing == .none
  }

  /// Whether the client's body has to wait: no connection yet, or the upstream takes no more.
  var isUpstreamHeldBack: Bool { connection.map { !$0.isWritable } ?? true }

  // MARK: Towards the upstream

  func start() throws(Refusal) {
    // A connection that becomes a tunnel has carried nothing before.
    if tunnelKey == nil, let idle = pool.takeIdle(mayRetry: head.method.isIdempotent) {
      send(on: idle)
    } else {
      try connect()
    }
  }

  private func connect() throws(Refusal) {
    try pool.connect { [self] connection in
      guard client.forward === self else {
        // The client left, or the request was refused, while we connected.
        if let connection { pool.keep(connection) }
        return
      }
      guard let connection else {
        return fail(Refusal(.upstreamConnect, "The upstream \(pool.upstream.name) cannot be reached."))
      }
      send(on: connection)
      client.process()
      client.flushIfNeeded()
    }
  }

  private func send(on connection: UpstreamConnection) {
    self.connection = connection
    connection.serve(self)
    let now = client.loop.clocks.monotonic()
    if client.exchange.sentUpstreamAt == 0 {
      client.loop.counters.overhead.observe(Int(now - client.exchange.startedAt))
    }
    client.exchange.sentUpstreamAt = now
    // A client that waits for `100 Continue` waits for the upstream; one that sends its body has a clock of its own.
    firstByteDeadline = isBodySent || client.exchange.awaitsContinue ? now + pool.firstByteNanoseconds : .max
    totalDeadline = isBodySent ? now + pool.totalNanoseconds : .max
    connection.writeHead(client.upstreamHead(for: self))
  }

  /// Passes on a piece of the request body, and whether it was the last.
  func send(_ piece: ByteBuffer?, isEnd: Bool) {
    if piece != nil {
      hasSentBody = true
      firstByteDeadline = .max
    }
    if isEnd {
      isBodySent = true
      let now = client.loop.clocks.monotonic()
      if !hasAnswer { firstByteDeadline = now + pool.firstByteNanoseconds }
      totalDeadline = now + pool.totalNanoseconds
    }
    connection?.writeBody(piece, isEnd: isEnd, isChunked: head.framing == .chunked)
  }

  func writabilityChanged(_ isWritable: Bool) {
    guard isWritable else {
      stallDeadline = client.loop.clocks.monotonic() + client.loop.timeouts.writeStall
      return
    }
    stallDeadline = .max
    client.process()
    client.flushIfNeeded()
  }

  // MARK: From the upstream

  func continued() {
    if client.exchange.awaitsContinue { firstByteDeadline = .max }
    client.passContinue()
  }

  /// - Parameter bytes: the head, which the ranges in `fields` point into.
  func answered(_ answer: ResponseHead, _ fields: [Field], _ bytes: ByteBuffer, firstContent: ByteBuffer?) {
    hasAnswer = true
    firstByteDeadline = .max
    watch = client.answerWatch()
    guard let watch else {
      answerIsChunked = client.writeAnswerHead(
        answer, fields, bytes.readableBytesUInt8Span, firstContent: firstContent)
      return
    }
    let head = AnswerWatch.Head(answer: answer, fields: fields, bytes: bytes)
    switch client.watch(head, by: watch) {
    case .refuse(let refusal): return block(refusal)
    case .pass: pass(head, firstContent.map(watch.content))
    case .hold: if let firstContent { _ = act(on: watch.content(firstContent)) }
    }
    tell(watch)
  }

  func content(_ content: ByteBuffer) {
    guard let watch else { return pass(content) }
    _ = act(on: watch.content(content))
  }

  private func pass(_ content: ByteBuffer) {
    client.writeContent(content, isChunked: answerIsChunked)
    guard !client.isClientWritable else { return }
    client.flushIfNeeded()
    // The flush may have emptied the buffer, and the word that there is room again has then been given already.
    if !client.isClientWritable { connection?.setReading(false) }
  }

  func clientCanTakeMore() { connection?.setReading(true) }

  func flushClient() { client.flushIfNeeded() }

  // MARK: Tunnels

  /// Whether the upstream's 101 may be believed: it was asked for, and answers what was asked.
  func mayBecomeTunnel(_ answer: ResponseHead, _ fields: [Field], _ bytes: Span<UInt8>) -> Bool {
    tunnelKey.map { WebSocketHandshake.isAccepted(answer, fields, bytes, key: $0) } ?? false
  }

  func becameTunnel(_ fields: [Field], _ bytes: ByteBuffer) {
    hasAnswer = true
    firstByteDeadline = .max
    totalDeadline = .max
    do throws(Refusal) {
      try client.beginTunnel(fields, bytes)
      client.process()
    } catch {
      fail(error)
    }
  }

  func passToClient(_ bytes: ByteBuffer) {
    client.passToClient(bytes)
    guard !client.isClientWritable else { return }
    client.flushIfNeeded()
    if !client.isClientWritable { connection?.setReading(false) }
  }

  func tellUpstream(_ bytes: [UInt8]) {
    connection?.writeBody(ByteBuffer(bytes: bytes), isEnd: false, isChunked: false)
  }

  func upstreamEndedTunnel() {
    connection = nil
    client.endTunnel(.upstream)
  }

  /// Lets go of the connection, which closes when what was written to it has left.
  func endTunnel() {
    connection?.closeAfterWriting(within: client.loop.settings.lingerTimeout)
    connection = nil
    stallDeadline = .max
  }

  /// The answer is complete; the connection has been released.
  func ended() {
    connection = nil
    if let watch {
      guard act(on: watch.end()) else { return }
      release(watch)
    }
    if answerIsChunked { client.write(ClientConnection.lastChunk) }
    let now = client.loop.clocks.monotonic()
    pool.observe(client.exchange, at: now)
    client.finishExchange(at: now)
    client.flushIfNeeded()
  }

  /// The connection broke, or what came on it cannot be trusted.
  func connectionFailed(_ refusal: Refusal, wasReused: Bool) {
    connection = nil
    // A kept-alive connection the upstream closed just as we used it: nothing was processed, so one more try on a
    // fresh connection is safe for idempotent requests (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
    if wasReused, !hasAnswer, !hasRetried, !hasSentBody, head.method.isIdempotent, refusal.code == .upstreamReset {
      hasRetried = true
      firstByteDeadline = .max
      pool.retried()
      do throws(Refusal) { return try connect() } catch { return fail(error) }
    }
    fail(refusal)
  }

  private func fail(_ refusal: Refusal) {
    pool.failed(refusal.code)
    abandon()
    client.refuse(refusal)
    client.flushIfNeeded()
  }

  /// The client is gone, or the request is refused: an answer half read cannot be shared with another request.
  func abandon() {
    if let watch { release(watch) }
    connection?.discard()
    connection = nil
    firstByteDeadline = .max
    totalDeadline = .max
    stallDeadline = .max
  }

  func checkDeadlines(_ now: Int64) {
    guard now >= min(firstByteDeadline, totalDeadline, stallDeadline) else { return }
    let problem =
      now >= stallDeadline
      ? "takes no more of the request" : hasAnswer ? "did not finish its answer in time" : "did not answer in time"
    fail(Refusal(.upstreamTimeout, "The upstream \(pool.upstream.name) \(problem)."))
  }

  // MARK: The guard

  /// False when the answer has been given up.
  private func act(on step: AnswerWatch.Step) -> Bool {
    guard let watch else { return false }
    switch step {
    case .hold: break
    case .pass(let content):
      if let head = watch.takeHead() {
        begin(head, content)
      } else if let content {
        pass(content)
      }
    case .refuse(let refusal):
      block(refusal)
      return false
    }
    tell(watch)
    return true
  }

  /// Sends the head now, and the content that came with it as far as it may go.
  private func pass(_ head: AnswerWatch.Head, _ first: AnswerWatch.Step?) {
    switch first {
    case .pass(let content): begin(head, content)
    case .refuse(let refusal): block(refusal)
    case .hold, nil: begin(head, nil)
    }
  }

  private func begin(_ head: AnswerWatch.Head, _ content: ByteBuffer?) {
    _ = watch?.takeHead()
    answerIsChunked = client.writeAnswerHead(
      head.answer, head.fields, head.bytes.readableBytesUInt8Span, firstContent: content)
    client.flushIfNeeded()
    if !client.isClientWritable { connection?.setReading(false) }
  }

  /// Gives the answer up: with a refusal while nothing of it has been sent, else by cutting the connection.
  private func block(_ refusal: Refusal) {
    if let watch {
      tell(watch)
      if watch.isStreaming { client.tripRoute() }
    }
    fail(refusal)
  }

  private func tell(_ watch: AnswerWatch) {
    if let finding = watch.takeFinding() { client.loop.record(finding, of: client.exchange) }
  }

  private func release(_ watch: AnswerWatch) {
    self.watch = nil
    client.loop.giveBack(watch)
  }
}
