import ControlModel
import Identity
import NIOCore
import Telemetry

/// A forwarded connection that has become a tunnel.
extension ClientConnection {
  /// The key of a handshake that asks for a tunnel; nil for every other request. A route that does not allow tunnels
  /// ignores what asks for one, as RFC 9110 §7.8 allows.
  func tunnelKey(_ head: RequestHead, _ bytes: ByteBuffer, _ route: Route) throws(Refusal) -> [UInt8]? {
    guard head.asksForWebSocket, route.allowsWebSocket, exchange.guardMode != .enforce else { return nil }
    // Whatever comes of it, what follows on this connection is not another request.
    exchange.keepsConnection = false
    return try WebSocketHandshake.key(loop.parser.fields, bytes.readableBytesUInt8Span)
  }

  /// The upstream has agreed: tells the client so. Refuses at a cap, with nothing sent yet.
  func beginTunnel(_ fields: [Field], _ answer: ByteBuffer) throws(Refusal) {
    try loop.dataPlane.tunnels.enter(exchange.caller?.tenant)
    tunnel = Tunnel(
      exchange.caller, epoch: 0, idleNanoseconds: loop.timeouts.tunnelIdle, at: loop.clocks.monotonic())
    loop.expect(self, at: nextDeadline)
    phase = .tunnelling
    phaseDeadline = .max
    exchange.status = 101
    exchange.isUpstream = true
    let span = answer.readableBytesUInt8Span
    var out = loop.takeOut()
    out.writeStaticString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
    for field in fields where field.kind == .other || field.kind == .via || field.kind == .date {
      out.writeBytes(span.bytes.extracting(field.name.lowerBound..<field.value.upperBound))
      out.writeStaticString("\r\n")
    }
    out.writeStaticString("Via: 1.1 breakwater\r\nX-Request-ID: ")
    out.writeBytes(exchange.requestID)
    out.writeStaticString("\r\n")
    if let acting = exchange.caller?.actingAs { out.writeBytes(acting.responseLine) }
    out.writeBytes(exchange.rateHeaders.bytes)
    out.writeStaticString("\r\n")
    write(out)
    loop.out = out
    if loop.dataPlane.isDraining { drainTunnel() }
  }

  /// Passes on what the client has sent. False: more has to arrive, or the upstream has to take it first.
  func passTunnelBytes() -> Bool {
    guard let run = forward, let tunnel, inbound.readableBytes > 0, !run.isUpstreamHeldBack else { return false }
    let bytes = inbound
    inbound = ByteBuffer()
    exchange.bytesIn += bytes.readableBytes
    loop.dataPlane.tunnels.bytesIn.increment(by: bytes.readableBytes)
    tunnel.heardClient(bytes, at: loop.clocks.monotonic())
    run.send(bytes, isEnd: false)
    return false
  }

  /// Passes on what the upstream has sent.
  func passToClient(_ bytes: ByteBuffer) {
    exchange.bytesOut += bytes.readableBytes
    loop.dataPlane.tunnels.bytesOut.increment(by: bytes.readableBytes)
    tunnel?.heardUpstream(bytes, at: loop.clocks.monotonic())
    write(bytes)
  }

  /// Looks whether the tunnel may go on; called every `LoopContext.tick`.
  func checkTunnel(_ now: Int64) {
    guard let tunnel else { return }
    let wall = WallTime(unixMilliseconds: loop.clocks.wall())
    if let end = tunnel.end(now, wall: wall, loop.dataPlane.revocations) { endTunnel(end) }
  }

  /// Ends in good order: the peers are told why where a frame may stand, and get what was sent for them before.
  func endTunnel(_ end: Tunnel.End) {
    guard let tunnel else { return }
    self.tunnel = nil
    loop.dataPlane.tunnels.leave(tunnel.caller?.tenant, end)
    if let code = end.closeCode {
      if tunnel.mayTellClient { write(ByteBuffer(bytes: WebSocketFrames.close(code, isMasked: false))) }
      if tunnel.mayTellUpstream { forward?.tellUpstream(WebSocketFrames.close(code, isMasked: true)) }
    }
    forward?.endTunnel()
    exchange.refusal = end.refusal
    inbound.clear()
    finishExchange(at: loop.clocks.monotonic())
    flushIfNeeded()
  }

  /// The client is gone: what it sent before still reaches the upstream.
  func abandonTunnel() {
    guard let tunnel else { return }
    self.tunnel = nil
    loop.dataPlane.tunnels.leave(tunnel.caller?.tenant, exchange.refusal == nil ? .client : .upstream)
    if exchange.refusal == nil, inbound.readableBytes > 0 { forward?.send(inbound, isEnd: false) }
    forward?.endTunnel()
  }

  /// Tunnels end over the first half of the time there is for draining.
  func drainTunnel() {
    let span = UInt64(max(1, loop.timeouts.drain / 2))
    tunnel?.drain(by: loop.clocks.monotonic() + Int64(loop.random.next() % span))
  }
}
