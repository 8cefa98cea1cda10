import ControlModel
import Identity
import NIOCore
import Telemetry

/// An endpoint at work for one request.
final class EndpointRun {
  let endpoint: Endpoint
  let route: Route
  let head: RequestHead
  let bytes: ByteBuffer
  var body = ByteBuffer()
  /// Cancelled by `cancel()` when the client leaves; ends by itself when the reply is sent.
  var task: Task<Void, Never>?
  /// Waiting for the client to take more of a streamed reply.
  var resume: CheckedContinuation<Void, Never>?

  init(_ endpoint: Endpoint, _ route: Route, _ head: RequestHead, _ bytes: ByteBuffer) {
    self.endpoint = endpoint
    self.route = route
    self.head = head
    self.bytes = bytes
  }

  func cancel() {
    task?.cancel()
    resume?.resume()
    resume = nil
  }
}

extension ClientConnection {
  /// Collects the body an endpoint wants, then runs it.
  func collect(for endpoint: Endpoint, _ head: RequestHead, _ bytes: ByteBuffer) throws(Refusal) {
    if case .length(let length) = head.framing, length > endpoint.bodyBytesMax {
      throw tooLarge(endpoint.bodyBytesMax)
    }
    let table = listener == .ops ? loop.snapshot.opsRoutes : loop.snapshot.publicRoutes
    self.endpoint = EndpointRun(endpoint, table.routes[exchange.routeIndex], head, bytes)
    phase = .collecting
    if head.expectsContinue { write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")) }
  }

  func tooLarge(_ bytesMax: Int) -> Refusal {
    Refusal(.requestTooLarge, "The body is longer than the \(bytesMax) bytes this route accepts.")
  }

  /// Reads more of the body; runs the endpoint at its end. False when more has to arrive.
  func collectBody() -> Bool {
    guard let run = endpoint else { return false }
    do throws(HeadProblem) {
      while true {
        switch try body.next(&inbound) {
        case .needsMore: return false
        case .content(var content):
          exchange.bytesIn += content.readableBytes
          if exchange.bytesIn > run.endpoint.bodyBytesMax {
            refuse(tooLarge(run.endpoint.bodyBytesMax))
            return false
          }
          run.body.writeBuffer(&content)
        case .end:
          phase = .answering
          deadline.clear(.body)
          launch(run)
          return false
        }
      }
    } catch {
      refuseMidBody(error)
      return false
    }
  }

  /// The body's framing is wrong: nothing after it can be trusted.
  func refuseMidBody(_ problem: HeadProblem) {
    exchange.keepsConnection = false
    loop.counters.parseErrors.counter(problem.rawValue).increment()
    refuse(problem.refusal)
  }

  private func launch(_ run: EndpointRun) {
    let call = makeCall(run)
    let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
    let handle = run.endpoint.handle
    // Cancelled by EndpointRun.cancel when the client closes; otherwise it ends with the reply.
    run.task = Task {
      let reply: Result<Reply, Refusal>
      do throws(Refusal) {
        reply = .success(try await handle(call))
      } catch {
        reply = .failure(error)
      }
      let stream = await ClientConnection.deliver(reply, to: bound)
      guard let stream else { return }
      for await piece in stream {
        guard await ClientConnection.deliver(piece, to: bound) else { return }
      }
      bound.eventLoop.execute { bound.value.endStream() }
    }
  }

  private func makeCall(_ run: EndpointRun) -> Call {
    let bytes = run.bytes
    let span = bytes.readableBytesUInt8Span
    let table = listener == .ops ? loop.snapshot.opsRoutes : loop.snapshot.publicRoutes
    return Call(
      method: run.head.method, path: String(decoding: [UInt8](copying: span.extracting(run.head.path)), as: UTF8.self),
      parameters: table.parameters(of: exchange.routeIndex, span, run.head.path),
      query: Query(Array(copying: span.extracting(run.head.query))), fields: Self.fields(run.bytes), body: run.body,
      caller: exchange.caller, requestID: RequestID(checked: String(decoding: exchange.requestID, as: UTF8.self)),
      trace: exchange.trace, peer: peer, isOnOpsListener: listener == .ops)
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

  // MARK: Replies, back on the event loop

  /// Sends a reply's head and bytes; returns the stream still to be sent, if it has one and the client is there.
  private static func deliver(
    _ reply: Result<Reply, Refusal>, to bound: NIOLoopBound<ClientConnection>
  ) async -> AsyncStream<ByteBuffer>? {
    await withCheckedContinuation { continuation in
      bound.eventLoop.execute {
        let connection = bound.value
        guard connection.phase == .answering else { return continuation.resume(returning: nil) }
        switch reply {
        case .success(let reply): continuation.resume(returning: connection.send(reply))
        case .failure(let refusal):
          connection.refuse(refusal)
          continuation.resume(returning: nil)
        }
        connection.flushIfNeeded()
      }
    }
  }

  /// Sends one piece of a stream and waits until the client can take more. False when the client is gone.
  private static func deliver(_ piece: ByteBuffer, to bound: NIOLoopBound<ClientConnection>) async -> Bool {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      bound.eventLoop.execute { bound.value.sendPiece(piece, then: continuation) }
    }
    return !Task.isCancelled
  }

  private func sendPiece(_ piece: ByteBuffer, then continuation: CheckedContinuation<Void, Never>) {
    guard phase == .answering, let run = endpoint else { return continuation.resume() }
    exchange.bytesOut += piece.readableBytes
    writeContent(piece, isChunked: !exchange.isHTTP10)
    flush()
    // The flush may have found the connection broken; then the run was cancelled within it, before it could hold this.
    if isClientWritable || endpoint !== run {
      continuation.resume()
    } else {
      run.resume = continuation
    }
  }

  private func endStream() {
    guard phase == .answering else { return }
    if !exchange.isHTTP10 { write(ByteBuffer(string: "0\r\n\r\n")) }
    finishExchange()
  }

  /// The client took what was written.
  func clientCanTakeMore() {
    if let run = endpoint, let resume = run.resume {
      run.resume = nil
      resume.resume()
    }
    forward?.clientCanTakeMore()
  }

  /// Writes a reply. A reply with bytes ends the exchange; one with a stream is returned to be sent piece by piece.
  @discardableResult
  func send(_ reply: Reply) -> AsyncStream<ByteBuffer>? {
    exchange.status = reply.status
    // Reading away a long body only to keep the connection costs more than a new connection.
    if body.remaining.map({ $0 > loop.settings.discardBytesMax }) == true { exchange.keepsConnection = false }
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
    appendCommonFields(to: &head)
    head.append(contentsOf: content)
    exchange.bytesOut = content.count
    write(ByteBuffer(bytes: head))
    guard let stream, exchange.method != .head else {
      finishExchange()
      return nil
    }
    flush()
    return stream
  }

  /// What every answer carries, and the empty line.
  func appendCommonFields(to head: inout [UInt8]) {
    head.append(contentsOf: "X-Request-ID: ".utf8)
    head.append(contentsOf: exchange.requestID)
    head.append(carriageReturn)
    head.append(lineFeed)
    head.append(contentsOf: exchange.rateHeaders)
    head.append(contentsOf: (exchange.keepsConnection ? "\r\n" : "Connection: close\r\n\r\n").utf8)
  }

  /// One piece of a body, as a chunk or as it is.
  func writeContent(_ content: ByteBuffer, isChunked: Bool) {
    guard content.readableBytes > 0 else { return }
    guard isChunked else { return write(content) }
    var framed = ByteBuffer()
    framed.writeString(String(content.readableBytes, radix: 16))
    framed.writeStaticString("\r\n")
    framed.writeImmutableBuffer(content)
    framed.writeStaticString("\r\n")
    write(framed)
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
    default: "Status"
    }
  }
}
