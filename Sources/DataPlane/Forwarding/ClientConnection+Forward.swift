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
    let run = ForwardRun(self, pool, head, bytes, now: exchange.startedAt)
    forward = run
    phase = .forwarding
    try run.start()
  }

  /// Passes on more of the request body. False when the upstream or the client has to move first.
  func forwardBody() -> Bool {
    guard let run = forward, run.connection != nil, !run.isBodySent else { return false }
    do throws(HeadProblem) {
      while !run.isUpstreamHeldBack {
        switch try body.next(&inbound) {
        case .needsMore: return false
        case .content(let content):
          exchange.bytesIn += content.readableBytes
          if exchange.bytesIn > loop.settings.bodyBytesMax {
            stopForwarding()
            exchange.keepsConnection = false
            refuse(tooLarge(loop.settings.bodyBytesMax))
            return false
          }
          run.sendBody(content)
        case .end:
          deadline.clear(.body)
          run.endBody()
          return false
        }
      }
      return false
    } catch {
      stopForwarding()
      refuseMidBody(error)
      return false
    }
  }

  func stopForwarding() {
    forward?.abandon()
    forward = nil
  }

  func checkForward(_ now: Int64) {
    forward?.checkDeadlines(now)
  }

  func passContinue() {
    guard exchange.status == 0 else { return }
    write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
    flush()
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
    loop.out.clear()
    loop.out.writeBytes(raw.extracting(head.methodRange))
    loop.out.writeInteger(space)
    loop.out.writeBytes(raw.extracting(head.target))
    loop.out.writeStaticString(" HTTP/1.1\r\n")
    var via: Range<Int>?
    for field in loop.parser.fields {
      if field.kind == .via { via = field.value }
      if field.kind == .cookie {
        writeCookie(field, span)
        continue
      }
      guard
        field.kind.isForwarded || (field.kind == .authorization && run.pool.upstream.forwardsAuthorization)
      else { continue }
      // The whole line, its CRLF included.
      loop.out.writeBytes(raw.extracting(field.name.lowerBound..<lineEnd(after: field.value.upperBound, span)))
    }
    if head.host == nil { loop.out.writeString("Host: \(run.pool.upstream.host)\r\n") }
    if let caller = exchange.caller { loop.out.writeBytes(caller.identityHeaderLines) }
    loop.out.writeStaticString("X-Request-ID: ")
    loop.out.writeBytes(exchange.requestID)
    loop.out.writeStaticString("\r\ntraceparent: ")
    loop.traceText.removeAll(keepingCapacity: true)
    exchange.trace.child(random: &loop.random).append(to: &loop.traceText)
    loop.out.writeBytes(loop.traceText)
    loop.out.writeStaticString("\r\n")
    forwardedLines.append(to: &loop.out, host: head.host, in: span)
    loop.out.writeStaticString("Via: ")
    if let via {
      loop.out.writeBytes(raw.extracting(via))
      loop.out.writeStaticString(", ")
    }
    loop.out.writeStaticString("1.1 breakwater\r\n")
    switch head.framing {
    case .none, .untilClose:
      if head.method == .post || head.method == .put || head.method == .patch {
        loop.out.writeStaticString("Content-Length: 0\r\n")
      }
    case .length(let length): loop.out.writeString("Content-Length: \(length)\r\n")
    case .chunked: loop.out.writeStaticString("Transfer-Encoding: chunked\r\n")
    }
    loop.out.writeStaticString("\r\n")
    return loop.out
  }

  /// The client's cookies, without the one that is ours.
  private func writeCookie(_ field: Field, _ span: Span<UInt8>) {
    guard ConsoleCookie.session(in: span, field.value) != nil else {
      loop.out.writeBytes(span.bytes.extracting(field.name.lowerBound..<lineEnd(after: field.value.upperBound, span)))
      return
    }
    guard let kept = ConsoleCookie.withoutSession(span, field.value) else { return }
    loop.out.writeStaticString("Cookie: ")
    loop.out.writeBytes(kept)
    loop.out.writeStaticString("\r\n")
  }

  /// Past the CRLF that ends the line whose trimmed value ends at `index`.
  private func lineEnd(after index: Int, _ span: Span<UInt8>) -> Int {
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
    let raw = span.bytes
    loop.out.clear()
    loop.out.writeStaticString("HTTP/1.1 ")
    loop.out.writeString(String(answer.status))
    loop.out.writeInteger(space)
    loop.out.writeBytes(raw.extracting(answer.reason))
    loop.out.writeStaticString("\r\n")
    for field in fields where field.kind == .other || field.kind == .via {
      loop.out.writeBytes(raw.extracting(field.name.lowerBound..<lineEnd(after: field.value.upperBound, span)))
    }
    let isChunked = writeAnswerFraming(answer)
    loop.out.writeStaticString("Via: 1.1 breakwater\r\nX-Request-ID: ")
    loop.out.writeBytes(exchange.requestID)
    loop.out.writeStaticString("\r\n")
    loop.out.writeBytes(exchange.rateHeaders)
    loop.out.writeStaticString(exchange.keepsConnection ? "\r\n" : "Connection: close\r\n\r\n")
    if let firstContent {
      exchange.bytesOut += firstContent.readableBytes
      if firstContent.readableBytes <= Self.coalescedBytesMax, !isChunked {
        loop.out.writeImmutableBuffer(firstContent)
        write(loop.out)
      } else {
        write(loop.out)
        writeContent(firstContent, isChunked: isChunked)
      }
    } else {
      write(loop.out)
    }
    return isChunked
  }

  /// Content up to this size is copied behind the head, so that both leave in one segment and one system call.
  private static let coalescedBytesMax = 16 * 1024

  private func writeAnswerFraming(_ answer: ResponseHead) -> Bool {
    let hasNoContent = answer.status == 204 || answer.status == 304 || exchange.method == .head
    switch answer.framing {
    case .length(let length):
      writeContentLength(length)
      return false
    case .none:
      if hasNoContent {
        if answer.status != 204, let length = answer.contentLength { writeContentLength(length) }
      } else {
        loop.out.writeStaticString("Content-Length: 0\r\n")
      }
      return false
    case .chunked, .untilClose:
      if exchange.isHTTP10 {
        exchange.keepsConnection = false
        return false
      }
      loop.out.writeStaticString("Transfer-Encoding: chunked\r\n")
      return true
    }
  }

  private func writeContentLength(_ length: Int) {
    loop.out.writeStaticString("Content-Length: ")
    loop.out.writeString(String(length))
    loop.out.writeStaticString("\r\n")
  }
}
