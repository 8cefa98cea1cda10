import BreakwaterTesting
import ControlModel
import Identity
import NIOCore
import Telemetry
import Testing

@testable import DataPlane

/// The example of RFC 6455 §1.3.
private let key = "dGhlIHNhbXBsZSBub25jZQ=="
private let accepted = [
  "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
]

private func head(_ lines: [String]) -> String { lines.joined(separator: "\r\n") + "\r\n\r\n" }

private let socket = Route(
  nil, "/ws", access: .roles([.user]), allowsWebSocket: true, action: .forward(upstream: "backend"))

private func withTunnels(
  _ change: (inout TestGateway.Options) -> Void = { _ in },
  _ test: (TestGateway, ScriptedUpstream) async throws -> Void
) async throws {
  try await withForwarding(
    {
      $0.routes.append(socket)
      change(&$0)
    }, test)
}

extension TestGateway {
  /// Asks for a tunnel; fields given replace those of a good handshake with the same name.
  fileprivate func handshake(
    _ id: String = "tunnel-0001", path: String = "/ws/feed", tenant: String = "orchid", fields: [String] = [],
    without: [String] = []
  ) async throws -> RawConnection {
    let client = try await connect()
    let good = [
      "Host: gateway.test", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: \(key)",
      "Sec-WebSocket-Version: 13", "X-Request-ID: \(id)", "Authorization: Bearer \(try issuer.token(tenant: tenant))",
    ]
    let kept = good.filter { line in !without.contains { line.hasPrefix($0 + ":") } }
    try await client.send(head(["GET \(path) HTTP/1.1"] + kept + fields))
    return client
  }

  /// An open tunnel and both its ends.
  fileprivate func tunnel(
    _ upstream: ScriptedUpstream, _ id: String = "tunnel-0001"
  ) async throws -> (client: RawConnection, server: RawConnection) {
    let client = try await handshake(id)
    let server = try await upstream.accept()
    _ = try await server.requestHead()
    try await server.send(head(accepted))
    #expect(try await client.take(until: "\r\n\r\n").hasPrefix("HTTP/1.1 101 "))
    return (client, server)
  }

  fileprivate func closed(_ reason: String) -> Double {
    metric("breakwater_tunnels_closed_total{reason=\"\(reason)\"}")
  }
}

