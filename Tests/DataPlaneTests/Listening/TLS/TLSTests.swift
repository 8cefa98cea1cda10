import BreakwaterTesting
import ControlModel
import NIOSSL
import Testing

@testable import DataPlane

/// A gateway that answers with the certificate of `Fixtures/tls/server.pem`.
private func withTLS(
  _ change: (inout TestGateway.Options) -> Void = { _ in },
  _ test: (TestGateway, ScriptedUpstream) async throws -> Void
) async throws {
  let identity = try TestTLS.identity()
  try await withForwarding(
    {
      $0.tls = identity
      change(&$0)
    }, test)
}

@Suite struct `A connection with TLS` {
  private let defaults = DataPlaneSettings()

  private func handshakes(_ gateway: TestGateway, _ result: String) -> Double {
    gateway.metric("breakwater_tls_handshakes_total{result=\"\(result)\"}")
  }

  @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
  func `is served like any other, and upstreams and the log are told`(version: TLSVersion) async throws {
    try await withTLS { gateway, upstream in
      let client = try await RawConnection.connect(
        to: gateway.publicPort, tls: TestTLS.client { $0.maximumTLSVersion = version })
      for _ in 0..<3 {
        try await client.get("/open/a", "X-Request-ID: over-tls-1")
        let server = try await upstream.accept()
        let head = try await server.requestHead()
        #expect(head.values("forwarded").first?.contains("proto=https") == true, "\(head)")
        #expect(head.values("x-forwarded-proto") == ["https"])
        try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        #expect(try await client.answer().text == "ok")
      }
      #expect(try await gateway.log.line(of: "over-tls-1").tls == (version == .tlsv13 ? "1.3" : "1.2"))
      #expect(handshakes(gateway, "ok") == 1)
      try await client.get("/open/b", "Connection: close")
      try await upstream.accept().reply()
      #expect(try await client.answer().text == "ok")
      try await client.closed()
    }
  }

  @Test func `leaves the ops listener as it is`() async throws {
    try await withTLS { gateway, _ in
      let answer = try await gateway.call("GET", "/hello", ops: true)
      #expect(answer.text == "hello")
    }
  }

  @Test func `below version 1.2 is refused and counted`() async throws {
    try await withTLS { gateway, _ in
      let client = try await RawConnection.connect(
        to: gateway.publicPort,
        tls: TestTLS.client {
          $0.minimumTLSVersion = .tlsv1
          $0.maximumTLSVersion = .tlsv11
        })
      try await client.closed()
      try await waitUntil("the failure is counted") { handshakes(gateway, "version") == 1 }
      try await gateway.expectQuiet()
    }
  }

  @Test func `whose client does not believe the certificate is counted as its refusal`() async throws {
    try await withTLS { gateway, _ in
      let client = try await RawConnection.connect(to: gateway.publicPort, tls: TestTLS.client(believing: "renewed"))
      try await client.closed()
      try await waitUntil("the failure is counted") { handshakes(gateway, "alert") == 1 }
      try await gateway.expectQuiet()
    }
  }

  @Test(arguments: [[UInt8](repeating: 0x16, count: 64), [0x16, 3, 1, 0, 4, 1, 2, 3, 4, 5]])
  func `that begins with garbage is closed and counted`(bytes: [UInt8]) async throws {
    try await withTLS { gateway, _ in
      let client = try await RawConnection.connect(to: gateway.publicPort)
      try await client.send(bytes)
      try await client.closed()
      try await waitUntil("the failure is counted") { handshakes(gateway, "malformed") == 1 }
      try await gateway.expectQuiet()
    }
  }

  @Test func `in plain HTTP gets a coded answer and a clean end`() async throws {
    try await withTLS { gateway, upstream in
      let client = try await RawConnection.connect(to: gateway.publicPort)
      try await client.get("/open/a", "X-Request-ID: plain-on-tls")
      let answer = try await client.answer()
      #expect(answer.status == 400)
      #expect(answer.text.contains("http.tls_required"))
      #expect(answer.only("x-request-id") == "plain-on-tls")
      #expect(answer.only("connection") == "close")
      try await client.closed()
      #expect(upstream.connections == 0)
      #expect(handshakes(gateway, "plaintext") == 1)
      #expect(try await gateway.log.line(of: "plain-on-tls").tls == nil)
    }
  }

  @Test func `that says nothing, or stops within the handshake, is closed at the handshake timeout`() async throws {
    try await withTLS { gateway, _ in
      let silent = try await RawConnection.connect(to: gateway.publicPort)
      let halfway = try await RawConnection.connect(to: gateway.publicPort)
      try await halfway.send([0x16, 3, 1, 2, 0, 1])
      try await gateway.waitForConnections(2)
      try await gateway.settle(ops: true)
      gateway.clock.advance(by: defaults.handshakeTimeout - .seconds(1))
      try await gateway.settle(ops: true)
      #expect(!silent.isClosed && !halfway.isClosed)
      gateway.clock.advance(by: .seconds(1))
      try await silent.closed()
      try await halfway.closed()
      #expect(handshakes(gateway, "timeout") == 2)
      try await gateway.expectQuiet()
    }
  }

