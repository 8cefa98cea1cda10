import NIOCore
import NIOHPACK
import NIOHTTP2
import Telemetry

/// One HTTP/2 stream as the HTTP/1.1 connection that `ClientConnection` serves: frames become the bytes of one request,
/// and the bytes of its answer become frames. Every policy exists once, behind this.
///
/// Trailers end a body and are dropped, as they are in HTTP/1.1.
final class HTTP2Stream: ChannelDuplexHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = HTTP2Frame.FramePayload

  private enum Request {
    case head
    case body(HTTP2RequestHead.Body)
    case ended
  }

  private enum Answer {
    case head
    case body(BodyReader)
    case ended
  }

  private let loop: LoopContext
  private let client: ClientConnection
  private var request = Request.head
  private var answer = Answer.head
  private var method = Method.other
  /// Answer bytes that are not frames yet: the beginning of a head or of a chunk.
  private var pending = ByteBuffer()
  /// Done when the frame that ends the stream has left.
  private var answered: EventLoopPromise<Void>?

  init(loop: LoopContext, client: ClientConnection) {
    self.loop = loop
    self.client = client
  }

  // MARK: The request

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .headers(let frame): readHeaders(frame, context)
    case .data(let frame):
      guard case .byteBuffer(let bytes) = frame.data else { return }
      readData(bytes, isEnd: frame.endStream, context)
    default: break
    }
  }

  private func readHeaders(_ frame: HTTP2Frame.FramePayload.Headers, _ context: ChannelHandlerContext) {
    guard case .head = request else { return readData(ByteBuffer(), isEnd: true, context) }
    method = frame.headers.first(name: ":method").map(Self.method) ?? .other
    var bytes = context.channel.allocator.buffer(capacity: Self.headCapacity)
    do throws(HeadProblem) {
      let body = try HTTP2RequestHead.write(
        frame.headers, hasBody: !frame.endStream, scheme: client.peer.isSecure ? "https" : "http", to: &bytes)
      request = frame.endStream ? .ended : .body(body)
      context.fireChannelRead(wrapInboundOut(bytes))
    } catch {
      request = .ended
      client.refuseMalformed(error)
      client.flushIfNeeded()
    }
  }

  /// Most heads fit without growing.
  private static let headCapacity = 2048

  private static func method(_ text: String) -> Method {
    let bytes = Array(text.utf8)
    return Method(bytes.span, 0..<bytes.count)
  }

  private func readData(_ bytes: ByteBuffer, isEnd: Bool, _ context: ChannelHandlerContext) {
    guard case .body(let framing) = request else { return }
    request = isEnd ? .ended : request
    switch framing {
    case .length(let left):
      // More or less than was said would be read as the next request, or as its lack.
      guard bytes.readableBytes <= left, !isEnd || bytes.readableBytes == left else {
        return context.close(promise: nil)
      }
      if !isEnd { request = .body(.length(left - bytes.readableBytes)) }
      if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
    case .chunked:
      var framed = context.channel.allocator.buffer(capacity: bytes.readableBytes + Self.chunkOverhead)
      if bytes.readableBytes > 0 {
        framed.writeChunkSize(bytes.readableBytes)
        framed.writeImmutableBuffer(bytes)
        framed.writeStaticString("\r\n")
      }
      if isEnd { framed.writeImmutableBuffer(ClientConnection.lastChunk) }
      if framed.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(framed)) }
    case .none: break
    }
  }

  /// A chunk's size line, its end and the last chunk.
  private static let chunkOverhead = 32

  // MARK: The answer

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    pending.append(unwrapOutboundIn(data))
    do {
      while try writeFrame(context) {}
      promise?.succeed()
    } catch {
      // It was written in this process a moment ago.
      loop.dataPlane.metrics.family(MetricCatalog.invariantViolations).counter("http2_answer").increment()
      promise?.fail(error)
      context.close(promise: nil)
    }
  }

  /// One frame out of what is pending; false when more is needed.
  private func writeFrame(_ context: ChannelHandlerContext) throws -> Bool {
    switch answer {
    case .head: return try writeHead(context)
    case .body(var reader):
      let step = try reader.next(&pending)
      answer = .body(reader)
      switch step {
      case .needsMore: return false
      case .content(let content): writeData(content, isEnd: reader.isAtEnd, context)
      case .end: writeData(ByteBuffer(), isEnd: true, context)
      }
      return true
    case .ended:
      pending.clear()
      return false
    }
  }

  private func writeHead(_ context: ChannelHandlerContext) throws -> Bool {
    let bytes = pending
    let span = bytes.readableBytesUInt8Span
    guard let head = try loop.answerParser.parse(span, answering: method) else { return false }
    pending.moveReaderIndex(forwardBy: head.length)
    var headers = HPACKHeaders()
    headers.add(name: ":status", value: String(head.status))
    for field in loop.answerParser.fields {
      switch field.kind {
      case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade, .trailer: continue
      default: break
      }
      // Not for the compression table: looking ids and dates up there costs more than sending them.
      headers.add(
        name: String(decoding: Array(copying: span.extracting(field.name)), as: UTF8.self).lowercased(),
        value: String(decoding: Array(copying: span.extracting(field.value)), as: UTF8.self), indexing: .nonIndexable)
    }
    let isInterim = head.status < 200
    let reader = BodyReader(head.framing)
    let isEnd = !isInterim && reader.isAtEnd
    if !isInterim { answer = isEnd ? .ended : .body(reader) }
    context.write(
      wrapOutboundOut(.headers(.init(headers: headers, endStream: isEnd))), promise: isEnd ? end(context) : nil)
    return true
  }

  private func writeData(_ content: ByteBuffer, isEnd: Bool, _ context: ChannelHandlerContext) {
    if isEnd { answer = .ended }
    context.write(
      wrapOutboundOut(.data(.init(data: .byteBuffer(content), endStream: isEnd))), promise: isEnd ? end(context) : nil)
  }

  private func end(_ context: ChannelHandlerContext) -> EventLoopPromise<Void> {
    let promise = answered ?? context.eventLoop.makePromise()
    answered = promise
    return promise
  }

  // MARK: The end

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .output else { return context.close(mode: mode, promise: promise) }
    switch answer {
    case .ended:
      answered?.futureResult.cascade(to: promise)
      // Once the answer has left, the rest of the request is not wanted (RFC 9113 §8.1).
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      answered?.futureResult.whenSuccess { bound.value.0.stopRequest(bound.value.1) }
    case .head:
      // Nothing was done for it: the client may send it again elsewhere.
      context.writeAndFlush(wrapOutboundOut(.rstStream(.refusedStream)), promise: promise)
    case .body: context.close(promise: promise)
    }
  }

  private func stopRequest(_ context: ChannelHandlerContext) {
    if case .ended = request { return }
    request = .ended
    context.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: nil)
  }
}
