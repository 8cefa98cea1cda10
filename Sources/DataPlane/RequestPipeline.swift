import ControlModel
import Identity
import NIOCore
import Telemetry

/// The life of a request, top to bottom. The head arriving here passed the strict parser.
///
/// identify → match → authenticate → authorize → tenant → limits → endpoint or forward → record
extension ClientConnection {
  func start(_ head: RequestHead) {
    begin()
    let bytes = inbound.readSlice(length: head.length) ?? ByteBuffer()  // the parser saw that many bytes
    body = BodyReader(head.framing)
    identify(head, bytes)
    if body.isAtEnd { phaseDeadline = .max } else { expectBody() }
    admit(head, bytes)
  }

  /// Everything between knowing what is asked and doing it. Runs again when a missing signing key has been fetched.
  func admit(_ head: RequestHead, _ bytes: ByteBuffer, mayWaitForKeys: Bool = true) {
    let now = mayWaitForKeys ? exchange.startedAt : loop.clocks.monotonic()
    do throws(Refusal) {
      if let standingRefusal {
        exchange.keepsConnection = false
        throw standingRefusal
      }
      let route = try match(head, bytes)
      exchange.standing = try authenticate(head, bytes, route, at: now).map(loop.standing)
      try authorize(exchange.caller, route)
      try checkTenant(exchange.caller, route, head, bytes)
      exchange.guardMode = route.guardMode(for: exchange.caller)
      try spend(route, at: now)
      switch route.action {
      case .endpoint(let endpoint): try collect(for: endpoint, head, bytes)
      case .forward(let upstream):
        try forward(to: upstream, route, head, bytes, tunnelKey: try tunnelKey(head, bytes, route), at: now)
      }
    } catch {
      if error.code == .authUnknownKey, mayWaitForKeys, waitForKeys(head, bytes) { return }
      if error.code.status == 401 || error.code == .authUnavailable {
        loop.counters.decisions.counter("deny", error.code.rawValue).increment()
      }
      refuse(error)
    }
  }

  /// Starts the clocks of one request and gives it an id, until a good one of the client's is found.
  func begin() {
    freshUntil = 0
    exchange.startedAt = loop.clocks.monotonic()
    exchange.wallStart = loop.clocks.wall()
    exchange.peer = peer
    exchange.keepsConnection = !loop.dataPlane.isDraining
    loop.inFlight += 1
  }

  /// Keeps a well-formed request id of the client's, continues or starts its trace, and notes what the access line shows.
  private func identify(_ head: RequestHead, _ bytes: ByteBuffer) {
    let span = bytes.readableBytesUInt8Span
    exchange.method = head.method
    exchange.isHTTP10 = head.isHTTP10
    exchange.awaitsContinue = head.expectsContinue && !body.isAtEnd
    if !head.isKeptAlive { exchange.keepsConnection = false }
    exchange.path.append(contentsOf: span.extracting(head.path.prefix(Exchange.pathBytesMax)))
    if peer.isTrusted { exchange.peer = peer.client(loop.parser.fields, span, loop.settings.trustedProxies) }
    if let given = head.requestID, (RequestID.bytesMin...RequestID.bytesMax).contains(given.count),
      given.allSatisfy({ IDAlphabet.contains(span[$0]) })
    {
      exchange.requestID.append(contentsOf: span.extracting(given))
    } else {
      mintRequestID()
    }
    let continued = head.traceparent.flatMap { range in
      span.extracting(range).withUnsafeBytes { TraceContext(traceparent: $0) }
    }
    exchange.continuesTrace = continued != nil
    exchange.trace = continued ?? TraceContext.start(at: exchange.wallStart, random: &loop.random)
    if !body.isAtEnd { exchange.hasJSON = TenantNames.isJSON(loop.parser.fields, span) }
    if head.ambiguousFields > 0 { loop.counters.droppedSpelling.increment(by: head.ambiguousFields) }
    if head.identityFields > 0 { loop.counters.droppedIdentity.increment(by: head.identityFields) }
  }

