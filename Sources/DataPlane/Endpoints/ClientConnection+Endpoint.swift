import ControlModel
import Identity
import NIOCore
import Telemetry

extension ClientConnection {
  /// Collects the body an endpoint wants, then runs it.
  func collect(for endpoint: Endpoint, _ head: RequestHead, _ bytes: ByteBuffer) throws(Refusal) {
    if case .length(let length) = head.framing, length > endpoint.bodyBytesMax {
      throw tooLarge(endpoint.bodyBytesMax)
    }
    let table = listener == .ops ? loop.snapshot.opsRoutes : loop.snapshot.publicRoutes
    self.endpoint = EndpointRun(
      self, endpoint, head, bytes, class: table.routes[exchange.routeIndex].trafficClass,
      parameters: table.parameters(of: exchange.routeIndex, bytes.readableBytesUInt8Span, head.path))
    phase = .collecting
    passContinue()
  }

  func tooLarge(_ bytesMax: Int) -> Refusal {
    Refusal(.requestTooLarge, "The body is longer than the \(bytesMax) bytes this route accepts.")
  }

  /// Tells a client that waits for it to send its body.
  func passContinue() {
    guard exchange.awaitsContinue, exchange.status == 0 else { return }
    exchange.awaitsContinue = false
    write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
  }

  /// Reads more of the body; runs the endpoint at its end. False when more has to arrive.
  func collectBody() -> Bool {
    guard let run = endpoint else { return false }
    do throws(HeadProblem) {
      while true {
        switch try body.next(&inbound) {
        case .needsMore:
          expectBody()
          return false
        case .content(let content):
          exchange.bytesIn += content.readableBytes
          if exchange.bytesIn > run.endpoint.bodyBytesMax {
            refuse(tooLarge(run.endpoint.bodyBytesMax))
            return true
          }
          run.body.writeImmutableBuffer(content)
        case .end:
          if let refusal = tenantRefusal(ofBody: run.body) {
            refuse(refusal)
            return true
          }
          guard let place = admit(run) else { return true }
          phase = .answering
          phaseDeadline = .max
          run.launch(makeCall(run), at: place)
          return false
        }
      }
    } catch {
      refuseMidBody(error)
      return true
    }
  }

  /// The place of a request among those our endpoints work on; nil when it was refused for want of one. The control lane
  /// and the ops listener need none.
  private func admit(_ run: EndpointRun) -> EndpointRun.Admission? {
    guard listener == .public, run.trafficClass != .control else { return .unlimited }
    let slots = loop.dataPlane.endpointSlots
    switch slots.enter(run.trafficClass, share(of: slots)) {
    case .success(let place): return .place(place)
    case .failure(let error):
      refuse(shed(run.trafficClass, error.reason, of: "requests Breakwater can work on"))
      return nil
    }
  }

  /// The caller's tenant's share of the requests in flight at one place.
  func share(of slots: Slots) -> TenantShare { exchange.standing?.share(of: slots) ?? slots.share(of: nil) }

  /// The body's framing is wrong: nothing after it can be trusted.
  func refuseMidBody(_ problem: HeadProblem) {
    exchange.keepsConnection = false
    loop.counters.parseErrors.counter(problem.rawValue).increment()
    refuse(problem.refusal)
  }

  private func makeCall(_ run: EndpointRun) -> Call {
    let bytes = run.bytes
    let span = bytes.readableBytesUInt8Span
    return Call(
      method: run.head.method, path: String(decoding: [UInt8](copying: span.extracting(run.head.path)), as: UTF8.self),
      parameters: run.parameters, query: Query(Array(copying: span.extracting(run.head.query))),
      fields: Self.fields(bytes), body: run.body, caller: exchange.caller,
      requestID: RequestID(checked: String(decoding: exchange.requestID, as: UTF8.self)), trace: exchange.trace,
      peer: exchange.peer.text, isOnOpsListener: listener == .ops, isSecure: exchange.peer.isSecure)
  }

  /// All header fields as text. Parsed again because the loop's parser may have moved on while the body arrived.
  private static func fields(_ bytes: ByteBuffer) -> [(name: String, value: String)] {
    var parser = RequestHeadParser(limits: HeadLimits())
    let span = bytes.readableBytesUInt8Span
    guard (try? parser.parse(span)) != nil else { return [] }
    return parser.fields.map { field in
      (
        String(decoding: Array(copying: span.extracting(field.name)), as: UTF8.self).lowercased(),
        String(decoding: Array(copying: span.extracting(field.value)), as: UTF8.self)
      )
    }
  }

  /// Writes a reply. A reply with bytes ends the exchange; one with a stream is returned to be sent piece by piece.
  @discardableResult
  func send(_ reply: Reply) -> AsyncStream<ByteBuffer>? {
    exchange.status = reply.status
    if !mayKeepConnection { exchange.keepsConnection = false }
    var stream: AsyncStream<ByteBuffer>?
    var head: [UInt8] = []
    head.reserveCapacity(512)
    head.append(contentsOf: "HTTP/1.1 \(reply.status) \(StatusText.of(reply.status))\r\n".utf8)
    for (name, value) in reply.fields { head.append(contentsOf: "\(name): \(value)\r\n".utf8) }
    var content: [UInt8] = []
    switch reply.body {
    case .bytes(let bytes):
      if reply.status != 204, reply.status != 304 {
        head.append(contentsOf: "Content-Length: \(bytes.count)\r\n".utf8)
        if exchange.method != .head { content = bytes }
      }
    case .stream(let pieces):
      stream = pieces
      if exchange.isHTTP10 {
        exchange.keepsConnection = false
      } else {
        head.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
      }
    }
    head.append(contentsOf: loop.stamps.dateLine(exchange.wallStart))
    head.append(contentsOf: "X-Request-ID: ".utf8)
    head.append(contentsOf: exchange.requestID)
    head.append(contentsOf: "\r\n".utf8)
    if let acting = exchange.caller?.actingAs { head.append(contentsOf: acting.responseLine) }
    head.append(contentsOf: exchange.rateHeaders.bytes)
    head.append(contentsOf: loop.settings.warningLine)
    head.append(contentsOf: (exchange.keepsConnection ? "\r\n" : "Connection: close\r\n\r\n").utf8)
    head.append(contentsOf: content)
    exchange.bytesOut = content.count
    write(ByteBuffer(bytes: head))
    guard let stream, exchange.method != .head else {
      finishExchange(at: loop.clocks.monotonic())
      return nil
    }
    return stream
  }

  /// Whether the connection may go on after the answer about to be written. Not while the process stops; nor when what is
  /// left of the request body is too long to be read away; nor while the client holds its body back: whether it then
  /// sends the body or its next request cannot be told.
  var mayKeepConnection: Bool {
    !loop.dataPlane.isDraining && !exchange.awaitsContinue && (body.remaining ?? 0) <= loop.settings.discardBytesMax
  }
}

/// Reason phrases (RFC 9110 §15).
enum StatusText {
  static func of(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 303: "See Other"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 508: "Loop Detected"
    default: "Status"
    }
  }
}
