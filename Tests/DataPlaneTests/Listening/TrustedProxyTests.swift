import ControlModel
import Testing

@testable import DataPlane

/// Whose address counts: the connection's, unless a proxy of ours brings the connection.
@Suite struct `A client behind a proxy` {
  private func withProxies(
    _ blocks: [String], ip: RateLimit? = nil, _ test: (TestGateway, ScriptedUpstream) async throws -> Void
  ) async throws {
    try await withForwarding(
      {
        $0.settings.trustedProxies = blocks.compactMap { AddressBlock($0) }
        if let ip { $0.policies.ip = ip }
      }, test)
  }

  @Test(arguments: [
    (["X-Forwarded-For: 203.0.113.7"], "203.0.113.7"),
    (["X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
    (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.7"], "203.0.113.7"),
    (["X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 10.1.2.3"], "203.0.113.7"),
    (["X-Forwarded-For: 10.1.2.3, 10.1.2.4"], "10.1.2.3"), (["X-Forwarded-For: junk"], "127.0.0.1"),
    (["X-Forwarded-For: 203.0.113.7, unknown"], "127.0.0.1"), (["X-Forwarded-For: 2001:db8::9"], "2001:db8::9"),
    ([], "127.0.0.1"),
    (["Forwarded: for=203.0.113.7;proto=https"], "203.0.113.7"),
    (["Forwarded: for=6.6.6.6, for=\"203.0.113.7:4711\";by=10.0.0.1"], "203.0.113.7"),
    (["Forwarded: proto=https;For=\"[2001:db8::9]:80\""], "2001:db8::9"),
    (["Forwarded: for=203.0.113.7, for=_hidden"], "127.0.0.1"),
    (["Forwarded: for=203.0.113.7", "Forwarded: for=10.1.2.3"], "203.0.113.7"),
    (["Forwarded: for=203.0.113.7", "X-Forwarded-For: 203.0.113.7"], "203.0.113.7"),
    (["X-Forwarded-For: 203.0.113.7:4711"], "203.0.113.7"), (["X-Forwarded-For: [2001:db8::9]:4711"], "2001:db8::9"),
    (["X-Forwarded-For: ::ffff:203.0.113.7"], "203.0.113.7"),
    // A proxy that states one of the two lets through what a client put in the other.
    (["Forwarded: for=6.6.6.6", "X-Forwarded-For: 203.0.113.7"], "127.0.0.1"),
    (["Forwarded: for=203.0.113.7", "X-Forwarded-For: 6.6.6.6"], "127.0.0.1"),
    (["Forwarded: by=\"a,for=6.6.6.6\";for=203.0.113.7"], "203.0.113.7"),
    (["Forwarded: for=\"203.0.113.7"], "127.0.0.1"),
    (["X_Forwarded_For: 6.6.6.6"], "127.0.0.1"),
  ])
  func `is the last address our proxies did not add themselves`(lines: [String], expected: String) async throws {
    try await withProxies(["127.0.0.0/8", "10.0.0.0/8"]) { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send(
        (["GET /open HTTP/1.1", "Host: a", "X-Request-ID: behind-a-proxy"] + lines).joined(separator: "\r\n")
          + "\r\n\r\n")
      let server = try await upstream.accept()
      let head = try await server.requestHead()
      #expect(head.values("x-forwarded-for") == [expected])
      #expect(head.values("forwarded").count == 1)
      #expect(!head.fields.contains { $0.contains("6.6.6.6") })
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      _ = try await client.answer()
      #expect(try await gateway.log.line(of: "behind-a-proxy").peer == expected)
    }
  }

  @Test(arguments: ["X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "X-Real-IP: 203.0.113.7"])
  func `is the connection's peer when that is no proxy of ours`(line: String) async throws {
    try await withProxies(["10.0.0.0/8"]) { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open", line)
      let head = try await upstream.accept().requestHead()
      #expect(head.values("x-forwarded-for") == ["127.0.0.1"])
      #expect(head.values("forwarded") == ["for=127.0.0.1;proto=http;host=\"a.test\""])
      #expect(!head.fields.contains { $0.contains("203.0.113.7") })
    }
  }

  @Test func `keeps the scheme the proxy saw`() async throws {
    try await withProxies(["127.0.0.1"]) { gateway, upstream in
      for lines in [
        ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https"], ["Forwarded: for=203.0.113.7;proto=https"],
      ] {
        let client = try await gateway.connect()
        try await client.send((["GET /open HTTP/1.1", "Host: a"] + lines).joined(separator: "\r\n") + "\r\n\r\n")
        let server = try await upstream.accept()
        let head = try await server.requestHead()
        #expect(head.values("x-forwarded-proto") == ["https"])
        #expect(head.values("forwarded") == ["for=203.0.113.7;proto=https;host=\"a\""])
      }
    }
  }

  @Test func `has a bucket of its own, though the connection is everybody's`() async throws {
    let limit = RateLimit(quota: 60, windowSeconds: 60, burst: 1)
    try await withProxies(["127.0.0.1"], ip: limit) { gateway, _ in
      let client = try await gateway.connect()
      for (address, status) in [
        ("203.0.113.7", 200), ("203.0.113.7", 429), ("203.0.113.8", 200), ("203.0.113.7", 429), ("2001:db8::1", 200),
        ("2001:db8::2", 429),
      ] {
        try await client.get("/hello", "X-Forwarded-For: \(address)")
        #expect(try await client.answer().status == status, "\(address)")
      }
    }
  }

  @Test func `cannot dodge its bucket by claiming other addresses`() async throws {
    try await withProxies([], ip: RateLimit(quota: 60, windowSeconds: 60, burst: 1)) { gateway, _ in
      for (address, status) in [("1.1.1.1", 200), ("1.1.1.2", 429)] {
        let answer = try await gateway.call("GET", "/hello", headers: ["X-Forwarded-For: \(address)"])
        #expect(answer.status == status)
      }
    }
  }
}
