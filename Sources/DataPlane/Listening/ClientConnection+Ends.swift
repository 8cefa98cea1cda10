import ControlModel
import Identity
import NIOCore
import Telemetry

/// How exchanges and connections end: in good order, too late, or because a side has gone.
extension ClientConnection {
  // MARK: Exchanges

  /// The answer is complete. Counts and logs it, then takes the next request, reads away what is left of this one's
  /// body, or closes.
  func finishExchange(at now: Int64) {
    endpoint = nil
    forward = nil
    record(at: now)
    if !exchange.keepsConnection {
      closeAfterWriting()
    } else if body.isAtEnd {
      becomeIdle(at: now)
    } else {
      phase = .discarding
      exchange.discardedBytes = 0
      phaseDeadline = now + loop.timeouts.bodyGrace
    }
    process()
  }

  private func record(at now: Int64) {
    loop.inFlight -= 1
    exchange.standing?.count(exchange.status, loop)
    loop.record(exchange, listener: listener, transport: transport, at: now)
  }

  private func becomeIdle(at now: Int64) {
    phase = .head
    phaseDeadline = now + loop.timeouts.idle
    // Read from, it still holds the whole buffer that the head came in.
    if inbound.readableBytes == 0 {
      var used = ByteBuffer()
      swap(&used, &inbound)
      loop.readBuffers.giveBack(used)
    }
    if loop.dataPlane.isDraining { drain() }
  }

  /// Reads away a body nobody wants, then takes the next request.
  func discardBody() -> Bool {
    do throws(HeadProblem) {
      while true {
        switch try body.next(&inbound) {
        case .needsMore: return false
        case .end:
          becomeIdle(at: loop.clocks.monotonic())
          return true
        case .content(let content):
          exchange.discardedBytes += content.readableBytes
          guard exchange.discardedBytes <= loop.settings.discardBytesMax else {
            closeAfterWriting()
            return true
          }
        }
      }
    } catch {
      closeAfterWriting()
      return true
    }
  }

  // MARK: Closing

  /// Closes our half once all is written, and waits for the peer's: closing at once while bytes are unread would reset
  /// the connection and could destroy the answer on its way (RFC 9112 §9.6).
  ///
  /// - Parameter lingers: false where nothing can be on its way from the client.
  private func closeAfterWriting(lingers: Bool = true) {
    guard let context, phase != .closing else { return }
    phase = .closing
    phaseDeadline = .max
    writeDeadline = loop.clocks.monotonic() + loop.timeouts.writeStall
    flushNow()
    let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
    context.channel.close(mode: .output).whenComplete { result in
      let connection = bound.value
      guard lingers, case .success = result else { return connection.cut() }
      connection.writeDeadline = .max
      connection.phaseDeadline = connection.loop.clocks.monotonic() + connection.loop.timeouts.linger
    }
  }

  func cut() { context?.close(promise: nil) }

  /// The connection is gone: stops whatever was working for it.
  func abandon() {
    let wasBusy = isBusy
    endpoint?.cancel()
    endpoint = nil
    abandonTunnel()
    stopForwarding()
    phase = .closing
    guard wasBusy else { return }
    // With a refusal noted, it was we who cut off an answer half sent; else the client left before it had all.
    if exchange.refusal == nil, exchange.status != 101 { exchange.status = Self.clientClosedStatus }
    record(at: loop.clocks.monotonic())
  }

  /// What the access line shows for an answer whose client left first (nginx's convention; never sent).
  private static let clientClosedStatus = 499

  // MARK: Draining

  /// The process wants to stop: an idle connection closes now, a stream ends, everything else gets its answer first. One
  /// that was just accepted is not idle yet: its client could not know.
  func drain() {
    if phase == .head, inbound.readableBytes == 0 {
      guard loop.clocks.monotonic() < freshUntil else { return closeAfterWriting(lingers: false) }
      phaseDeadline = min(phaseDeadline, freshUntil)
      return
    }
    endpoint?.endStream()
    drainTunnel()
  }

  /// The time for draining is over.
  func endDrain() {
    guard isBusy, exchange.status == 0 else {
      flushNow()
      return cut()
    }
    exchange.keepsConnection = false
    stopForwarding()
    endpoint?.cancel()
    refuse(Refusal(.overloadShed, "The gateway is stopping; try again on another connection.", retryAfterSeconds: 1))
    flushIfNeeded()
  }

  private var isBusy: Bool {
    switch phase {
    case .waitingForKeys, .collecting, .answering, .forwarding, .tunnelling: true
    case .head, .discarding, .closing: false
    }
  }

  // MARK: Deadlines

  /// The body has to keep up a rate after a while, and to end in time.
  func expectBody() {
    let earned = Int64(exchange.bytesIn) * 1_000_000_000 / Int64(loop.settings.bodyBytesPerSecondMin)
    phaseDeadline = exchange.startedAt + min(loop.timeouts.body, loop.timeouts.bodyGrace + earned)
  }

  /// A tunnel is looked at in every tick, for its token may have been revoked.
  var nextDeadline: Int64 {
    tunnel == nil ? min(phaseDeadline, writeDeadline, forward?.nextDeadline ?? .max) : 0
  }

  func checkDeadlines(_ now: Int64) -> Bool {
    if now >= writeDeadline {
      cut()
      return true
    }
    checkTunnel(now)
    let isLate = now >= phaseDeadline
    var hasEnded = isLate
    if isLate {
      phaseDeadline = .max
      timeOut(now)
    } else if let forward {
      hasEnded = forward.checkDeadlines(now)
    }
    flushIfNeeded()
    return hasEnded
  }

  private func timeOut(_ now: Int64) {
    switch phase {
    case .head where inbound.readableBytes > 0 && isClientWritable:
      exchange.reset()
      begin()
      loop.counters.parseErrors.counter("head_timeout").increment()
      refuseLate("The request head did not arrive within the head timeout.")
    case .head, .discarding, .closing: cut()
    case .forwarding where forward?.isUpstreamHeldBack == true: waitABit(now)  // the upstream's clocks decide
    case .waitingForKeys: waitABit(now)  // the fetch has its own clock
    case .collecting, .forwarding:
      stopForwarding()
      refuseLate("The request body did not arrive in time.")
    case .answering, .tunnelling: break
    }
  }

  private func waitABit(_ now: Int64) { phaseDeadline = now + 1_000_000_000 }

  private func refuseLate(_ detail: String) {
    exchange.keepsConnection = false
    refuse(Refusal(.requestTimeout, detail))
  }
}
