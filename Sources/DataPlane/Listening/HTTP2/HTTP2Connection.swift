import NIOCore
import NIOHTTP2
import Telemetry

/// One HTTP/2 connection: its bounds, how long it may be without a stream, and how it ends. Requests are its streams'
/// (`HTTP2Stream`).
final class HTTP2Connection: ChannelInboundHandler, LoopMember {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  private enum Ending {
    case no
    /// The client was asked to open no more streams; those it opened before it read that are served.
    case warned
    /// The client knows which streams are answered; those that are open go on.
    case announced
    /// Every stream has its answer; nothing more is sent.
    case closing
  }

  private let loop: LoopContext
  private let beneath: FrameInjector
  private var context: ChannelHandlerContext?
  private var openStreams = 0
  private var lastStream = HTTP2StreamID.rootStream
  private var ending = Ending.no
  private var hasFailed = false
  private var deadline: Int64 { didSet { loop.expect(self, at: deadline) } }
  var seat = LoopSeat()

  private init(_ loop: LoopContext, beneath: FrameInjector) {
    self.loop = loop
    self.beneath = beneath
    deadline = loop.clocks.monotonic() + loop.timeouts.head
  }

  // MARK: Setting up

  /// Streams a client may have open at a time.
  private static let streamsMax = 100
  /// Bytes of one header list, 32 a field added (RFC 9113 §6.5.2).
  private static let headerListBytesMax = 16 * 1024
  /// Resets, stream errors, or PING, SETTINGS and PRIORITY frames within `floodWindow`; past it the connection ends
  /// (CVE-2023-44487, CVE-2019-9512, CVE-2019-9515).
  private static let floodMax = 200
  private static let floodWindow: TimeAmount = .seconds(30)
  /// CONTINUATION frames of one header list (CVE-2024-27316).
  private static let continuationsMax = 5
  /// Answers of ours to control frames, waiting to be sent.
  private static let controlFramesMax = 1000

  /// Adds what speaks HTTP/2 to a pipeline whose client has agreed to it.
  static func add(
    to pipeline: ChannelPipeline.SynchronousOperations, on loop: LoopContext, listener: Listener.Kind,
    peer: PeerAddress, transport: Transport
  ) throws {
    let beneath = FrameInjector()
    let connection = HTTP2Connection(loop, beneath: beneath)
    let bound = NIOLoopBound(loop, eventLoop: loop.eventLoop)
    let handler = NIOHTTP2Handler(
      mode: .server, eventLoop: loop.eventLoop, connectionConfiguration: connectionConfiguration,
      streamConfiguration: streamConfiguration(loop.settings),
      streamDelegate: StreamCount(connection: NIOLoopBound(connection, eventLoop: loop.eventLoop))
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        let client = ClientConnection(loop: bound.value, listener: listener, peer: peer, transport: transport)
        try stream.pipeline.syncOperations.addHandlers([HTTP2Stream(loop: bound.value, client: client), client])
      }
    }
    try pipeline.addHandlers([beneath, handler, connection])
  }

  private static var connectionConfiguration: NIOHTTP2Handler.ConnectionConfiguration {
    var configuration = NIOHTTP2Handler.ConnectionConfiguration()
    configuration.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: streamsMax),
      HTTP2Setting(parameter: .maxHeaderListSize, value: headerListBytesMax),
    ]
    // Header lists are judged by `HTTP2RequestHead`, which answers with a code instead of a reset.
    configuration.headerBlockValidation = .disabled
    configuration.maximumSequentialContinuationFrames = continuationsMax
    configuration.maximumBufferedControlFrames = controlFramesMax
    configuration.controlFrameRateLimit.maximumCount = floodMax
    configuration.controlFrameRateLimit.windowLength = floodWindow
    return configuration
  }

  private static func streamConfiguration(_ settings: DataPlaneSettings) -> NIOHTTP2Handler.StreamConfiguration {
    var configuration = NIOHTTP2Handler.StreamConfiguration()
    configuration.outboundBufferSizeHighWatermark = settings.bufferBytesMax
    configuration.outboundBufferSizeLowWatermark = settings.bufferBytesMax / 2
    configuration.streamResetFrameRateLimit.maximumCount = floodMax
    configuration.streamResetFrameRateLimit.windowLength = floodWindow
    configuration.streamErrorRateLimit.maximumCount = floodMax
    configuration.streamErrorRateLimit.windowLength = floodWindow
    return configuration
  }

  // MARK: Living

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    loop.opened(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    loop.closed(self)
  }

  fileprivate func streamOpened(_ id: HTTP2StreamID) {
    openStreams += 1
    lastStream = max(lastStream, id)
    if ending == .no { deadline = .max }
  }

  fileprivate func streamClosed() {
    openStreams -= 1
    guard openStreams == 0, ending != .warned else { return }
    deadline = loop.clocks.monotonic() + (ending == .no ? loop.timeouts.idle : loop.timeouts.linger)
    closeIfDone()
  }

  /// Frames of the connection, which the library has dealt with but for the answer to our one PING.
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard ending == .warned, case .ping(_, ack: true) = unwrapInboundIn(data).payload else { return }
    sayLastStream()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // After our last word, what is still on its way here is no error.
    guard !hasFailed, ending != .closing else { return }
    let reason = HTTP2Failure.reason(error)
    if let reason { loop.dataPlane.metrics.family(MetricCatalog.http2Errors).counter(reason).increment() }
    guard reason != HTTP2Failure.stream else { return }
    hasFailed = true
    context.close(promise: nil)
  }

  // MARK: Ending

  var nextDeadline: Int64 { deadline }

  func checkDeadlines(_ now: Int64) -> Bool {
    guard now >= deadline else { return false }
    switch ending {
    // Who has not asked anything yet is late, not idle.
    case .no: if lastStream == .rootStream { sayLastStream() } else { warn() }
    case .warned: sayLastStream()
    case .announced, .closing: context?.close(promise: nil)
    }
    return true
  }

  func drain() { warn() }

  /// Streams were refused or cut at this moment too; what was written for them still has to leave.
  func endDrain() {
    sayLastStream()
    if deadline == .max { deadline = loop.clocks.monotonic() + loop.timeouts.linger }
  }

  /// Asks the client to open no more streams here, and whether it has read that: what it opened before is on its way and is
  /// served too, so that a client that never tries again loses nothing (GOAWAY, RFC 9113 §6.8). The last word follows its
  /// answer, or comes after the linger timeout without one.
  ///
  /// The warning goes past the library, which would end a connection that has no stream open at this moment.
  private func warn() {
    guard ending == .no, let context else { return }
    ending = .warned
    deadline = loop.clocks.monotonic() + loop.timeouts.linger
    beneath.send(Self.warning)
    context.writeAndFlush(
      wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: 0), ack: false))),
      promise: nil)
  }

  /// A GOAWAY frame without an error whose last stream is the highest there can be.
  private static let warning = ByteBuffer(bytes: [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])

  /// Tells the client which streams will be answered, and closes when they are: one opened after this is known not to have
  /// been looked at, so that it can be sent again elsewhere.
  private func sayLastStream() {
    guard ending == .no || ending == .warned, let context else { return }
    ending = .announced
    deadline = openStreams == 0 ? loop.clocks.monotonic() + loop.timeouts.linger : .max
    let goAway = HTTP2Frame.FramePayload.goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil)
    context.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: goAway)), promise: nil)
    closeIfDone()
  }

  /// Closes our half once all is written, in the next turn of the loop: frames of this one may not have left yet.
  private func closeIfDone() {
    guard ending == .announced, openStreams == 0 else { return }
    ending = .closing
    deadline = loop.clocks.monotonic() + loop.timeouts.writeStall
    let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
    loop.eventLoop.execute { bound.value.closeOutput() }
  }

  private func closeOutput() {
    guard let context else { return }
    let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
    context.channel.close(mode: .output).whenComplete { _ in
      let connection = bound.value
      connection.deadline = connection.loop.clocks.monotonic() + connection.loop.timeouts.linger
    }
  }
}

