import ControlModel
import Identity
import NIOCore
import Telemetry

/// One request on its way through an upstream and back.
///
/// Takes a place among the upstream's requests in flight and gives it back exactly once, however the request ends; the same
/// goes for what the circuit has to hear of it.
final class ForwardRun {
  let upstream: LoopUpstream
  /// The pool of the host it is sent to; a second try may go to another.
  private(set) var pool: UpstreamPool
  let head: RequestHead
  /// The request head as it came, kept until an answer begins: a retry is written from it again.
  let bytes: ByteBuffer
  /// `LoopContext.parsedHeads` when this head was parsed.
  let parsedHeads: Int
  /// The key of a handshake that asks the upstream to go on as WebSocket.
  let tunnelKey: [UInt8]?
  let client: ClientConnection
  private let route: Route
  var connection: UpstreamConnection?
  private var place: Slots.Place?
  /// Its place is among those that wait for their bodies.
  private var awaitsBody = false
  /// It tries whether a failed upstream works again.
  private var isProbe = false
  private(set) var isBodySent: Bool
  private var hasSentBody = false
  var hasAnswer = false
  private var hasRetried = false
  var answerIsChunked = false
  /// Looks at the answer for other tenants' data; nil where nobody needs to.
  var watch: AnswerWatch?
  /// When the upstream is given up: it does not begin to answer, does not finish, or takes no more of the body.
  var firstByteDeadline = Int64.max { didSet { client.loop.expect(client, at: firstByteDeadline) } }
  var totalDeadline = Int64.max { didSet { client.loop.expect(client, at: totalDeadline) } }
  var stallDeadline = Int64.max { didSet { client.loop.expect(client, at: stallDeadline) } }

  init(
    _ client: ClientConnection, _ upstream: LoopUpstream, _ route: Route, _ head: RequestHead, _ bytes: ByteBuffer,
    tunnelKey: [UInt8]? = nil
  ) {
    self.tunnelKey = tunnelKey
    self.client = client
    self.upstream = upstream
    self.route = route
    pool = upstream.pools[0]
    self.head = head
    self.bytes = bytes
    parsedHeads = client.loop.parsedHeads
    isBodySent = head.framing == .none
  }

  var now: Int64 { client.loop.clocks.monotonic() }

  /// Whether the client's body has to wait: no connection yet, or the upstream takes no more.
  var isUpstreamHeldBack: Bool { connection.map { !$0.isWritable } ?? true }

  // MARK: Towards the upstream

  /// Refuses while the circuit is open, or without a place for this class and tenant.
  func start(_ share: TenantShare, at now: Int64) throws(Refusal) {
    do throws(Refusal) {
      isProbe = try upstream.state.pass(at: now)
    } catch {
      client.exchange.proxyError = .destinationUnavailable
      upstream.instruments.failed(error.code)
      throw error
    }
    try takePlace(to: .work, share)
    if !isBodySent, !client.hasWholeBody(head) {
      // There is a place, but it is taken once there is something to work on: whoever sends slowly, or not at all, must not
      // keep others from being served meanwhile.
      place.take()?.leave()
      try takePlace(to: .receive, upstream.state.bodies.share(of: client.exchange.caller?.tenant))
      awaitsBody = true
    }
    pool = upstream.pool(at: now)
    // A connection that becomes a tunnel has carried nothing before.
    if tunnelKey == nil, let idle = pool.takeIdle(mayRetry: head.method.isIdempotent, at: now) {
      send(on: idle)
    } else {
      try connect()
    }
  }

  private enum Purpose {
    /// The upstream has all it needs.
    case work
    /// The body is on its way.
    case receive
  }

  private func takePlace(to purpose: Purpose, _ share: TenantShare) throws(Refusal) {
    let slots = purpose == .work ? upstream.state.slots : upstream.state.bodies
    switch slots.enter(route.trafficClass, share) {
    case .success(let place): self.place = place
    case .failure(let shed):
      leave()
      client.exchange.proxyError = .connectionLimitReached
      let name = upstream.upstream.name
      throw client.shed(
        route.trafficClass, shed.reason,
        of: purpose == .work ? "requests the upstream \(name) can work on" : "uploads the upstream \(name) can receive")
    }
  }

