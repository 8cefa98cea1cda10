import BreakwaterTesting
import ControlModel
import Testing

@testable import DataPlane

/// Limits as callers meet them. The clock stands still until a test moves it.
@Suite struct `A rate-limited request` {
  private static let wide = RateLimit(quota: 1000, windowSeconds: 1, burst: 1000)
  private static let narrow = RateLimit(quota: 60, windowSeconds: 60, burst: 3)

  private func withLimits(
    ip: RateLimit = wide, tenant: RateLimit = wide, user: RateLimit = wide,
    _ change: (inout TestGateway.Options) -> Void = { _ in },
    _ test: (TestGateway, ScriptedUpstream) async throws -> Void
  ) async throws {
    try await withForwarding(
      {
        $0.policies = RatePolicies(ip: ip, tenant: tenant, user: user)
        change(&$0)
      }, test)
  }

  @Test func `is told its policies and the tightest of what is left`() async throws {
    try await withLimits(tenant: RateLimit(quota: 600, windowSeconds: 60, burst: 100), user: Self.narrow) {
      gateway, _ in
      let answer = try await gateway.call("GET", "/me", token: gateway.issuer.token())
      #expect(answer.only("ratelimit-policy") == "\"ip\";q=1000;w=1, \"tenant\";q=600;w=60, \"user\";q=60;w=60")
      #expect(answer.only("ratelimit") == "\"user\";r=2;t=1")
      #expect(answer.only("retry-after") == nil)
    }
  }

