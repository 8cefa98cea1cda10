package import Alerting
import NIOCore
import NIOPosix
import NIOSSL

/// Hands mails to a mail server: one connection a mail, bounded in time and in what the server may say.
package enum SMTPClient {
  /// From the first packet to the server's last word.
  private static let deadline = TimeAmount.seconds(30)
  private static let connectTimeout = TimeAmount.seconds(5)

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// Throws unless the server said that it has the mail.
  package static func send(_ message: EmailMessage, to mailbox: Receiver.Mailbox) async throws {
    let group = NIOSingletons.posixEventLoopGroup
    let tls = mailbox.security == .off ? nil : try context(mailbox)
    let promise = group.any().makePromise(of: Void.self)
    let channel: any Channel
    do {
      channel = try await ClientBootstrap(group: group).connectTimeout(connectTimeout)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              SMTPHandler(
                SMTPDialogue(message, mailbox, host: "breakwater"), tls: tls, host: mailbox.host, deadline: deadline,
                promise))
          }
        }.connect(host: mailbox.host, port: mailbox.port).get()
    } catch {
      promise.fail(error)
      throw Failure(description: "the mail server \(mailbox.host):\(mailbox.port) cannot be reached: \(error)")
    }
    defer { channel.close(promise: nil) }
    try await promise.futureResult.get()
  }

  private static func context(_ mailbox: Receiver.Mailbox) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    if let file = mailbox.caFile { configuration.trustRoots = .file(file) }
    return try NIOSSLContext(configuration: configuration)
  }
}

/// Drives one dialogue; confined to its event loop.
private final class SMTPHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var dialogue: SMTPDialogue
  private let tls: NIOSSLContext?
  private let host: String
  private let deadline: TimeAmount
  private var promise: EventLoopPromise<Void>?
  private var received: [UInt8] = []
  private var timer: Scheduled<Void>?

  init(
    _ dialogue: SMTPDialogue, tls: NIOSSLContext?, host: String, deadline: TimeAmount, _ promise: EventLoopPromise<Void>
  ) {
    self.dialogue = dialogue
    self.tls = tls
    self.host = host
    self.deadline = deadline
    self.promise = promise
  }

  func channelActive(context: ChannelHandlerContext) {
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleTask(in: deadline) {
      let (handler, context) = bound.value
      handler.fail(SMTPClient.Failure(description: "the mail server took longer than 30 s"), context)
    }
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += unwrapInboundIn(data).readableBytesView
    while promise != nil, let end = received.firstIndex(of: UInt8(ascii: "\n")) {
      var line = received[..<end]
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      let text = String(decoding: line, as: UTF8.self)
      received.removeSubrange(...end)
      do {
        if let step = try dialogue.take(text) { try perform(step, context) }
      } catch {
        fail(error, context)
      }
    }
    if received.count > SMTPDialogue.lineBytesMax {
      fail(SMTPClient.Failure(description: "the mail server's reply is too long"), context)
    }
  }

  private func perform(_ step: SMTPDialogue.Step, _ context: ChannelHandlerContext) throws {
    switch step {
    case .send(let bytes): write(bytes, context)
    case .startTLS:
      guard let tls else { throw SMTPClient.Failure(description: "TLS is off") }
      // Whatever came in the clear behind the reply was put there by someone in between (CVE-2011-0411).
      guard received.isEmpty else { throw SMTPClient.Failure(description: "the mail server spoke out of turn") }
      let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
      try context.pipeline.syncOperations.addHandler(
        try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host), position: .first)
      try perform(dialogue.secured(), context)
    case .done:
      write(Array("QUIT\r\n".utf8), context)
      finish { $0.succeed() }
    }
  }

  private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error, context) }

  func channelInactive(context: ChannelHandlerContext) {
    fail(SMTPClient.Failure(description: "the mail server closed the connection"), context)
    context.fireChannelInactive()
  }

  private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
    finish { $0.fail(error) }
    context.close(promise: nil)
  }

  private func finish(_ end: (EventLoopPromise<Void>) -> Void) {
    timer?.cancel()
    timer = nil
    if let promise { end(promise) }
    promise = nil
  }
}
