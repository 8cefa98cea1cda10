import BreakwaterTesting
import Foundation
import Testing

@testable import DataPlane

/// A server nobody here wrote, behind the gateway.
@Suite(.enabled(if: NginxServer.executable != nil, "nginx is not installed"))
struct `nginx as an upstream` {
  private static let long = SeededRandom.bytes(10_400_000, seed: 20)

  private func withNginx(_ test: (TestGateway) async throws -> Void) async throws {
    let nginx = try await NginxServer.start(files: ["long": Self.long, "text": Array(repeating: 0x61, count: 5000)])
    defer { nginx.stop() }
    try await withGateway(
      {
        $0.routes = TestRoutes.all
        $0.upstreams = [.near(nginx.port)]
      }, test)
  }

  @Test func `sees one connection for many requests of many clients`() async throws {
    try await withNginx { gateway in
      var seen: [String] = []
      for _ in 0..<20 { seen.append(try await gateway.call("GET", "/open/served").text) }
      let connections = Set(seen.map { $0.prefix { $0 != ":" } })
      #expect(connections.count == 1, "\(seen)")
      #expect(seen.last?.hasSuffix(":20") == true, "\(seen)")
    }
  }

  @Test func `is told our ids and nothing a client made up`() async throws {
    try await withNginx { gateway in
      let answer = try await gateway.call(
        "GET", "/open/echo?a=%2F", headers: ["X-Tenant-Id: evil", "X_Tenant_Id: evil", "X-Request-ID: seen-by-nginx"])
      #expect(answer.text == "|seen-by-nginx|gateway.test|/open/echo?a=%2F|")
      #expect(answer.only("x-request-id") == "seen-by-nginx")
    }
  }

  @Test func `sends ten megabytes whole, and parts of them`() async throws {
    try await withNginx { gateway in
      let whole = try await gateway.call("GET", "/open/long")
      #expect(whole.body == Self.long)
      let part = try await gateway.call("GET", "/open/long", headers: ["Range: bytes=1000000-1000099"])
      #expect(part.status == 206)
      #expect(part.body == Array(Self.long[1_000_000..<1_000_100]))
      #expect(part.only("content-range") == "bytes 1000000-1000099/\(Self.long.count)")
    }
  }

  @Test func `answers conditions, HEAD, redirects, errors and compressed chunks as without us`() async throws {
    try await withNginx { gateway in
      let client = try await gateway.connect()
      try await client.get("/open/text")
      let plain = try await client.answer()
      #expect(plain.status == 200 && plain.body.count == 5000)
      let tag = try #require(plain.only("etag"))
      try await client.get("/open/text", "If-None-Match: \(tag)")
      #expect(try await client.answer().status == 304)
      try await client.send("HEAD /open/text HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try await client.answer(to: "HEAD").only("content-length") == "5000")
      try await client.get("/open/old")
      let moved = try await client.answer()
      #expect(moved.status == 301 && moved.only("location")?.hasSuffix("/open/served") == true)
      try await client.get("/open/missing")
      #expect(try await client.answer().status == 404)
      try await client.get("/open/text", "Accept-Encoding: gzip")
      let compressed = try await client.answer()
      #expect(compressed.only("content-encoding") == "gzip" && compressed.only("transfer-encoding") == "chunked")
      #expect(compressed.body.starts(with: [0x1f, 0x8b]))
      try await client.get("/open/served")
      #expect(try await client.answer().text.hasSuffix(":7"), "one connection carried all of it")
    }
  }

  @Test func `that refuses a body it was still being sent is heard`() async throws {
    try await withNginx { gateway in
      let client = try await gateway.connect()
      try await client.send("PUT /open/text HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n")
      client.enqueue([UInt8](repeating: 0x78, count: 1_000_000))
      let answer = try await client.answer()
      #expect(answer.status == 413)
      #expect(answer.all("server").count == 1, "nginx's answer, not ours")
      #expect(answer.only("connection") == "close")
    }
  }
}
