import ControlModel
import Testing

@testable import DataPlane

/// Who calls is what the token says. A client's own claims about it never reach an upstream.
@Suite struct `A spoofed identity` {
  /// Names that could tell an upstream who is calling.
  static let stems = [
    "X-Tenant-Id", "X-Tenant", "X-TenantId", "X-Tenant-Name", "X-User-Id", "X-User", "X-User-Role", "X-User-Email",
    "X-UserId", "X-Role", "X-Roles", "X-Act-As", "X-Act-As-Tenant", "X-Acting-As", "X-Forwarded-User",
    "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Breakwater-Tenant",
    "X-Breakwater-Context", "X-Auth-Request-User", "X-Remote-User", "Remote-User", "Remote-Groups", "X-Original-URL",
    "X-Rewrite-URL",
  ]

  static let names: [String] = {
    return stems + stems.map { $0.lowercased() } + stems.map { $0.uppercased() }
      + stems.map { $0.replacing("-", with: "_") } + ["x-Tenant_id", "X_Tenant-Id", "X.Tenant.Id", "X-Tenant-Id'"]
  }()

  @Test func `is dropped in every spelling`() async throws {
    try await withForwarding { gateway, upstream in
      let token = try gateway.issuer.token(.user, "ann", tenant: "orchid")
      let client = try await gateway.connect()
      var server: RawConnection?
      for name in Self.names {
        try await client.get("/api/v1/market", "Authorization: Bearer \(token)", "\(name): evil")
        if server == nil { server = try await upstream.accept() }
        let head = try await #require(server).requestHead()
        #expect(!head.fields.contains { $0.contains("evil") }, "\(name): \(head.fields)")
        #expect(head.values("x-tenant-id") == ["orchid"], "\(name)")
        #expect(head.values("x-user-id") == ["ann"], "\(name)")
        #expect(head.values("x-user-role") == ["user"], "\(name)")
        try await server?.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(try await client.answer().status == 204, "\(name)")
      }
      #expect(upstream.connections == 1)
    }
  }

  @Test func `is dropped on open routes, where nobody is identified`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.get("/open", "X-Tenant-Id: evil", "X-User-Id: evil", "X-User-Role: admin")
      let head = try await upstream.accept().requestHead()
      for name in ["x-tenant-id", "x-user-id", "x-user-role"] { #expect(head.values(name).isEmpty) }
      #expect(gateway.metric("breakwater_http_headers_dropped_total{reason=\"identity\"}") == 3)
    }
  }

  @Test func `is dropped when repeated, split around ours and named by Connection`() async throws {
    try await withForwarding { gateway, upstream in
      let token = try gateway.issuer.token(.user, "ann", tenant: "orchid")
      let client = try await gateway.connect()
      try await client.get(
        "/api/v1/market", "X-Tenant-Id: evil", "X-Tenant-Id: evil2", "Authorization: Bearer \(token)",
        "X-Tenant-Id: evil3", "Connection: x-tenant-id, x-user-id, x-user-role, x-request-id, authorization, host")
      let head = try await upstream.accept().requestHead()
      #expect(head.values("x-tenant-id") == ["orchid"])
      #expect(head.values("x-user-id") == ["ann"])
      #expect(head.values("x-user-role") == ["user"])
      #expect(head.values("host") == ["a.test"])
      #expect(head.values("x-request-id").count == 1)
    }
  }

  @Test func `in trailers is dropped with all of them`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      try await client.send(
        "POST /open HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Tenant-Id\r\n\r\n"
          + "2\r\nhi\r\n0\r\nX-Tenant-Id: evil\r\nAuthorization: Bearer evil\r\n\r\n")
      let server = try await upstream.accept()
      #expect(try await server.requestHead().values("x-tenant-id").isEmpty)
      #expect(try await server.take(until: "0\r\n\r\n") == "2\r\nhi\r\n0\r\n\r\n")
      try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
      #expect(try await client.answer().status == 204)
      #expect(server.received.isEmpty)
    }
  }

  @Test func `in the host, the body or an unrelated parameter changes nothing`() async throws {
    try await withForwarding { gateway, upstream in
      let token = try gateway.issuer.token(.user, "ann", tenant: "orchid")
      let client = try await gateway.connect()
      try await client.send(
        "POST /api/v1/market?owner=evil HTTP/1.1\r\nHost: evil.test\r\nAuthorization: Bearer \(token)\r\n"
          + "Content-Length: 19\r\n\r\n{\"tenantId\":\"evil\"}")
      #expect(try await upstream.accept().requestHead().values("x-tenant-id") == ["orchid"])
    }
  }

  @Test func `of the previous request on the connection is not the next one's`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      let orchid = try gateway.issuer.token(.user, "ann", tenant: "orchid")
      let lotus = try gateway.issuer.token(.user, "bob", tenant: "lotus")
      try await client.get("/api/v1/market", "Authorization: Bearer \(orchid)")
      try await client.get("/api/v1/market", "Authorization: Bearer \(lotus)")
      try await client.get("/open")
      let server = try await upstream.accept()
      for expected in [["orchid"], ["lotus"], []] {
        #expect(try await server.requestHead().values("x-tenant-id") == expected)
        try await server.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(try await client.answer().status == 204)
      }
    }
  }
}
