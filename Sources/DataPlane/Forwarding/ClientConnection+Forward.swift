import ControlModel
import Identity
import NIOCore
import Telemetry

extension ClientConnection {
  /// Sends the request to an upstream; its answer comes back through `ForwardRun`.
  ///
  /// - Parameter tunnelKey: of a handshake that asks the upstream to go on as WebSocket.
  func forward(
    to name: String, _ route: Route, _ head: RequestHead, _ bytes: ByteBuffer, tunnelKey: [UInt8]? = nil,
    at now: Int64
  ) throws(Refusal) {
    guard let upstream = loop.upstream(name) else {
      throw Refusal(.internalError, "The route's upstream \(name) is not configured.")
    }
    if case .length(let length) = head.framing, length > loop.settings.bodyBytesMax {
      throw tooLarge(loop.settings.bodyBytesMax)
    }
    if hasPassedHere(bytes) {
      throw Refusal(.httpLoop, "This request has been here before: an upstream or a proxy leads back to Breakwater.")
    }
    exchange.upstream = name
    bodyScanner = bodyWatch(head)
    let share = share(of: upstream.state.slots)
    let run = ForwardRun(self, upstream, route, head, bytes, tunnelKey: tunnelKey)
    forward = run
    phase = .forwarding
    try run.start(share, at: now)
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
      if isEnd {
        phaseDeadline = .max
        do throws(Refusal) {
          try run.bodyArrived()
        } catch {
          stopForwarding()
          refuse(error)
          return true
        }
      } else {
        expectBody()
      }
      if piece != nil { exchange.awaitsContinue = false }
      run.send(piece.take(), isEnd: isEnd)
      return false
    } catch {
      stopForwarding()
      refuseMidBody(error)
      return true
    }
  }

  /// Whether nothing of the body is still on its way.
  func hasWholeBody(_ head: RequestHead) -> Bool {
    if case .length(let length) = head.framing { inbound.readableBytes >= length } else { false }
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

  /// Whether `Via` names us: what we forward would come back for ever.
  private func hasPassedHere(_ bytes: ByteBuffer) -> Bool {
    let span = bytes.readableBytesUInt8Span
    var isLoop = false
    for field in loop.parser.fields where field.kind == .via {
      FieldSyntax.forEachElement(span, field.value) { element in
        guard let gap = element.first(where: { span[$0] == space }) else { return }
        let rest = FieldSyntax.trimmed(span, gap..<element.upperBound)
        let end = rest.first { span[$0] == space } ?? rest.upperBound
        if FieldSyntax.equals(span, rest.lowerBound..<end, "breakwater") { isLoop = true }
      }
    }
    return isLoop
  }

  func stopForwarding() {
    forward?.abandon()
    forward = nil
  }

  /// Whether a request head has an `Idempotency-Key`. Parsed again: asked only when a request may be sent a second time.
  func hasIdempotencyKey(_ bytes: ByteBuffer) -> Bool {
    let span = bytes.readableBytesUInt8Span
    loop.parsedHeads += 1
    guard (try? loop.parser.parse(span)) != nil else { return false }
    return loop.parser.fields.contains { field in
      !field.value.isEmpty && FieldSyntax.equals(span, field.name, "idempotency-key")
    }
  }

  // MARK: Heads

  /// The request head as the upstream gets it: the client's own fields without those that are ours to state, then ours,
  /// each once, then the framing.
  func upstreamHead(for run: ForwardRun) -> ByteBuffer {
    let head = run.head
    let bytes = run.bytes
    let span = bytes.readableBytesUInt8Span
    if run.parsedHeads != loop.parsedHeads { parseAgain(bytes) }  // another request used the parser meanwhile
    loop.head.removeAll()
    loop.head.append(span.extracting(head.methodRange))
    loop.head.append(space)
    loop.head.append(span.extracting(head.target))
    loop.head.append(" HTTP/1.1\r\n")
    var kept = KeptLines()
    for field in loop.parser.fields {
      switch field.kind {
      case .other where exchange.guardMode == .enforce && Self.choosesCoding(field.name, span): continue
      case .other, .host: break
      case .cookie where !ConsoleCookie.isPresent(in: span, field.value): break
      case .cookie:
        Self.writeCookies(span, field.value, to: &loop.head)
        continue
      case .expect where head.expectsContinue: break
      case .tracestate where exchange.continuesTrace: break
      case .authorization where run.upstream.upstream.forwardsAuthorization: break
      default: continue
      }
      kept.add(field, span, to: &loop.head)
    }
    kept.write(span, to: &loop.head)
    // What is looked at has to come whole and as it is.
    if exchange.guardMode == .enforce { loop.head.append("Accept-Encoding: identity\r\n") }
    if head.host == nil { loop.head.append(run.pool.hostLine) }
    if let caller = exchange.caller { loop.head.append(caller.identityHeaderLines) }
    loop.head.append("X-Request-ID: ")
    loop.head.append(exchange.requestID)
    loop.head.append("\r\ntraceparent: ")
    exchange.trace.child(random: &loop.random).append(to: &loop.head)
    loop.head.append("\r\n")
    exchange.peer.appendForwarded(to: &loop.head, host: head.host, in: span)
    loop.head.append("Via: ")
    for field in loop.parser.fields where field.kind == .via && !field.value.isEmpty {
      loop.head.append(span.extracting(field.value))
      loop.head.append(", ")
    }
    loop.head.append("1.1 breakwater\r\n")
    if run.tunnelKey != nil { loop.head.append("Connection: Upgrade\r\nUpgrade: websocket\r\n") }
    switch head.framing {
    case .none, .untilClose:
      if head.method.expectsContent { loop.head.append("Content-Length: 0\r\n") }
    case .length(let length): loop.head.append(contentLength: length)
    case .chunked: loop.head.append("Transfer-Encoding: chunked\r\n")
    }
    loop.head.append("\r\n")
    return loop.takeHead()
  }

  /// Fields that ask for an answer that cannot be looked at: compressed, or a part of one.
  private static func choosesCoding(_ name: Range<Int>, _ span: Span<UInt8>) -> Bool {
    FieldSyntax.equals(span, name, "accept-encoding") || FieldSyntax.equals(span, name, "range")
      || FieldSyntax.equals(span, name, "if-range")
  }

  /// The client's cookies, without the one that is ours.
  private static func writeCookies(_ span: Span<UInt8>, _ value: Range<Int>, to out: inout ByteWriter) {
    guard let kept = ConsoleCookie.withoutSession(span, value) else { return }
    out.append("Cookie: ")
    out.append(kept)
    out.append("\r\n")
  }

  /// Writes the upstream's answer head to the client with our framing, and its first bytes of content when they are
  /// already here. Returns whether what follows is sent in chunks.
  func writeAnswerHead(
    _ answer: ResponseHead, _ fields: [Field], _ span: Span<UInt8>, firstContent: ByteBuffer?
  ) -> Bool {
    exchange.status = answer.status
    exchange.isUpstream = true
    if !mayKeepConnection { exchange.keepsConnection = false }
    loop.head.removeAll()
    loop.head.append("HTTP/1.1 ")
    loop.head.append(decimal: answer.status)
    loop.head.append(space)
    loop.head.append(span.extracting(answer.reason))
    loop.head.append("\r\n")
    var hasDate = false
    var kept = KeptLines()
    for field in fields {
      switch field.kind {
      case .other, .via: break
      case .date: hasDate = true
      default: continue
      }
      kept.add(field, span, to: &loop.head)
    }
    kept.write(span, to: &loop.head)
    if !hasDate { loop.head.append(loop.stamps.dateLine(exchange.wallStart)) }
    let isChunked = writeFraming(of: answer, to: &loop.head)
    loop.head.append("Via: 1.1 breakwater\r\nX-Request-ID: ")
    loop.head.append(exchange.requestID)
    loop.head.append("\r\n")
    if let acting = exchange.caller?.actingAs { loop.head.append(acting.responseLine) }
    loop.head.append(exchange.rateHeaders)
    if !loop.settings.warningLine.isEmpty { loop.head.append(loop.settings.warningLine) }
    if !exchange.keepsConnection { loop.head.append("Connection: close\r\n") }
    loop.head.append("\r\n")
    if let firstContent, !isChunked, firstContent.readableBytes <= Self.coalescedBytesMax {
      exchange.bytesOut += firstContent.readableBytes
      loop.head.append(firstContent.readableBytesUInt8Span)
      write(loop.takeHead())
    } else {
      write(loop.takeHead())
      if let firstContent { writeContent(firstContent, isChunked: isChunked) }
    }
    return isChunked
  }

  private func writeFraming(of answer: ResponseHead, to out: inout ByteWriter) -> Bool {
    let hasNoContent = answer.status == 204 || answer.status == 304 || exchange.method == .head
    switch answer.framing {
    case .length(let length):
      out.append(contentLength: length)
      return false
    case .none:
      if !hasNoContent {
        out.append(contentLength: 0)
      } else if answer.status != 204, let length = answer.contentLength {
        out.append(contentLength: length)
      }
      return false
    case .chunked, .untilClose:
      if exchange.isHTTP10 {
        exchange.keepsConnection = false
        return false
      }
      out.append("Transfer-Encoding: chunked\r\n")
      return true
    }
  }
}

/// Field lines that are passed on as they are. Neighbours are copied together: most heads lose none or one of theirs.
private struct KeptLines {
  private var pending = 0..<0

  mutating func add(_ field: Field, _ span: Span<UInt8>, to out: inout ByteWriter) {
    // To the end of the line, past what was trimmed from the value and its CRLF.
    var end = field.value.upperBound
    while span[end] != lineFeed { end += 1 }
    end += 1
    if pending.upperBound != field.name.lowerBound {
      write(span, to: &out)
      pending = field.name.lowerBound..<end
    } else {
      pending = pending.lowerBound..<end
    }
  }

  func write(_ span: Span<UInt8>, to out: inout ByteWriter) {
    if !pending.isEmpty { out.append(span.extracting(pending)) }
  }
}

extension ByteWriter {
  fileprivate mutating func append(contentLength length: Int) {
    append("Content-Length: ")
    append(decimal: length)
    append("\r\n")
  }
}
