import ControlModel
import Identity
import NIOCore
import Telemetry

extension ClientConnection {
  /// Sends the request to an upstream; its answer comes back through `ForwardRun`.
  func forward(to name: String, _ head: RequestHead, _ bytes: ByteBuffer) throws(Refusal) {
    guard let pool = loop.pool(name) else {
      throw Refusal(.internalError, "The route's upstream \(name) is not configured.")
    }
    if case .length(let length) = head.framing, length > loop.settings.bodyBytesMax {
      throw tooLarge(loop.settings.bodyBytesMax)
    }
    exchange.upstream = name
    bodyScanner = bodyWatch(head)
    let run = ForwardRun(self, pool, head, bytes)
    forward = run
    phase = .forwarding
    try run.start()
  }

  /// Passes on more of the request body. False when the upstream or the client has to move first.
  func forwardBody() -> Bool {
    guard let run = forward, !run.isBodySent, !run.isUpstreamHeldBack else { return false }
    do throws(HeadProblem) {
      var (piece, isEnd) = try nextPiece()
      guard exchange.bytesIn <= loop.settings.bodyBytesMax else {
        stopForwarding()
        exchange.keepsConnection = false
        refuse(tooLarge(loop.settings.bodyBytesMax))
        return true
      }
      if let scanner = bodyScanner, let refusal = refusal(of: scanner) {
        // The upstream has not seen the end of the request, and will not.
        stopForwarding()
        exchange.keepsConnection = false
        refuse(refusal)
        return true
      }
      if isEnd { phaseDeadline = .max } else { expectBody() }
      if piece != nil { exchange.awaitsContinue = false }
      run.send(piece.take(), isEnd: isEnd)
      return false
    } catch {
      stopForwarding()
      refuseMidBody(error)
      return true
    }
  }

  /// All of the body that has arrived, in one piece, and whether that is the end of it. Many small chunks leave as one,
  /// so that a client cannot make us write more often than it does.
  private func nextPiece() throws(HeadProblem) -> (piece: ByteBuffer?, isEnd: Bool) {
    var piece: ByteBuffer?
    while true {
      switch try body.next(&inbound) {
      case .needsMore: return (piece, false)
      case .end: return (piece, true)
      case .content(let content):
        exchange.bytesIn += content.readableBytes
        bodyScanner?.scan(content.readableBytesUInt8Span)
        if piece == nil { piece = content } else { piece?.writeImmutableBuffer(content) }
      }
    }
  }

  func stopForwarding() {
    forward?.abandon()
    forward = nil
  }

  // MARK: Heads

  /// The request head as the upstream gets it: the client's own fields without those that are ours to state, then ours,
  /// each once, then the framing.
  func upstreamHead(for run: ForwardRun) -> ByteBuffer {
    let head = run.head
    let bytes = run.bytes
    let span = bytes.readableBytesUInt8Span
    let raw = span.bytes
    if run.parsedHeads != loop.parsedHeads {
      // Another request used the parser meanwhile. This head parsed before, so it does again.
      loop.parsedHeads += 1
      _ = try? loop.parser.parse(span)
    }
    var out = loop.takeOut()
    out.writeBytes(raw.extracting(head.methodRange))
    out.writeInteger(space)
    out.writeBytes(raw.extracting(head.target))
    out.writeStaticString(" HTTP/1.1\r\n")
    for field in loop.parser.fields {
      switch field.kind {
      case .other where exchange.guardMode == .enforce && Self.choosesCoding(field.name, span): continue
      case .other, .host: break
      case .cookie where !ConsoleCookie.isPresent(in: span, field.value): break
      case .cookie:
        Self.writeCookies(span, field.value, to: &out)
        continue
      case .expect where head.expectsContinue: break
      case .tracestate where exchange.continuesTrace: break
      case .authorization where run.pool.upstream.forwardsAuthorization: break
      default: continue
      }
      // The whole line, its CRLF included.
      out.writeBytes(raw.extracting(field.name.lowerBound..<Self.lineEnd(after: field.value.upperBound, span)))
    }
    // What is looked at has to come whole and as it is.
    if exchange.guardMode == .enforce { out.writeStaticString("Accept-Encoding: identity\r\n") }
    if head.host == nil { out.writeBytes(run.pool.hostLine) }
    if let caller = exchange.caller { out.writeBytes(caller.identityHeaderLines) }
    out.writeStaticString("X-Request-ID: ")
    out.writeBytes(exchange.requestID)
    out.writeStaticString("\r\ntraceparent: ")
    loop.traceText.removeAll(keepingCapacity: true)
    exchange.trace.child(random: &loop.random).append(to: &loop.traceText)
    out.writeBytes(loop.traceText)
    out.writeStaticString("\r\n")
    exchange.peer.appendForwarded(to: &out, host: head.host, in: span)
    out.writeStaticString("Via: ")
    for field in loop.parser.fields where field.kind == .via && !field.value.isEmpty {
      out.writeBytes(raw.extracting(field.value))
      out.writeStaticString(", ")
    }
    out.writeStaticString("1.1 breakwater\r\n")
    switch head.framing {
    case .none, .untilClose:
      if head.method.expectsContent { out.writeStaticString("Content-Length: 0\r\n") }
    case .length(let length): out.writeContentLength(length)
    case .chunked: out.writeStaticString("Transfer-Encoding: chunked\r\n")
    }
    out.writeStaticString("\r\n")
    loop.out = out
    return out
  }