  @Test func `has the head timeout after the handshake`() async throws {
    try await withTLS { gateway, _ in
      let client = try await gateway.connect()
      try await client.send("GET /hello HTTP/1.1\r\nHos")
      try await waitUntil("the handshake is done") { handshakes(gateway, "ok") == 1 }
      try await gateway.settle()
      gateway.clock.advance(by: defaults.headTimeout)
      #expect(try await client.answer().status == 408)
    }
  }

  @Test func `that takes nothing of its answer holds its upstream back and is cut`() async throws {
    try await withTLS {
      $0.upstreams[0].timeout = .seconds(600)
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open/long", "X-Request-ID: stalled-tls-1")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await client.setReading(false)
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
      #expect(try await gateway.flood(server) < 64_000_000)
      gateway.clock.advance(by: defaults.writeStallTimeout)
      try await server.closed()
      #expect(try await gateway.log.line(of: "stalled-tls-1").status == 499)
      try await gateway.expectQuiet()
    }
  }

  @Test func `that sends faster than its upstream takes is held back, and loses nothing`() async throws {
    try await withTLS { gateway, upstream in
      let client = try await gateway.connect()
      let size = 12_000_000
      try await client.send("POST /open HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await server.setReading(false)
      let sent = try await gateway.flood(client, atMost: size - 64 * 1024)
      try await server.setReading(true)
      client.enqueue([UInt8](repeating: 0x79, count: size - sent))
      #expect(try await server.take(size).count == size)
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      #expect(try await client.answer().status == 204)
    }
  }

  @Test func `keeps its certificate when another is put in force; new ones get the other`() async throws {
    let renewed = try TestTLS.identity("renewed")
    try await withTLS {
      $0.settings.idleTimeout = .seconds(600)
    } _: { gateway, _ in
      let old = try await gateway.connect()
      try await old.get("/hello")
      #expect(try await old.answer().text == "hello")
      gateway.reload {
        $0.tls = renewed
      }
      try await old.get("/hello")
      #expect(try await old.answer().text == "hello")
      let new = try await RawConnection.connect(to: gateway.publicPort, tls: TestTLS.client(believing: "renewed"))
      try await new.get("/hello")
      #expect(try await new.answer().text == "hello")
      try await old.get("/hello")
      #expect(try await old.answer().text == "hello")
    }
  }

  @Test(arguments: [
    ([], "https"), (["X-Forwarded-Proto: http"], "http"), (["X-Forwarded-Proto: https"], "https"),
  ])
  func `of a trusted proxy has the scheme it states, else the one we got`(
    fields: [String], scheme: String
  ) async throws {
    try await withTLS {
      $0.settings.trustedProxies = [AddressBlock("127.0.0.0/8")].compactMap(\.self)
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      let lines = ["GET /open/a HTTP/1.1", "Host: a", "X-Forwarded-For: 203.0.113.7"] + fields
      try await client.send(lines.joined(separator: "\r\n") + "\r\n\r\n")
      let head = try await upstream.accept().requestHead()
      #expect(head.values("forwarded").first?.hasPrefix("for=203.0.113.7;proto=\(scheme);") == true, "\(head)")
    }
  }

  @Test func `is drained like any other`() async throws {
    try await withTLS { gateway, upstream in
      let idle = try await gateway.connect()
      try await idle.get("/hello")
      _ = try await idle.answer()
      let silent = try await RawConnection.connect(to: gateway.publicPort)
      let busy = try await gateway.connect()
      try await busy.get("/open/slow")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      try await gateway.waitForConnections(3)
      let drained = Task { await gateway.drain() }
      try await idle.closed()
      try await silent.closed()
      try await server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
      #expect(try await busy.answer().text == "done")
      try await busy.closed()
      for client in [idle, silent, busy] { await client.close() }
      await drained.value
    }
  }
}

@Suite struct `A certificate and its key` {
  private func problem(_ certificate: String, _ key: String) throws -> TLSProblem? {
    do throws(TLSProblem) {
      _ = try TLSIdentity(certificate: (try? TestTLS.bytes(certificate)) ?? [], key: (try? TestTLS.bytes(key)) ?? [])
      return nil
    } catch {
      return error
    }
  }

  @Test func `know when they end`() throws {
    let identity = try TestTLS.identity()
    #expect(identity.notAfter.description.hasPrefix("2126-"))
    #expect(identity.notBefore.description.hasPrefix("2026-"))
  }

  @Test(arguments: [
    ("server.key", "server.key", TLSProblem.File.certificate, "holds no PEM certificate"),
    ("none", "server.key", .certificate, "holds no PEM certificate"),
    ("server.pem", "server.pem", .key, "holds no PEM private key"),
    ("server.pem", "encrypted.key", .key, "is encrypted"),
    ("server.pem", "renewed.key", .key, "does not belong to the certificate"),
  ])
  func `that do not fit are refused with the reason`(
    certificate: String, key: String, file: TLSProblem.File, sentence: String
  ) throws {
    let problem = try #require(try problem(certificate, key))
    #expect(problem.file == file)
    #expect(problem.message.hasPrefix(sentence), "\(problem.message)")
  }
}
