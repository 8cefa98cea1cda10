import Testing

@testable import DataPlane

@Suite struct `Field names` {
  /// Every beginning by which an upstream could be told who the caller is.
  static let identities = [
    "X-Tenant-Id", "X-Tenant", "X-Tenant-Name", "X-TenantId", "X-User-Id", "X-User", "X-User-Role", "X-Role", "X-Roles",
    "X-Act-As", "X-Act-As-Tenant", "X-Acting-As", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups",
    "X-Forwarded-Prefix", "X-Breakwater-Caller", "X-Remote-User", "Remote-User", "Remote-Groups", "X-Auth-Request-User",
    "X-Real-IP", "X-Original-URL", "X-Rewrite-URL",
  ]

  @Test(arguments: identities)
  func `that state an identity are recognised in any case`(name: String) {
    for spelling in [name, name.lowercased(), name.uppercased()] {
      let head = ParsedHead.get("\(spelling): evil").summary
      #expect(head?.identityFields == 1, "\(spelling)")
      #expect(head?.fields.last?.kind == .identity, "\(spelling)")
    }
  }

  @Test(arguments: identities)
  func `with other marks for the hyphen are left out altogether`(name: String) {
    for mark in ["_", ".", "~", "'", "|", "+"] {
      let spelling = name.replacing("-", with: mark)
      let head = ParsedHead.get("\(spelling): evil").summary
      #expect(head?.ambiguousFields == 1, "\(spelling)")
      #expect(head?.fields.map(\.name) == ["Host"], "\(spelling)")
    }
  }

  @Test(arguments: [
    "Accept", "X-Api-Key", "X-Trace", "Tenant", "X-Tena", "Content-Type", "X-Forward", "Remote", "X-Rolling", "Origin",
  ])
  func `of no special meaning are passed on`(name: String) {
    #expect(ParsedHead.get("\(name): v").summary?.fields.last?.kind == .other)
  }

  @Test(arguments: [
    ("Connection", FieldName.connection), ("KEEP-ALIVE", .keepAlive), ("Proxy-Connection", .proxyConnection),
    ("TE", .te), ("Trailer", .trailer), ("Upgrade", .upgrade), ("Proxy-Authorization", .proxyAuthorization),
    ("Proxy-Authenticate", .proxyAuthenticate), ("x-request-id", .requestID), ("traceparent", .traceparent),
    ("tracestate", .tracestate), ("Via", .via), ("Forwarded", .forwarded), ("X-Forwarded-For", .forwardedFor),
    ("X-Forwarded-Proto", .forwardedProto), ("X-Forwarded-Host", .forwardedHost), ("Cookie", .cookie),
    ("authorization", .authorization),
  ])
  func `the gateway treats itself are recognised`(name: String, kind: FieldName) {
    #expect(ParsedHead.get("\(name): v").summary?.fields.last?.kind == kind)
  }

  @Test func `named by Connection are given up with it, but never framing, credentials or content metadata`() throws {
    let head = try #require(
      ParsedHead.get(
        "Connection: x-hop, X-TENANT-ID, content-type, authorization, host, cookie, close", "X-Hop: 1", "x-HOP: 2",
        "Content-Type: text/plain", "Authorization: Bearer t", "Cookie: a=b", "X-Kept: 3"
      ).summary)
    func kind(_ name: String) -> FieldName? { head.fields.first { $0.name == name }?.kind }
    #expect(kind("X-Hop") == .keepAlive)
    #expect(kind("x-HOP") == .keepAlive)
    #expect(kind("Content-Type") == .other)
    #expect(kind("Authorization") == .authorization)
    #expect(kind("Host") == .host)
    #expect(kind("Cookie") == .cookie)
    #expect(kind("X-Kept") == .other)
  }

  @Test func `of answers leave framing, hop-by-hop fields and our own id behind`() throws {
    var parser = ResponseHeadParser()
    let text =
      "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-Request-ID: theirs\r\nServer: s\r\n"
      + "Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    let bytes = Array(text.utf8)
    _ = try parser.parse(bytes.span, answering: .get)
    let forwarded = parser.fields.filter { $0.kind == .other }.map { String(decoding: bytes[$0.name], as: UTF8.self) }
    #expect(forwarded == ["Server", "Set-Cookie"])
  }
}
