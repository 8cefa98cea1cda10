import BreakwaterTesting
import ControlModel
import Foundation
import Identity
import Synchronization
import Telemetry
import Testing

@testable import DataPlane

/// Routes with roles let nobody through without a token that holds.
@Suite struct `A bearer token` {
  private struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let status: Int
    let code: String
    let header: @Sendable (TestGateway) throws -> String?
    var testDescription: String { name }
  }

  private static let cases: [Case] = [
    Case(name: "none", status: 401, code: "auth.missing") { _ in nil },
    Case(name: "another scheme", status: 401, code: "auth.missing") { _ in "Basic dXNlcjpwYXNz" },
    Case(name: "empty", status: 401, code: "auth.missing") { _ in "Bearer " },
    Case(name: "junk", status: 401, code: "auth.malformed") { _ in "Bearer junk" },
    Case(name: "two tokens", status: 401, code: "auth.malformed") {
      "Bearer \(try $0.issuer.token()), Bearer \(try $0.issuer.token())"
    },
    Case(name: "expired", status: 401, code: "auth.expired") {
      try draft($0) {
        $0.expiresAt = $0.issuedAt.adding(milliseconds: -60_000);
        $0.issuedAt = $0.issuedAt.adding(milliseconds: -3_600_000)
      }
    },
    Case(name: "not valid yet", status: 401, code: "auth.not_yet_valid") {
      try draft($0) { $0.issuedAt = $0.issuedAt.adding(milliseconds: 120_000) }
    },
    Case(name: "for another audience", status: 401, code: "auth.audience") {
      try draft($0) { $0.audience = "elsewhere" }
    },
    Case(name: "of another issuer", status: 401, code: "auth.issuer") {
      try draft($0) { $0.issuer = "https://evil.test/" }
    },
    Case(name: "of another type", status: 401, code: "auth.type") { try draft($0) { $0.type = "logout+jwt" } },
    Case(name: "without a tenant", status: 401, code: "tenant.missing") { try draft($0) { $0.tenant = nil } },
    Case(name: "signed by a stranger", status: 401, code: "auth.unknown_key") {
      "Bearer " + (try $0.issuer.token(signer: TestIssuer.signer(9)))
    },
    Case(name: "with its signature cut off", status: 401, code: "auth.signature") {
      let parts = try $0.issuer.token().split(separator: ".")
      let other = try $0.issuer.token(.user, "other").split(separator: ".")
      return "Bearer \(parts[0]).\(parts[1]).\(other[2])"
    },
    Case(name: "with another payload", status: 401, code: "auth.signature") {
      let parts = try $0.issuer.token().split(separator: ".")
      let other = try $0.issuer.token(.admin, "other").split(separator: ".")
      return "Bearer \(parts[0]).\(other[1]).\(parts[2])"
    },
    Case(name: "of a role the route does not serve", status: 403, code: "access.denied") {
      "Bearer " + (try $0.issuer.token(.auditor, tenant: nil))
    },
  ]

  private static func draft(_ gateway: TestGateway, _ change: (inout TokenDraft) -> Void) throws -> String {
    var draft = TokenDraft(
      for: gateway.issuer.policy, subject: "ann", role: .user, tenant: TenantID("orchid"),
      at: gateway.clock.clocks.now, lifetimeSeconds: 3600)
    change(&draft)
    return "Bearer " + (try gateway.issuer.signer.sign(draft))
  }

  @Test(arguments: cases)
  private func `that does not hold is refused with its code, and nothing reaches the upstream`(
    token: Case
  ) async throws {
    try await withForwarding { gateway, upstream in
      let lines = try token.header(gateway).map { ["Authorization: \($0)"] } ?? []
      let answer = try await gateway.call("GET", "/api/v1/market/x", headers: lines)
      #expect(answer.status == token.status)
      #expect(answer.only("content-type") == "application/problem+json")
      let problem = try JSONDecoder().decode(Problem.self, from: Data(answer.body))
      #expect(problem.code == token.code)
      #expect(problem.status == token.status)
      #expect(problem.type == "/errors/\(token.code)")
      #expect(problem.instance == "/api/v1/market/x")
      #expect(problem.requestId == answer.only("x-request-id"))
      let challenge =
        token.code == "auth.missing"
        ? "Bearer" : "Bearer error=\"\(token.status == 401 ? "invalid_token" : "insufficient_scope")\""
      #expect(answer.all("www-authenticate") == [challenge])
      #expect(answer.only("cache-control") == "no-store")
      #expect(upstream.connections == 0)
      #expect(try await gateway.log.line(of: problem.requestId).code == token.code)
    }
  }

  @Test func `that holds identifies its caller to endpoints`() async throws {
    try await withEndpoints { gateway in
      let answer = try await gateway.call("GET", "/me", token: gateway.issuer.token(.user, "ann", tenant: "orchid"))
      #expect(answer.text == "orchid ann user 127.0.0.1")
      let staff = try await gateway.call("GET", "/me", token: gateway.issuer.token(.support, "sue", tenant: nil))
      #expect(staff.text == "- sue support 127.0.0.1")
    }
  }

  @Test(arguments: ["bearer", "BEARER", "Bearer"])
  func `is found after the scheme in any case`(scheme: String) async throws {
    try await withEndpoints { gateway in
      let token = try gateway.issuer.token()
      #expect(try await gateway.call("GET", "/me", headers: ["authorization: \(scheme) \(token)"]).status == 200)
    }
  }

  @Test func `is not looked for in the query, the cookies or the body`() async throws {
    try await withEndpoints { gateway in
      let token = try gateway.issuer.token()
      for (path, line) in [
        ("/me?jwt=\(token)&access_token=\(token)", "X: y"), ("/me", "Cookie: token=\(token); jwt=\(token)"),
      ] {
        #expect(try await gateway.call("GET", path, headers: [line]).status == 401)
      }
    }
  }

  @Test func `sent twice is refused as malformed`() async throws {
    try await withEndpoints { gateway in
      let line = "Authorization: Bearer \(try gateway.issuer.token())"
      #expect(try await gateway.call("GET", "/me", headers: [line, line]).status == 400)
    }
  }

  @Test func `ends in the middle of a connection when it expires`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      let line = "Authorization: Bearer \(try gateway.issuer.token(lifetimeSeconds: 40))"
      for (wait, status) in [(0, 200), (50, 200), (21, 401)] {  // 40 s and 30 s of allowance for skew
        gateway.clock.advance(by: .seconds(wait))
        try await client.get("/me", line)
        #expect(try await client.answer().status == status, "\(wait)")
      }
    }
  }

  @Test func `ends in the middle of a connection when it is revoked`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      let line = "Authorization: Bearer \(try gateway.issuer.token(.user, "ann", tenant: "orchid"))"
      try await client.get("/me", line)
      #expect(try await client.answer().status == 200)
      let now = gateway.clock.clocks.now
      try gateway.revocations.update { (list: inout RevocationList) throws(Refusal) in
        try list.add(Revocation(.subject("ann"), reason: "left", at: now, policy: gateway.issuer.policy))
      }
      try await client.get("/me", line)
      let answer = try await client.answer()
      #expect(answer.status == 401)
      #expect(answer.text.contains("\"auth.revoked\""))
    }
  }

  /// The fetch has brought nothing, or the key: either way the request is judged once more, not lost.
  @Test(arguments: [true, false])
  func `of a key not yet known waits for the fetch that may bring it`(brings: Bool) async throws {
    let parked = Mutex<[@Sendable () -> Void]>([])
    let stranger = try TestIssuer.signer(9)
    try await withGateway {
      $0.routes = TestRoutes.all
      $0.keyMissing = { _, done in
        parked.withLock { $0.append(done) }
        return true
      }
    } _: { gateway in
      let client = try await gateway.connect()
      let token = try gateway.issuer.token(signer: stranger)
      try await client.get("/me", "Authorization: Bearer \(token)")
      try await waitUntil("the request is parked") { parked.withLock { !$0.isEmpty } }
      #expect(client.received.isEmpty)
      if brings { gateway.issuer.keys.replaceFetched(try KeySet(jwks: Array(stranger.jwks.utf8))) }
      parked.withLock { $0.removeFirst() }()
      #expect(try await client.answer().status == (brings ? 200 : 401))
      #expect(parked.withLock { $0.isEmpty }, "asked once per request")
    }
  }

  /// The parser is shared by the connections of a loop: what it last read belongs to whoever came last.
  @Test func `of a key not yet known forwards its own head, whatever was read meanwhile`() async throws {
    let parked = Mutex<[@Sendable () -> Void]>([])
    let stranger = try TestIssuer.signer(9)
    try await withForwarding {
      $0.keyMissing = { _, done in
        parked.withLock { $0.append(done) }
        return true
      }
    } _: { gateway, upstream in
      let client = try await gateway.connect()
      let token = try gateway.issuer.token(signer: stranger)
      let fields = ["X-Tenant-Id: evil", "X-Mine: kept", "Cookie: bw_session=secret"]
      try await client.send(
        "GET /api/v1/market HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer \(token)\r\n"
          + fields.joined(separator: "\r\n") + "\r\n\r\n")
      try await waitUntil("the request is parked") { parked.withLock { !$0.isEmpty } }
      _ = try await gateway.call("GET", "/hello", headers: (0..<20).map { "X-Other-\($0): \($0)" })
      gateway.issuer.keys.replaceFetched(try KeySet(jwks: Array(stranger.jwks.utf8)))
      parked.withLock { $0.removeFirst() }()
      let head = try await upstream.accept().requestHead()
      #expect(head.values("x-tenant-id") == ["orchid"])
      #expect(head.values("x-mine") == ["kept"])
      #expect(head.values("host") == ["a.test"])
      #expect(head.values("authorization").isEmpty && head.values("cookie").isEmpty, "\(head)")
    }
  }

  @Test func `of a disabled tenant may read but not change trading`() async throws {
    try await withForwarding {
      $0.tradingRefusal = { $0.text == "orchid" ? Refusal(.tenantDisabled, "Disabled by an operator.") : nil }
      $0.routes.append(
        Route(
          .post, "/orders", access: .roles([.user]), class: .trading, changesTrading: true,
          action: .endpoint(TestRoutes.say("placed"))))
    } _: { gateway, _ in
      let orchid = try gateway.issuer.token(.user, "ann", tenant: "orchid")
      let lotus = try gateway.issuer.token(.user, "bob", tenant: "lotus")
      let refused = try await gateway.call("POST", "/orders", token: orchid, body: "{}")
      #expect(refused.status == 403)
      #expect(refused.text.contains("\"tenant.disabled\""))
      #expect(try await gateway.call("POST", "/orders", token: lotus, body: "{}").text == "placed")
      #expect(try await gateway.call("GET", "/me", token: orchid).status == 200)
    }
  }
}