  @Test func `past the burst is refused until its time has come, to the second`() async throws {
    try await withLimits(user: Self.narrow) { gateway, upstream in
      let token = try gateway.issuer.token()
      for _ in 0..<3 { #expect(try await gateway.call("GET", "/me", token: token).status == 200) }
      let refused = try await gateway.call("GET", "/api/v1/market", token: token)
      #expect(refused.status == 429)
      #expect(refused.only("retry-after") == "1")
      #expect(refused.only("ratelimit") == "\"user\";r=0;t=1")
      #expect(refused.text.contains("\"rate.limited\"") && refused.text.contains("\"retryAfter\":1"))
      #expect(upstream.connections == 0)
      #expect(gateway.metric("breakwater_ratelimit_decisions_total{policy=\"user\",result=\"limited\"}") == 1)
      gateway.clock.advance(by: .milliseconds(999))
      #expect(try await gateway.call("GET", "/me", token: token).status == 429)
      gateway.clock.advance(by: .milliseconds(1))
      #expect(try await gateway.call("GET", "/me", token: token).status == 200)
      #expect(try await gateway.call("GET", "/me", token: token).status == 429)
    }
  }

  @Test func `draws from its tenant's bucket whoever of the tenant sends it`() async throws {
    try await withLimits(tenant: Self.narrow) { gateway, _ in
      for user in ["ann", "bob", "cid"] {
        #expect(try await gateway.call("GET", "/me", token: gateway.issuer.token(.user, user)).status == 200)
      }
      let refused = try await gateway.call("GET", "/me", token: gateway.issuer.token(.user, "dee"))
      #expect(refused.status == 429)
      #expect(refused.text.contains("tenant limit"))
      let other = try gateway.issuer.token(.user, "ann", tenant: "lotus")
      #expect(try await gateway.call("GET", "/me", token: other).status == 200)
    }
  }

  @Test func `of one tenant may have a limit of its own`() async throws {
    try await withForwarding {
      $0.policies = RatePolicies(
        ip: Self.wide, tenant: Self.wide, user: Self.wide,
        tenantOverrides: ["orchid": RateLimit(quota: 1, windowSeconds: 10, burst: 1)])
    } _: { gateway, _ in
      let token = try gateway.issuer.token()
      #expect(try await gateway.call("GET", "/me", token: token).status == 200)
      let refused = try await gateway.call("GET", "/me", token: token)
      #expect(refused.only("retry-after") == "10")
    }
  }

  @Test func `without a token draws from its address's bucket, over all connections`() async throws {
    try await withLimits(ip: Self.narrow) { gateway, _ in
      for _ in 0..<3 { #expect(try await gateway.call("GET", "/hello").status == 200) }
      let refused = try await gateway.call("GET", "/hello")
      #expect(refused.status == 429)
      #expect(refused.only("ratelimit-policy") == "\"ip\";q=60;w=60")
    }
  }

  /// Checking signatures is the dearest thing a stranger can ask for.
  @Test func `with a token that fails pays from its address's bucket, and in the end gets no more checks`() async throws
  {
    try await withLimits(ip: Self.narrow) { gateway, _ in
      let bad = try gateway.issuer.token(signer: TestIssuer.signer(9))
      for _ in 0..<3 { #expect(try await gateway.call("GET", "/me", token: bad).status == 401) }
      let refused = try await gateway.call("GET", "/me", token: bad)
      #expect(refused.status == 429)
      #expect(refused.only("retry-after") == "1")
    }
  }

  @Test func `takes its route's cost`() async throws {
    let expensive = Route(
      .get, "/research", access: .open, class: .expensive, cost: 3, action: .endpoint(TestRoutes.say("found")))
    try await withLimits(ip: Self.narrow, { $0.routes.append(expensive) }) { gateway, _ in
      #expect(try await gateway.call("GET", "/research").status == 200)
      let refused = try await gateway.call("GET", "/research")
      #expect(refused.status == 429)
      #expect(refused.only("retry-after") == "3")
    }
  }

  @Test func `spends nothing when it is refused`() async throws {
    try await withLimits(tenant: RateLimit(quota: 60, windowSeconds: 60, burst: 4), user: Self.narrow) { gateway, _ in
      let ann = try gateway.issuer.token(.user, "ann")
      for _ in 0..<3 { #expect(try await gateway.call("GET", "/me", token: ann).status == 200) }
      for _ in 0..<5 { #expect(try await gateway.call("GET", "/me", token: ann).status == 429) }
      // The tenant's fourth is still there.
      #expect(try await gateway.call("GET", "/me", token: gateway.issuer.token(.user, "bob")).status == 200)
    }
  }

  @Test func `of the control lane or on the ops listener is never limited`() async throws {
    let halt = Route(
      .post, "/admin/halt", access: .roles([.admin]), class: .control, action: .endpoint(TestRoutes.say("halted")))
    let tight = RateLimit(quota: 1, windowSeconds: 3600, burst: 1)
    try await withLimits(ip: tight, tenant: tight, user: tight, { $0.routes.append(halt) }) { gateway, _ in
      #expect(try await gateway.call("GET", "/hello").status == 200)
      #expect(try await gateway.call("GET", "/hello").status == 429)
      let admin = try gateway.issuer.token(.admin, "root", tenant: nil)
      for _ in 0..<20 {
        let answer = try await gateway.call("POST", "/admin/halt", token: admin, body: "{}")
        #expect(answer.text == "halted")
        #expect(answer.all("ratelimit").isEmpty)
        #expect(try await gateway.call("GET", "/hello", ops: true).status == 200)
      }
    }
  }

  @Test func `keeps its limits over pipelined requests of one connection`() async throws {
    try await withLimits(ip: Self.narrow) { gateway, _ in
      let client = try await gateway.connect()
      try await client.send(String(repeating: "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", count: 5))
      var statuses: [Int] = []
      for _ in 0..<5 { statuses.append(try await client.answer().status) }
      #expect(statuses == [200, 200, 200, 429, 429])
    }
  }

  @Test func `starts afresh when a reload brings other limits`() async throws {
    try await withLimits(ip: Self.narrow) { gateway, _ in
      let client = try await gateway.connect()
      for status in [200, 200, 200, 429] {
        try await client.get("/hello")
        #expect(try await client.answer().status == status)
      }
      gateway.reload { $0.policies = TestGateway.generous }
      try await client.get("/hello")
      let answer = try await client.answer()
      #expect(answer.status == 200)
      #expect(answer.only("ratelimit-policy") == "\"ip\";q=1000000;w=1")
    }
  }
}
