import ControlModel
import Identity
import NIOCore
import Telemetry

/// The life of a request, top to bottom. The head arriving here passed the strict parser.
///
/// identify → match → authenticate → authorize → tenant state → limits → endpoint or forward → record
extension ClientConnection {
  func start(_ head: RequestHead) {
    begin()
    let bytes = inbound.readSlice(length: head.length) ?? ByteBuffer()  // the parser saw that many bytes
    body = BodyReader(head.framing)
    identify(head, bytes)
    admit(head, bytes)
  }

  /// Everything between knowing what is asked and doing it. Runs again when a missing signing key has been fetched.
  func admit(_ head: RequestHead, _ bytes: ByteBuffer, mayWaitForKeys: Bool = true) {
    let now = loop.clocks.monotonic()
    do throws(Refusal) {
      let route = try match(head, bytes)
      let caller: Principal?
      do throws(Refusal) {
        caller = try authenticate(head, bytes, route)
      } catch  where error.code == .authUnknownKey && mayWaitForKeys && waitForKeys(head, bytes) {
        return
      }
      exchange.caller = caller
      try authorize(caller, route)
      try spend(route, caller, at: now)
      switch route.action {
      case .endpoint(let endpoint): try collect(for: endpoint, head, bytes)
      case .forward(let upstream): try forward(to: upstream, head, bytes)
      }
    } catch {
      refuse(error)
    }
  }

  /// Starts the clocks of one request.
  func begin() {
    let now = loop.clocks.monotonic()
    exchange.startedAt = now
    exchange.wallStart = loop.clocks.wall()
    exchange.keepsConnection = !loop.dataPlane.isDraining
    deadline.set(.body, now + loop.settings.bodyTimeout.nanoseconds)
    loop.counters.inFlight.add(1)
    if exchange.requestID.isEmpty {
      UUIDv7.append(at: exchange.wallStart, random: &loop.random, to: &exchange.requestID)
    }
  }

  /// Keeps a well-formed request id of the client's, continues or starts its trace, and notes what the access line shows.
  private func identify(_ head: RequestHead, _ bytes: ByteBuffer) {
    let span = bytes.readableBytesUInt8Span
    exchange.method = head.method
    exchange.isHTTP10 = head.isHTTP10
    if !head.isKeptAlive { exchange.keepsConnection = false }
    let shown = head.path.prefix(Exchange.pathBytesMax)
    exchange.path.append(contentsOf: span.extracting(shown))
    if let given = head.requestID, (RequestID.bytesMin...RequestID.bytesMax).contains(given.count),
      given.allSatisfy({ IDAlphabet.contains(span[$0]) })
    {
      exchange.requestID.removeAll(keepingCapacity: true)
      exchange.requestID.append(contentsOf: span.extracting(given))
    }
    let continued = head.traceparent.flatMap { range in
      span.extracting(range).withUnsafeBytes { TraceContext(traceparent: $0) }
    }
    exchange.trace = continued ?? TraceContext.start(at: exchange.wallStart, random: &loop.random)
    if head.underscoreFields > 0 { loop.counters.droppedUnderscore.increment(by: head.underscoreFields) }
    if head.identityFields > 0 { loop.counters.droppedIdentity.increment(by: head.identityFields) }
  }

  private func match(_ head: RequestHead, _ bytes: ByteBuffer) throws(Refusal) -> Route {
    let table = listener == .ops ? loop.snapshot.opsRoutes : loop.snapshot.publicRoutes
    switch table.match(head.method, bytes.readableBytesUInt8Span, head.path) {
    case .found(let index):
      exchange.routeIndex = index
      exchange.template = table.routes[index].template
      return table.routes[index]
    case .methodNotAllowed(let allowed):
      exchange.allowedMethods = allowed
      throw Refusal(.routeMethod, "This route answers \(allowed.map(\.text).joined(separator: ", ")).")
    case .unknown:
      throw Refusal(.routeUnknown, "No route matches this path; /openapi.json lists them.")
    }
  }

  /// The caller, proven; nil on routes that need none.
  private func authenticate(
    _ head: RequestHead, _ bytes: ByteBuffer, _ route: Route
  ) throws(Refusal) -> Principal? {
    switch route.access {
    case .open: return nil
    case .openOnOps where listener == .ops: return nil
    case .openOnOps, .roles: break
    }
    let now = WallTime(unixMilliseconds: exchange.wallStart)
    do throws(Refusal) {
      let span = bytes.readableBytesUInt8Span
      let principal: Principal
      if let token = try bearer(head, span) {
        principal = try loop.authenticator.principal(for: span.extracting(token), at: now)
      } else {
        let token = try sessionToken(head, span)
        principal = try loop.authenticator.principal(for: token.span, at: now)
      }
      loop.counters.allowed.increment()
      return principal
    } catch {
      loop.counters.decisions.counter("deny", error.code.rawValue).increment()
      throw error
    }
  }