  private func mintRequestID() {
    UUIDv7.append(at: exchange.wallStart, random: &loop.random, to: &exchange.requestID)
  }

  private func match(_ head: RequestHead, _ bytes: ByteBuffer) throws(Refusal) -> Route {
    let table = listener == .ops ? loop.snapshot.opsRoutes : loop.snapshot.publicRoutes
    switch table.match(head.method, bytes.readableBytesUInt8Span, head.path) {
    case .found(let index):
      exchange.routeIndex = index
      exchange.snapshotVersion = loop.snapshotVersion
      exchange.template = table.routes[index].template
      return table.routes[index]
    case .methodNotAllowed(let allowed):
      exchange.allowedMethods = allowed
      throw Refusal(.routeMethod, "This route answers \(allowed.map(\.text).joined(separator: ", ")).")
    case .unknown:
      throw Refusal(.routeUnknown, "No route matches this path; /openapi.json lists them.")
    }
  }

  // MARK: Who

  /// The caller, proven; nil on routes that need none.
  private func authenticate(
    _ head: RequestHead, _ bytes: ByteBuffer, _ route: Route, at now: Int64
  ) throws(Refusal) -> Principal? {
    switch route.access {
    case .open: return nil
    case .openOnOps where listener == .ops: return nil
    case .openOnOps, .roles: break
    }
    let span = bytes.readableBytesUInt8Span
    let principal: Principal
    if let token = try bearer(head, span) {
      principal = try verify(span.extracting(token), for: route, at: now)
    } else {
      let token = try sessionToken(head, span)
      principal = try verify(token.span, for: route, at: now)
    }
    loop.counters.allowed.increment()
    return principal
  }

  /// The principal of a token. One that was not verified before costs a signature check, so an address whose tokens keep
  /// failing pays for them from its own bucket, and with that empty gets no more checks; control routes are spared.
  private func verify(_ token: Span<UInt8>, for route: Route, at now: Int64) throws(Refusal) -> Principal {
    let wall = WallTime(unixMilliseconds: exchange.wallStart)
    if let known = try loop.authenticator.cache.principal(for: token, at: wall) { return known }
    guard isLimited(route) else { return try verifyNow(token, at: wall) }
    let bucket = checkingBucket(for: route, at: now)
    if let wait = bucket.wait(1, at: now) {
      throw limited(.ip, loop.snapshot.limiter.allowance(ip: bucket), RateAllowance.seconds(wait))
    }
    do throws(Refusal) {
      return try verifyNow(token, at: wall)
    } catch {
      _ = bucket.take(1, at: now)
      throw error
    }
  }

  /// What unverified tokens of this address are checked on. Those sent to cancel something have a bucket of their own: an
  /// address that has spent all on reading must still get its cancels looked at.
  private func checkingBucket(for route: Route, at now: Int64) -> RateBucket {
    guard route.trafficClass == .riskReducing else {
      return address.bucket(exchange.peer, loop.snapshot.limiter, at: now)
    }
    return loop.snapshot.limiter.ip.bucket(exchange.peer.limitKey + " cancels", at: now)
  }