  /// The body is complete, and the upstream about to get its end. Refuses the request when there is no place to work on it.
  func bodyArrived() throws(Refusal) {
    guard awaitsBody, !hasAnswer else { return }
    awaitsBody = false
    place.take()?.leave()
    try takePlace(to: .work, client.share(of: upstream.state.slots))
  }

  private func connect() throws(Refusal) {
    do throws(Refusal) {
      try pool.connect { [self] attempt in connected(attempt) }
    } catch {
      leave()
      client.exchange.proxyError = .connectionLimitReached
      client.loop.counters.shed.counter(route.trafficClass.rawValue, "connections").increment()
      throw error
    }
  }

  private func connected(_ attempt: UpstreamPool.Attempt) {
    switch attempt {
    case .connected(let connection):
      // The client left, or the request was refused, while we connected.
      guard client.forward === self else { return pool.keep(connection, at: now) }
      send(on: connection)
      client.process()
      client.flushIfNeeded()
    case .failed(let cause):
      upstream.state.hostFailed(pool.host, at: now)
      guard client.forward === self else { return }
      // Nothing was sent, so any request may go elsewhere.
      if retry(on: upstream.other(than: pool, at: now)) { return }
      fail(Refusal(.upstreamConnect, "The upstream \(upstream.upstream.name) cannot be reached."), cause)
    }
  }

