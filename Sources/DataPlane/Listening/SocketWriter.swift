import NIOCore

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What a connection writes. A single piece goes to the socket at once while nothing waits in NIO's queue; all else goes
/// through that queue, and so does what the socket does not take.
///
/// Nearly every request and answer is one piece that fits into the socket, so there is nothing to queue: 7–8 % of the
/// processor time of a proxied request (`docs/decisions/0002-http-layer.md`).
///
/// The descriptor stays NIO's: the channel is asked for it at each write and has none once it is closed, so bytes can never
/// reach another connection that was given the same number.
final class SocketWriter {
  /// Nil where something between the handler and the socket changes what is written.
  private let socket: (any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle>)?
  /// The only piece since the last flush.
  private var single: ByteBuffer?
  /// Something was written since the last flush.
  private(set) var needsFlush = false
  /// Bytes have been given to NIO's queue since it was last seen empty.
  private var mayHaveQueue = false

  /// - Parameter isPlain: nothing stands between the handler and the socket.
  init(_ channel: any Channel, isPlain: Bool) {
    socket = isPlain ? channel._channelCore as? any NIOTransportAccessibleChannelCore<NIOBSDSocket.Handle> : nil
  }

  /// Whether what is written goes to the socket as it is.
  var isPlain: Bool { socket != nil }

  /// Takes a piece, to leave with the next flush.
  func write(_ piece: ByteBuffer, _ context: ChannelHandlerContext) {
    if isPlain, !needsFlush {
      single = piece
    } else {
      if let earlier = single.take() { queue(earlier, context) }
      queue(piece, context)
    }
    needsFlush = true
  }

  /// Sends what has been written.
  func flush(_ context: ChannelHandlerContext) {
    guard needsFlush else { return }
    needsFlush = false
    if var piece = single.take() {
      if isQueueEmpty(context) { piece.moveReaderIndex(forwardBy: offer(piece)) }
      guard piece.readableBytes > 0 else { return }
      queue(piece, context)
    }
    context.flush()
  }

  private func queue(_ piece: ByteBuffer, _ context: ChannelHandlerContext) {
    mayHaveQueue = true
    context.write(NIOAny(piece), promise: nil)
  }

  private func isQueueEmpty(_ context: ChannelHandlerContext) -> Bool {
    guard mayHaveQueue else { return true }
    mayHaveQueue = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) != 0
    return !mayHaveQueue
  }

  /// The bytes the socket took; none on an error, which the queue then meets again and acts on.
  private func offer(_ piece: ByteBuffer) -> Int {
    guard let socket else { return 0 }
    let taken = try? socket.withUnsafeTransport { descriptor in
      piece.withUnsafeReadableBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
    }
    return max(0, taken ?? 0)
  }
}