  private func verifyNow(_ token: Span<UInt8>, at now: WallTime) throws(Refusal) -> Principal {
    let started = loop.clocks.monotonic()
    defer { loop.counters.verify.observe(Int(loop.clocks.monotonic() - started)) }
    return try loop.authenticator.principal(for: token, at: now)
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
    if !head.method.isSafe,
      !ConsoleCookie.isSameOrigin(head, loop.parser.fields, span, isSecure: exchange.peer.isSecure)
    {
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
    let parked = NIOLoopBound((self, head, bytes, exchange.requestID), eventLoop: loop.eventLoop)
    phase = .waitingForKeys
    let isDue = loop.dataPlane.hooks.keyMissing(
      Array(copying: bytes.readableBytesUInt8Span.extracting((token.lowerBound + 7)..<token.upperBound))
    ) {
      parked.eventLoop.execute {
        let (connection, head, bytes, id) = parked.value
        guard connection.phase == .waitingForKeys, connection.exchange.requestID == id else { return }
        connection.phase = .head
        connection.parseAgain(bytes)
        connection.admit(head, bytes, mayWaitForKeys: false)
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
    if let acting = caller.actingAs { try restrict(acting, route) }
    if route.changesTrading, let tenant = caller.tenant, let refusal = loop.dataPlane.hooks.tradingRefusal(tenant) {
      throw refusal
    }
  }

  /// Whoever acts as a tenant reaches what its users reach, and changes nothing unless the session was begun for that.
  private func restrict(_ acting: ActingAs, _ route: Route) throws(Refusal) {
    guard !ConsoleCookie.mayOpen(route.template) else {
      throw Refusal(.accessDenied, "A session that acts as a tenant reaches only what the tenant's users reach.")
    }
    guard exchange.method.isSafe || !acting.isReadOnly else {
      throw Refusal(.accessDenied, "This act-as session only reads; begin one with mode write to change something.")
    }
  }

  // MARK: How much

  /// The control lane and the ops listener are never limited.
  private func isLimited(_ route: Route) -> Bool { route.trafficClass != .control && listener == .public }

  /// Takes the route's cost from every bucket of the caller.
  private func spend(_ route: Route, at now: Int64) throws(Refusal) {
    guard isLimited(route) else { return }
    let limiter = loop.snapshot.limiter
    let address = self.address.bucket(exchange.peer, limiter, at: now)
    let allowance =
      exchange.standing?.allowance(ip: address, limiter, class: route.trafficClass, at: now)
      ?? self.address.allowance(from: address, limiter, class: route.trafficClass)
    switch allowance.take(route.cost, at: now) {
    case .taken(let tightest): exchange.appendRateHeaders(allowance, tightest)
    case .refused(let scope, let seconds): throw limited(scope, allowance, seconds)
    }
  }

  private func limited(_ scope: RateScope, _ allowance: RateAllowance, _ seconds: Int) -> Refusal {
    loop.counters.limits.counter(scope.rawValue, "limited").increment()
    exchange.appendRateHeaders(
      allowance, RateAllowance.Tightest(scope: scope, remaining: 0, resetSeconds: seconds))
    return Refusal(
      .rateLimited, "The \(scope.rawValue) limit is used up; try again in \(seconds) s.", retryAfterSeconds: seconds)
  }

  /// Refuses what cannot be served now, and counts it by class.
  ///
  /// - Parameter what: there are not enough places for: "requests … can work on".
  func shed(_ trafficClass: TrafficClass, _ reason: Slots.Shed, of what: String) -> Refusal {
    loop.counters.shed.counter(trafficClass.rawValue, reason.rawValue).increment()
    let detail =
      switch reason {
      case .share: "Your tenant has its share of the \(what) now."
      case .class: "What is left of the \(what) now is kept for more important ones."
      case .full: "All the \(what) now are under way."
      }
    return Refusal(.overloadShed, "\(detail) Try again in a second.", retryAfterSeconds: 1)
  }

  // MARK: Refusing

  /// Answers with the refusal. Once part of an answer has been sent there is no honest way left but to cut the connection.
  func refuse(_ refusal: Refusal) {
    exchange.refusal = refusal.code
    guard exchange.status == 0 else { return cut() }
    if exchange.requestID.isEmpty { mintRequestID() }
    var reply = Reply(
      refusal.code.status, contentType: ProblemDocument.contentType, fields: [("Cache-Control", "no-store")],
      body: .bytes(ProblemDocument.encode(refusal, instance: exchange.path, requestID: exchange.requestID)))
    if let seconds = ProblemDocument.retryAfter(refusal) { reply.fields.append(("Retry-After", String(seconds))) }
    if let error = exchange.proxyError { reply.fields.append(("Proxy-Status", "breakwater; error=\(error.rawValue)")) }
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