@Suite struct `A WebSocket handshake` {
  @Test func `that the upstream accepts becomes a tunnel, with identity and ids as for any request`() async throws {
    try await withTunnels { gateway, upstream in
      let client = try await gateway.handshake(fields: ["X-Tenant-Id: evil", "Sec-WebSocket-Protocol: feed"])
      let server = try await upstream.accept()
      let sent = try await server.requestHead()
      #expect(sent.line == "GET /ws/feed HTTP/1.1")
      #expect(sent.values("upgrade") == ["websocket"] && sent.values("connection") == ["Upgrade"])
      #expect(sent.values("sec-websocket-key") == [key] && sent.values("sec-websocket-protocol") == ["feed"])
      #expect(sent.values("x-tenant-id") == ["orchid"] && sent.values("authorization").isEmpty)
      // What the upstream says at once is not lost.
      try await server.send(head(accepted + ["Sec-WebSocket-Protocol: feed"]) + "early")
      let answer = try await client.take(until: "\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
      #expect(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
      #expect(answer.contains("\r\nSec-WebSocket-Protocol: feed\r\n"))
      #expect(answer.contains("\r\nX-Request-ID: tunnel-0001\r\n"))
      #expect(try await client.take(5) == Array("early".utf8))
      for round in 0..<3 {
        try await client.send("ping \(round)")
        #expect(try await server.take(6) == Array("ping \(round)".utf8))
        try await server.send("pong \(round)")
        #expect(try await client.take(6) == Array("pong \(round)".utf8))
      }
      #expect(gateway.metric("breakwater_tunnels") == 1)
      await client.close()
      try await server.closed()
      let line = try await gateway.log.line(of: "tunnel-0001")
      #expect(line.status == 101 && line.bytes_in == 18 && line.bytes_out == 23)
      #expect(gateway.closed("client") == 1)
      #expect(gateway.metric("breakwater_tunnel_bytes_total{direction=\"in\"}") == 18)
      try await gateway.expectQuiet()
    }
  }

  @Test(arguments: [
    (["Sec-WebSocket-Version"], ["Sec-WebSocket-Version: 8"]), (["Sec-WebSocket-Version"], []),
    ([], ["Sec-WebSocket-Version: 13"]), (["Sec-WebSocket-Key"], []), ([], ["Sec-WebSocket-Key: \(key)"]),
    (["Sec-WebSocket-Key"], ["Sec-WebSocket-Key: c2hvcnQ="]),
    (["Sec-WebSocket-Key"], ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=="]),
    (["Sec-WebSocket-Key"], ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j_Q=="]),
    (["Connection"], ["Connection: Upgrade, Sec-WebSocket-Key"]),
  ])
  func `that is not a whole one is refused`(without: [String], fields: [String]) async throws {
    try await withTunnels { gateway, upstream in
      let client = try await gateway.handshake(fields: fields, without: without)
      let answer = try await client.answer()
      #expect(answer.status == 400)
      #expect(answer.text.contains("websocket.handshake"))
      try await client.closed()
      #expect(upstream.connections == 0)
    }
  }

  @Test func `needs a token like any request`() async throws {
    try await withTunnels { gateway, upstream in
      let client = try await gateway.handshake(without: ["Authorization"])
      #expect(try await client.answer().status == 401)
      #expect(upstream.connections == 0)
    }
  }

  @Test(arguments: ["websocket", "h2c"])
  func `where none is allowed, or for another protocol, is an ordinary request`(name: String) async throws {
    try await withTunnels { gateway, upstream in
      let client = try await gateway.handshake(
        path: name == "h2c" ? "/ws" : "/api/v1/market", fields: ["Upgrade: \(name)"], without: ["Upgrade"])
      let server = try await upstream.accept()
      let sent = try await server.requestHead()
      #expect(sent.values("upgrade").isEmpty && sent.values("connection").isEmpty)
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      #expect(try await client.answer().text == "ok")
    }
  }

  /// What follows could be read as the next request by one side and as frames by the other.
  @Test(arguments: [
    Array(accepted.dropLast()), accepted + ["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],
    Array(accepted.dropLast()) + ["Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="],
    accepted.filter { !$0.hasPrefix("Upgrade") }, accepted.filter { !$0.hasPrefix("Connection") },
    accepted.map { $0.hasPrefix("Upgrade") ? "Upgrade: h2c" : $0 }, accepted + ["Content-Length: 5"],
    accepted + ["Transfer-Encoding: chunked"],
  ])
  func `answered with a 101 that is not the right one is refused`(lines: [String]) async throws {
    try await withTunnels { gateway, upstream in
      let client = try await gateway.handshake()
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send(head(lines) + "HTTP/1.1 200 OK\r\n\r\nsmuggled")
      let answer = try await client.answer()
      #expect(answer.status == 502)
      #expect(answer.text.contains("upstream.protocol"))
      try await client.closed()
      try await server.closed()
      #expect(gateway.metric("breakwater_tunnels") == 0)
    }
  }

  @Test func `answered with a 101 nobody asked for is refused`() async throws {
    try await withTunnels { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/a")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send(head(accepted))
      #expect(try await client.answer().status == 502)
      try await server.closed()
    }
  }

  @Test func `answered with anything else gets that answer, and the connection ends`() async throws {
    try await withTunnels { gateway, upstream in
      let client = try await gateway.handshake()
      // Bytes for a tunnel that never is.
      try await client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
      let answer = try await client.answer()
      #expect(answer.status == 403 && answer.text == "no")
      #expect(answer.only("connection") == "close")
      try await client.closed()
      #expect(client.received.isEmpty)
    }
  }

  @Test(arguments: [true, false])
  func `past a cap is refused`(isPerTenant: Bool) async throws {
    try await withTunnels {
      if isPerTenant { $0.settings.tunnelsPerTenantMax = 1 } else { $0.settings.tunnelsMax = 1 }
    } _: { gateway, upstream in
      let (client, _) = try await gateway.tunnel(upstream)
      let second = try await gateway.handshake("tunnel-0002")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.send(head(accepted))
      let answer = try await second.answer()
      #expect(answer.status == 503 && answer.only("retry-after") == "5")
      try await server.closed()
      await client.close()
      try await waitUntil("room again") { gateway.metric("breakwater_tunnels") == 0 }
      _ = try await gateway.tunnel(upstream, "tunnel-0003")
    }
  }
}

@Suite struct `A tunnel` {
  private let defaults = DataPlaneSettings()

  private func closeFrame(_ code: UInt16) -> [UInt8] { [0x88, 2, UInt8(code >> 8), UInt8(code & 0xff)] }
  private func maskedClose(_ code: UInt16) -> [UInt8] {
    [0x88, 0x82, 0, 0, 0, 0, UInt8(code >> 8), UInt8(code & 0xff)]
  }

  @Test func `ends with its token, and both sides are told`() async throws {
    try await withTunnels { gateway, upstream in
      let (client, server) = try await gateway.tunnel(upstream)
      gateway.clock.advance(by: .seconds(290))
      try await client.send([0x81, 0x80, 0, 0, 0, 0])
      _ = try await server.take(6)
      for _ in 0..<12 {  // an hour, never idle for five minutes
        gateway.clock.advance(by: .seconds(290))
        try await gateway.settle()
        if client.isClosed { break }
        try? await client.send([0x81, 0x80, 0, 0, 0, 0])
      }
      try await client.closed()
      #expect(client.received == closeFrame(1008))
      #expect(server.received.suffix(8) == maskedClose(1008)[...])
      let line = try await gateway.log.line(of: "tunnel-0001")
      #expect(line.status == 101 && line.code == "auth.expired")
      #expect(gateway.closed("expired") == 1)
    }
  }

  @Test func `ends when its token is revoked, within a tick`() async throws {
    try await withTunnels { gateway, upstream in
      let (client, server) = try await gateway.tunnel(upstream)
      let now = gateway.clock.clocks.now
      try gateway.revocations.update { (list: inout RevocationList) throws(Refusal) in
        try list.add(Revocation(.subject("u1"), reason: "left", at: now, policy: gateway.issuer.policy))
      }
      try await client.closed()  // no time passes: the next tick sees it
      #expect(client.received == closeFrame(1008))
      try await server.closed()
      #expect(try await gateway.log.line(of: "tunnel-0001").code == "auth.revoked")
      #expect(gateway.closed("revoked") == 1)
      await client.close()
      try await gateway.expectQuiet()
    }
  }

  @Test func `without a byte either way ends at its idle timeout`() async throws {
    try await withTunnels { gateway, upstream in
      let (client, server) = try await gateway.tunnel(upstream)
      gateway.clock.advance(by: defaults.tunnelIdleTimeout - .seconds(1))
      try await server.send([0x81, 1, 0x61])
      _ = try await client.take(3)
      gateway.clock.advance(by: .seconds(2))
      try await gateway.settle()
      #expect(!client.isClosed)
      gateway.clock.advance(by: defaults.tunnelIdleTimeout)
      try await client.closed()
      #expect(client.received == closeFrame(1001))
      #expect(gateway.closed("idle") == 1)
    }
  }

  @Test func `is not told in the middle of a frame`() async throws {
    try await withTunnels { gateway, upstream in
      let (client, server) = try await gateway.tunnel(upstream)
      try await server.send([0x82, 10, 1, 2, 3])
      _ = try await client.take(5)
      gateway.clock.advance(by: defaults.tunnelIdleTimeout)
      try await client.closed()
      #expect(client.received.isEmpty)
    }
  }

  @Test func `ends in the first half of a drain, told that a restart is why`() async throws {
    try await withTunnels { gateway, upstream in
      let (client, server) = try await gateway.tunnel(upstream)
      let drained = Task { await gateway.drain() }
      try await waitUntil("draining") { gateway.dataPlane.isDraining }
      try await waitUntil("the tunnel ends") {
        gateway.clock.advance(by: .milliseconds(500))
        return client.isClosed
      }
      #expect(client.received == closeFrame(1012))
      try await server.closed()
      await client.close()
      await drained.value
      #expect(gateway.closed("draining") == 1)
    }
  }

  @Test func `that its upstream ends gives the client what was sent before`() async throws {
    try await withTunnels { gateway, upstream in
      let (client, server) = try await gateway.tunnel(upstream)
      let bytes = [UInt8](repeating: 7, count: 300_000)
      try await server.send(bytes)
      await server.close()
      #expect(try await client.take(bytes.count).count == bytes.count)
      try await client.closed()
      #expect(gateway.closed("upstream") == 1)
      #expect(try await gateway.log.line(of: "tunnel-0001").bytes_out == bytes.count)
    }
  }

  @Test func `that its client ends gives the upstream what was sent before`() async throws {
    try await withTunnels { gateway, upstream in
      let (client, server) = try await gateway.tunnel(upstream)
      let bytes = [UInt8](repeating: 7, count: 300_000)
      try await client.send(bytes)
      await client.close()
      #expect(try await server.take(bytes.count).count == bytes.count)
      try await server.closed()
      try await gateway.expectQuiet()
    }
  }

  @Test(arguments: [true, false])
  func `holds back whoever sends faster than the other takes, and loses nothing`(isUp: Bool) async throws {
    try await withTunnels { gateway, upstream in
      let (client, server) = try await gateway.tunnel(upstream)
      let (from, to) = isUp ? (client, server) : (server, client)
      try await to.setReading(false)
      let sent = try await gateway.flood(from)
      #expect(sent < 64_000_000)
      try await to.setReading(true)
      #expect(try await to.take(sent).count == sent)
    }
  }

  @Test func `whose client takes nothing is cut`() async throws {
    try await withTunnels { gateway, upstream in
      let (client, server) = try await gateway.tunnel(upstream)
      try await client.setReading(false)
      try await gateway.flood(server)
      gateway.clock.advance(by: defaults.writeStallTimeout)
      try await server.closed()
      try await gateway.expectQuiet()
      #expect(gateway.metric("breakwater_tunnels") == 0)
    }
  }
}

@Suite struct `The end of a frame` {
  private static let frames: [[UInt8]] = [
    [0x81, 0], [0x81, 3, 1, 2, 3], [0x81, 0x82, 9, 9, 9, 9, 1, 2], [0x89, 0x80, 1, 2, 3, 4],
    [0x82, 126, 1, 0] + [UInt8](repeating: 5, count: 256),
    [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 5, count: 65_536),
  ]

  @Test func `is found however its bytes arrive`() {
    for frame in Self.frames {
      for split in [1, 2, 3, 7, frame.count] where split <= frame.count {
        var follower = WebSocketFrames()
        var position = 0
        while position < frame.count {
          let end = min(position + split, frame.count)
          let piece = Array(frame[position..<end])
          follower.read(piece.span)
          position = end
          #expect(follower.isAtEnd == (position == frame.count), "\(frame.prefix(10)) split by \(split) at \(position)")
        }
      }
    }
    var follower = WebSocketFrames()
    let all = Self.frames.flatMap(\.self)
    follower.read(all.span)
    #expect(follower.isAtEnd)
  }
}
