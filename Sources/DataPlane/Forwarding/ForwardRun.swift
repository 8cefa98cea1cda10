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
  private let client: ClientConnection
  fileprivate(set) var connection: UpstreamConnection?
  private(set) var hasAnswer = false
  private(set) var isBodySent: Bool
  private var hasSentBody = false
  private var hasRetried = false
  private var answerIsChunked = false
  private var isUpstreamPaused = false
  private var firstByteDeadline = Int64.max
  private var totalDeadline: Int64

  init(_ client: ClientConnection, _ pool: UpstreamPool, _ head: RequestHead, _ bytes: ByteBuffer, now: Int64) {
    self.client = client
    self.pool = pool
    self.head = head
    self.bytes = bytes
    parsedHeads = client.loop.parsedHeads
    isBodySent = head.framing == .none
    totalDeadline = now + pool.upstream.timeout.nanoseconds
  }

  /// Whether the client's body has to wait: no connection yet, or the upstream takes no more.
  var isUpstreamHeldBack: Bool { connection.map { !$0.isWritable } ?? true }

  // MARK: Towards the upstream

  func start() throws(Refusal) {
    if let idle = pool.takeIdle() {
      send(on: idle)
    } else {
      try connect()
    }
  }

  private func connect() throws(Refusal) {
    try pool.connect { [self] result in
      guard client.forward === self else {
        // The client left, or time ran out, while we connected.
        if case .success(let connection) = result { pool.keep(connection) }
        return
      }
      switch result {
      case .success(let connection):
        send(on: connection)
        client.process()
        client.flushIfNeeded()
      case .failure:
        fail(Refusal(.upstreamConnect, "The upstream \(pool.upstream.name) cannot be reached."))
      }
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
    firstByteDeadline = now + pool.upstream.firstByteTimeout.nanoseconds
    connection.writeHead(client.upstreamHead(for: self))
  }

  /// Passes on one piece of the request body.
  func sendBody(_ content: ByteBuffer) {
    hasSentBody = true
    connection?.writeBody(content, isChunked: head.framing == .chunked)
  }

  func endBody() {
    isBodySent = true
    connection?.endBody(isChunked: head.framing == .chunked)
    // The upstream's time to answer starts when it has all of the question.
    if !hasAnswer { firstByteDeadline = client.loop.clocks.monotonic() + pool.upstream.firstByteTimeout.nanoseconds }
  }

  // MARK: From the upstream

  func informational(_ status: Int) {
    if status == 100, head.expectsContinue { client.passContinue() }
  }

  func answered(_ answer: ResponseHead, _ fields: [Field], _ bytes: Span<UInt8>, firstContent: ByteBuffer?) {
    hasAnswer = true
    firstByteDeadline = .max
    answerIsChunked = client.writeAnswerHead(answer, fields, bytes, firstContent: firstContent)
  }

  func content(_ content: ByteBuffer) {
    client.exchange.bytesOut += content.readableBytes
    client.writeContent(content, isChunked: answerIsChunked)
    if !client.isClientWritable, !isUpstreamPaused {
      isUpstreamPaused = true
      client.flush()
      connection?.setReading(false)
    }
  }

  func clientCanTakeMore() {
    guard isUpstreamPaused else { return }
    isUpstreamPaused = false
    connection?.setReading(true)
  }

  func flushClient() { client.flushIfNeeded() }

  func upstreamCanTakeMore() {
    client.process()
    client.flushIfNeeded()
  }

  /// The answer is complete; `connection` has been released.
  func ended() {
    connection = nil
    if answerIsChunked { client.write(ByteBuffer(staticString: "0\r\n\r\n")) }
    pool.observe(client.exchange, at: client.loop.clocks.monotonic())
    client.finishExchange()
    client.flushIfNeeded()
  }

  /// The connection broke, or what came on it cannot be trusted.
  func connectionFailed(_ refusal: Refusal, wasReused: Bool) {
    connection = nil
    // A kept-alive connection the upstream closed just as we used it: nothing was processed, so one more try on a
    // fresh connection is safe for idempotent requests (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
    if wasReused, !hasAnswer, !hasRetried, !hasSentBody, head.method.isIdempotent, refusal.code == .upstreamReset {
      hasRetried = true
      pool.retried()
      do throws(Refusal) { return try connect() } catch { return fail(error) }
    }
    fail(refusal)
  }

  private func fail(_ refusal: Refusal) {
    pool.failed(refusal.code)
    connection?.discard()
    connection = nil
    client.refuse(refusal)
    client.flushIfNeeded()
  }

  /// The client is gone, or the request is refused: an answer half read cannot be shared with another request.
  func abandon() {
    connection?.discard()
    connection = nil
  }

  func checkDeadlines(_ now: Int64) {
    let name = pool.upstream.name
    if now >= firstByteDeadline {
      fail(Refusal(.upstreamTimeout, "The upstream \(name) did not begin to answer in time."))
    } else if now >= totalDeadline {
      fail(Refusal(.upstreamTimeout, "The upstream \(name) did not finish its answer in time."))
    }
  }
}