/// Between TLS and the library: sends a whole frame the library would not. Never called while the library writes one.
private final class FrameInjector: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func send(_ frame: ByteBuffer) { context?.write(wrapOutboundOut(frame), promise: nil) }
}

/// Counts a connection's streams.
private struct StreamCount: NIOHTTP2StreamDelegate {
  let connection: NIOLoopBound<HTTP2Connection>

  func streamCreated(_ id: HTTP2StreamID, channel: any Channel) { connection.value.streamOpened(id) }
  func streamClosed(_ id: HTTP2StreamID, channel: any Channel) { connection.value.streamClosed() }
}

/// Names for what a client did wrong: values of the `reason` label of `breakwater_http2_errors_total`.
private enum HTTP2Failure {
  /// One stream is at fault, and was reset.
  static let stream = "stream"

  /// Nil for what is no fault of the protocol.
  static func reason(_ error: any Error) -> String? {
    switch error {
    case is NIOHTTP2Errors.ContentLengthViolated, is NIOHTTP2Errors.ContentLengthHeadersMismatch,
      is NIOHTTP2Errors.ContentLengthHeaderNegative, is NIOHTTP2Errors.ContentLengthHeaderMalformedValue,
      is NIOHTTP2Errors.TrailersWithoutEndStream, is NIOHTTP2Errors.CreatedStreamAfterGoaway:
      stream
    case is NIOHTTP2Errors.ExcessiveRSTFrames, is NIOHTTP2Errors.ExcessiveStreamErrors,
      is NIOHTTP2Errors.ExcessiveControlFrames, is NIOHTTP2Errors.ExcessiveContinuationFrames,
      is NIOHTTP2Errors.ExcessiveEmptyDataFrames, is NIOHTTP2Errors.ExcessiveNumberOfGlitches,
      is NIOHTTP2Errors.ExcessiveOutboundFrameBuffering:
      "flood"
    case is NIOHTTP2Errors.ExcessivelyLargeHeaderBlock: "header_list"
    case is NIOHTTP2Errors.MaxStreamsViolation: "streams"
    case is any NIOHTTP2Error: "protocol"
    default: nil
    }
  }
}
