import ControlModel
import NIOCore

/// A forwarded request that goes on as a WebSocket tunnel.
extension ForwardRun {
  /// Whether the upstream's 101 may be believed: it was asked for, and answers what was asked.
  func mayBecomeTunnel(_ answer: ResponseHead, _ fields: [Field], _ bytes: Span<UInt8>) -> Bool {
    tunnelKey.map { WebSocketHandshake.isAccepted(answer, fields, bytes, key: $0) } ?? false
  }

  func becameTunnel(_ fields: [Field], _ bytes: ByteBuffer) {
    hasAnswer = true
    firstByteDeadline = .max
    totalDeadline = .max
    judge(101, at: now)
    leave()  // as with streams: not work the upstream has to be spared
    do throws(Refusal) {
      try client.beginTunnel(fields, bytes)
      client.process()
    } catch {
      fail(error, nil)
    }
  }

  func passToClient(_ bytes: ByteBuffer) {
    client.passToClient(bytes)
    holdBackIfFull()
  }

  func tellUpstream(_ bytes: [UInt8]) {
    connection?.writeBody(ByteBuffer(bytes: bytes), isEnd: false, isChunked: false)
  }

  func upstreamEndedTunnel() {
    connection = nil
    client.endTunnel(.upstream)
  }

  /// Lets go of the connection, which closes when what was written to it has left.
  func endTunnel() {
    connection?.closeAfterWriting(within: client.loop.settings.lingerTimeout)
    connection = nil
    stallDeadline = .max
  }
}