  /// Fields that ask for an answer that cannot be looked at: compressed, or a part of one.
  private static func choosesCoding(_ name: Range<Int>, _ span: Span<UInt8>) -> Bool {
    FieldSyntax.equals(span, name, "accept-encoding") || FieldSyntax.equals(span, name, "range")
      || FieldSyntax.equals(span, name, "if-range")
  }

  /// The client's cookies, without the one that is ours.
  private static func writeCookies(_ span: Span<UInt8>, _ value: Range<Int>, to out: inout ByteBuffer) {
    guard let kept = ConsoleCookie.withoutSession(span, value) else { return }
    out.writeStaticString("Cookie: ")
    out.writeBytes(kept)
    out.writeStaticString("\r\n")
  }

  /// Past the CRLF that ends the line whose trimmed value ends at `index`.
  private static func lineEnd(after index: Int, _ span: Span<UInt8>) -> Int {
    var index = index
    while span[index] != lineFeed { index += 1 }
    return index + 1
  }

  /// Writes the upstream's answer head to the client with our framing, and its first bytes of content when they are
  /// already here. Returns whether what follows is sent in chunks.
  func writeAnswerHead(
    _ answer: ResponseHead, _ fields: [Field], _ span: Span<UInt8>, firstContent: ByteBuffer?
  ) -> Bool {
    exchange.status = answer.status
    exchange.isUpstream = true
    if !mayKeepConnection { exchange.keepsConnection = false }
    let raw = span.bytes
    var out = loop.takeOut()
    out.writeStaticString("HTTP/1.1 ")
    out.writeDecimal(answer.status)
    out.writeInteger(space)
    out.writeBytes(raw.extracting(answer.reason))
    out.writeStaticString("\r\n")
    var hasDate = false
    for field in fields {
      switch field.kind {
      case .other, .via: break
      case .date: hasDate = true
      default: continue
      }
      out.writeBytes(raw.extracting(field.name.lowerBound..<Self.lineEnd(after: field.value.upperBound, span)))
    }
    if !hasDate { out.writeBytes(loop.stamps.dateLine(exchange.wallStart)) }
    let isChunked = writeFraming(of: answer, to: &out)
    out.writeStaticString("Via: 1.1 breakwater\r\nX-Request-ID: ")
    out.writeBytes(exchange.requestID)
    out.writeStaticString("\r\n")
    if let acting = exchange.caller?.actingAs { out.writeBytes(acting.responseLine) }
    out.writeBytes(exchange.rateHeaders)
    out.writeStaticString(exchange.keepsConnection ? "\r\n" : "Connection: close\r\n\r\n")
    if let firstContent, !isChunked, firstContent.readableBytes <= Self.coalescedBytesMax {
      exchange.bytesOut += firstContent.readableBytes
      out.writeImmutableBuffer(firstContent)
      write(out)
      loop.out = out
    } else {
      write(out)
      loop.out = out
      if let firstContent { writeContent(firstContent, isChunked: isChunked) }
    }
    return isChunked
  }

  private func writeFraming(of answer: ResponseHead, to out: inout ByteBuffer) -> Bool {
    let hasNoContent = answer.status == 204 || answer.status == 304 || exchange.method == .head
    switch answer.framing {
    case .length(let length):
      out.writeContentLength(length)
      return false
    case .none:
      if !hasNoContent {
        out.writeContentLength(0)
      } else if answer.status != 204, let length = answer.contentLength {
        out.writeContentLength(length)
      }
      return false
    case .chunked, .untilClose:
      if exchange.isHTTP10 {
        exchange.keepsConnection = false
        return false
      }
      out.writeStaticString("Transfer-Encoding: chunked\r\n")
      return true
    }
  }
}

extension ByteBuffer {
  fileprivate mutating func writeContentLength(_ length: Int) {
    writeStaticString("Content-Length: ")
    writeDecimal(length)
    writeStaticString("\r\n")
  }

  fileprivate mutating func writeDecimal(_ value: Int) {
    var divisor = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      writeInteger(UInt8(48 + value / divisor % 10))
      divisor /= 10
    }
  }
}