  /// Where the bearer token is in the head; nil without an `Authorization` header.
  private func bearer(_ head: RequestHead, _ span: Span<UInt8>) throws(Refusal) -> Range<Int>? {
    guard let value = head.authorization else { return nil }
    guard value.count > 7, ByteScan.matches(span, at: value.lowerBound, "bearer ") else {
      throw Refusal(.authMissing, "Send the token as `Authorization: Bearer …`.")
    }
    return (value.lowerBound + 7)..<value.upperBound
  }

  /// The token behind the console's session cookie. A browser sends cookies by itself, so a request that changes
  /// something must also come from our own origin.
  private func sessionToken(_ head: RequestHead, _ span: Span<UInt8>) throws(Refusal) -> [UInt8] {
    let missing = Refusal(.authMissing, "This route needs a token: send `Authorization: Bearer …`.")
    guard let cookie = head.cookie, ConsoleCookie.mayOpen(exchange.template),
      let session = ConsoleCookie.session(in: span, cookie)
    else { throw missing }
    if !head.method.isSafe, !ConsoleCookie.isSameOrigin(head, loop.parser.fields, span) {
      throw Refusal(.accessDenied, "A signed-in browser may change things only from the console's own pages.")
    }
    guard let token = loop.dataPlane.hooks.sessionToken(session) else {
      throw Refusal(.authExpired, "The console session has ended; sign in again.")
    }
    return token
  }

  /// Parks the request until the fetch that may bring its key has ended. False when no fetch is due.
  private func waitForKeys(_ head: RequestHead, _ bytes: ByteBuffer) -> Bool {
    guard let token = head.authorization else { return false }
    let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
    let parked = NIOLoopBound((head, bytes), eventLoop: loop.eventLoop)
    phase = .waitingForKeys
    let isDue = loop.dataPlane.hooks.keyMissing(
      Array(copying: bytes.readableBytesUInt8Span.extracting((token.lowerBound + 7)..<token.upperBound))
    ) {
      bound.eventLoop.execute {
        let connection = bound.value
        guard connection.phase == .waitingForKeys else { return }
        connection.phase = .head
        connection.admit(parked.value.0, parked.value.1, mayWaitForKeys: false)
        connection.process()
        connection.flushIfNeeded()
      }
    }
    if !isDue { phase = .head }
    return isDue
  }

  /// The role, then what the tenant's controls leave of it.
  private func authorize(_ caller: Principal?, _ route: Route) throws(Refusal) {
    guard let caller else { return }
    switch route.access {
    case .roles(let roles), .openOnOps(let roles):
      guard roles.contains(caller.role) else {
        let wanted = Role.allCases.filter(roles.contains).map(\.rawValue).joined(separator: ", ")
        throw Refusal(.accessDenied, "This needs one of the roles \(wanted); your token says \(caller.role.rawValue).")
      }
    case .open: break
    }
    if route.changesTrading, let tenant = caller.tenant, let refusal = loop.dataPlane.hooks.tradingRefusal(tenant) {
      throw refusal
    }
  }

  /// Takes the route's cost from every bucket of the caller. The control lane is never limited.
  private func spend(_ route: Route, _ caller: Principal?, at now: Int64) throws(Refusal) {
    guard route.trafficClass != .control, listener == .public else { return }
    let allowance = self.caller.allowance(for: caller, peer: peer, limiter: loop.snapshot.limiter, at: now)
    switch allowance.take(route.cost, at: now) {
    case .taken(let tightest):
      exchange.appendRateHeaders(allowance.policyHeader, tightest)
    case .refused(let scope, let seconds):
      loop.counters.limits.counter(scope.rawValue, "limited").increment()
      exchange.appendRateHeaders(
        allowance.policyHeader, RateAllowance.Tightest(scope: scope, remaining: 0, resetSeconds: seconds))
      throw Refusal(
        .rateLimited, "The \(scope.rawValue) limit is used up; try again in \(seconds) s.", retryAfterSeconds: seconds)
    }
  }

  // MARK: Refusing

  /// Answers with the refusal. Once part of an answer has been sent there is no honest way left but to cut the connection.
  func refuse(_ refusal: Refusal) {
    guard exchange.status == 0 else {
      exchange.refusal = refusal.code
      return cut()
    }
    exchange.refusal = refusal.code
    var reply = Reply(
      refusal.code.status, contentType: ProblemDocument.contentType, fields: [("Cache-Control", "no-store")],
      body: .bytes(ProblemDocument.encode(refusal, instance: exchange.path, requestID: exchange.requestID)))
    if let seconds = ProblemDocument.retryAfter(refusal) { reply.fields.append(("Retry-After", String(seconds))) }
    if let error = refusal.code.bearerError {
      reply.fields.append(("WWW-Authenticate", error.isEmpty ? "Bearer" : "Bearer error=\"\(error)\""))
    }
    if !exchange.allowedMethods.isEmpty { reply.fields.append(("Allow", exchange.allowHeader)) }
    send(reply)
  }

  /// A head that cannot be trusted to end where it seems to: answer and close.
  func refuseMalformed(_ problem: HeadProblem) {
    begin()
    exchange.keepsConnection = false
    loop.counters.parseErrors.counter(problem.rawValue).increment()
    inbound.clear()
    body = BodyReader(.none)
    refuse(problem.refusal)
  }
}