  private func send(on connection: UpstreamConnection) {
    self.connection = connection
    connection.serve(self)
    let now = now
    if client.exchange.sentUpstreamAt == 0 {
      client.loop.counters.overhead.observe(Int(now - client.exchange.startedAt))
    }
    client.exchange.sentUpstreamAt = now
    // A client that waits for `100 Continue` waits for the upstream; one that sends its body has a clock of its own.
    firstByteDeadline = isBodySent || client.exchange.awaitsContinue ? now + upstream.firstByteNanoseconds : .max
    totalDeadline = isBodySent ? now + upstream.totalNanoseconds : .max
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
      let now = now
      if !hasAnswer { firstByteDeadline = now + upstream.firstByteNanoseconds }
      totalDeadline = now + upstream.totalNanoseconds
    }
    connection?.writeBody(piece, isEnd: isEnd, isChunked: head.framing == .chunked)
  }

  func writabilityChanged(_ isWritable: Bool) {
    guard isWritable else {
      stallDeadline = now + client.loop.timeouts.writeStall
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
    let now = now
    if head.framing == .none { upstream.answered(after: now - client.exchange.sentUpstreamAt) }
    judge(answer.status, at: now)
    // A stream lasts as long as its client likes; it is not work the upstream has to be spared.
    if route.trafficClass == .stream { leave() }
    watch = client.answerWatch()
    guard let watch else {
      answerIsChunked = client.writeAnswerHead(
        answer, fields, bytes.readableBytesUInt8Span, firstContent: firstContent)
      return
    }
    let head = AnswerWatch.Head(answer: answer, fields: fields, bytes: bytes)
    switch client.watch(head, by: watch) {
    case .refuse(let refusal): return block(refusal)
    case .pass:
      let first = firstContent.map(watch.content)
      tell(watch)
      pass(head, first)
    case .hold: if let firstContent { _ = act(on: watch.content(firstContent)) }
    }
  }

  /// What the host and the circuit hear of an answer. A host that says 500 may be broken where others are not; for the
  /// upstream as a whole it may as well be one request that breaks it, which must not cost everybody else's.
  func judge(_ status: Int, at now: Int64) {
    if status < 500 {
      upstream.state.hostSucceeded(pool.host)
    } else {
      upstream.state.hostFailed(pool.host, at: now)
    }
    upstream.state.ended(
      (502...504).contains(status) ? .failed : .good, isProbe: isProbe, at: now)
    isProbe = false
  }

  func content(_ content: ByteBuffer) {
    guard let watch else { return pass(content) }
    _ = act(on: watch.content(content))
  }

  func pass(_ content: ByteBuffer) {
    client.writeContent(content, isChunked: answerIsChunked)
    holdBackIfFull()
  }

  /// Lets the upstream wait while the client takes no more.
  func holdBackIfFull() {
    guard !client.isClientWritable else { return }
    client.flushNow()
    // The flush may have emptied the buffer, and the word that there is room again has then been given already.
    if !client.isClientWritable { connection?.setReading(false) }
  }

  func clientCanTakeMore() { connection?.setReading(true) }

  func flushClient() { client.flushIfNeeded() }

  /// The answer is complete; the connection has been released.
  func ended(at now: Int64) {
    connection = nil
    leave()
    if let watch {
      guard act(on: watch.end()) else { return }
      release(watch)
    }
    if answerIsChunked { client.write(ClientConnection.lastChunk) }
    upstream.instruments.observe(client.exchange, at: now)
    client.finishExchange(at: now)
    client.flushIfNeeded()
  }

  // MARK: Failing

  /// The connection broke, or what came on it cannot be trusted.
  func connectionFailed(_ refusal: Refusal, wasReused: Bool) {
    connection = nil
    let mayRepeat = !hasAnswer && !hasSentBody && refusal.code == .upstreamReset && isRepeatable
    if wasReused, !hasAnswer, refusal.code == .upstreamReset {
      // A kept-alive connection the upstream closed just as we used it: nothing was processed, and it says nothing of the
      // host (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
      if mayRepeat, retry(on: upstream.other(than: pool, at: now) ?? pool) { return }
    } else {
      upstream.state.hostFailed(pool.host, at: now)
      if mayRepeat, retry(on: upstream.other(than: pool, at: now)) { return }
    }
    fail(
      refusal,
      refusal.code == .upstreamProtocol
        ? .httpProtocolError : hasAnswer ? .httpResponseIncomplete : .connectionTerminated)
  }

  /// Whether sending it twice is as good as once: by its method, or by a key where the route promises to know it again.
  private var isRepeatable: Bool {
    if head.method.isIdempotent { return true }
    return route.honoursIdempotencyKey && client.hasIdempotencyKey(bytes)
  }

  /// The one second try, if there is a host for it and the budget allows it: on a fresh connection, for there is no third.
  private func retry(on next: UpstreamPool?) -> Bool {
    guard let next, !hasRetried,
      upstream.state.mayRetry(answered: Int(upstream.instruments.ok.value), at: now)
    else { return false }
    hasRetried = true
    firstByteDeadline = .max
    upstream.instruments.retries.increment()
    pool = next
    do throws(Refusal) {
      try connect()
    } catch {
      fail(error, .connectionLimitReached)
    }
    return true
  }

  /// - Parameter cause: nil when the answer was refused for what it says.
  func fail(_ refusal: Refusal, _ cause: ProxyError?) {
    upstream.instruments.failed(refusal.code)
    // A client that takes its answer slowly makes it late; that is no fault of the upstream.
    if let cause, cause != .connectionLimitReached, !(refusal.code == .upstreamTimeout && hasAnswer) {
      upstream.state.ended(.failed, isProbe: isProbe, at: now)
      isProbe = false
    }
    client.exchange.proxyError = cause
    abandon()
    client.refuse(refusal)
    client.flushIfNeeded()
  }

  /// The client is gone, or the request is refused: an answer half read cannot be shared with another request.
  func abandon() {
    if let watch { release(watch) }
    connection?.discard()
    connection = nil
    leave()
    firstByteDeadline = .max
    totalDeadline = .max
    stallDeadline = .max
  }

  /// Gives back what `start` took.
  func leave() {
    place.take()?.leave()
    guard isProbe else { return }
    isProbe = false
    upstream.state.probeAbandoned(at: now)
  }

  var nextDeadline: Int64 { min(firstByteDeadline, totalDeadline, stallDeadline) }

  /// True when one has passed.
  func checkDeadlines(_ now: Int64) -> Bool {
    guard now >= nextDeadline else { return false }
    let name = upstream.upstream.name
    if !hasAnswer {
      upstream.timedOut()
      upstream.state.hostFailed(pool.host, at: now)
    }
    if now >= stallDeadline {
      fail(Refusal(.upstreamTimeout, "The upstream \(name) takes no more of the request."), .connectionWriteTimeout)
    } else if hasAnswer {
      fail(
        Refusal(.upstreamTimeout, "The upstream \(name) did not finish its answer in time."), .httpResponseTimeout)
    } else {
      fail(Refusal(.upstreamTimeout, "The upstream \(name) did not answer in time."), .httpResponseTimeout)
    }
    return true
  }
}
