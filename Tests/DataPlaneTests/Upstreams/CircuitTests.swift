import BreakwaterTesting
import ControlModel
import Telemetry
import Testing

@testable import DataPlane

/// The circuit as clients and operators meet it.
@Suite struct `An upstream whose circuit` {
  private func withCircuit(
    _ change: (inout TestGateway.Options) -> Void = { _ in },
    _ test: (TestGateway, ScriptedUpstream) async throws -> Void
  ) async throws {
    try await withForwarding(
      {
        $0.upstreams[0].breaker.failures = 2
        $0.loops = 2
        change(&$0)
      }, test)
  }

  /// One request that the upstream answers so.
  private func answer(
    _ text: String, _ gateway: TestGateway, _ upstream: ScriptedUpstream, path: String = "/open"
  ) async throws -> RawAnswer {
    let client = try await gateway.connect()
    try await client.get(path)
    let server = try await upstream.accept()
    _ = try await server.requestHead()
    try await server.send(text)
    await server.close()
    let answer = try await client.answer()
    await client.close()
    return answer
  }

  private static let unavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
  private static let fine = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

  @Test func `opened refuses on every loop, says when to come back, and closes after one request that works`()
    async throws
  {
    try await withCircuit { gateway, upstream in
      for _ in 0..<2 { #expect(try await answer(Self.unavailable, gateway, upstream).status == 503) }
      let before = upstream.connections
      for _ in 0..<6 {
        let refused = try await gateway.call("GET", "/open")
        #expect(refused.status == 503)
        #expect(refused.text.contains("\"upstream.circuit_open\""))
        #expect(refused.only("retry-after") == "1")
        #expect(refused.only("proxy-status") == "breakwater; error=destination_unavailable")
      }
      #expect(upstream.connections == before)
      #expect(gateway.metric("breakwater_upstream_circuit_state{state=\"open\",upstream=\"backend\"}") == 1)
      gateway.clock.advance(by: .seconds(5))
      let probe = try await gateway.connect()
      try await probe.get("/open/probe")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      #expect(try await gateway.call("GET", "/open").status == 503, "one request tries, the others wait")
      #expect(gateway.metric("breakwater_upstream_circuit_state{state=\"half_open\",upstream=\"backend\"}") == 1)
      try await server.send(Self.fine)
      #expect(try await probe.answer().status == 200)
      #expect(try await answer(Self.fine, gateway, upstream).status == 200)
      #expect(gateway.metric("breakwater_upstream_circuit_state{state=\"closed\",upstream=\"backend\"}") == 1)
      #expect(
        gateway.events.names == ["upstream.circuit_opened", "upstream.circuit_probed", "upstream.circuit_closed"])
    }
  }

  @Test func `is tried again by the next request when the client of the first try leaves`() async throws {
    try await withCircuit { gateway, upstream in
      for _ in 0..<2 { _ = try await answer("garbage\r\n\r\n", gateway, upstream) }
      gateway.clock.advance(by: .seconds(5))
      let probe = try await gateway.connect()
      try await probe.get("/open/probe")
      _ = try await upstream.accept().requestHead()
      try await probe.reset()
      try await waitUntil("the probe is given up") {
        gateway.metric("breakwater_upstream_circuit_state{state=\"open\",upstream=\"backend\"}") == 1
      }
      #expect(try await answer(Self.fine, gateway, upstream).status == 200)
    }
  }

  /// A request that breaks its handler must not cost everybody else's.
  @Test func `stays closed when it answers 500`() async throws {
    try await withCircuit { gateway, upstream in
      for _ in 0..<6 {
        let text = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        let status = try await answer(text, gateway, upstream).status
        #expect(status == 500)
      }
      #expect(gateway.metric("breakwater_upstream_circuit_state{state=\"closed\",upstream=\"backend\"}") == 1)
    }
  }

  @Test func `is open stays so over a reload that leaves the upstream as it is, and not over one that changes it`()
    async throws
  {
    let other = try await ScriptedUpstream.start()
    try await withCircuit { gateway, upstream in
      for _ in 0..<2 { _ = try await answer(Self.unavailable, gateway, upstream) }
      gateway.reload {
        $0.upstreams[0].timeout = .seconds(7)
        $0.policies.ip = RateLimit(quota: 77_777, windowSeconds: 1, burst: 77_777)
      }
      #expect(try await gateway.call("GET", "/open").text.contains("\"upstream.circuit_open\""))
      gateway.reload {
        $0.upstreams = [.near(other.port)]
        $0.upstreams[0].breaker.failures = 2
      }
      let client = try await gateway.connect()
      try await client.get("/open")
      try await other.accept().reply("new")
      #expect(try await client.answer().text == "new")
    }
    await other.stop()
  }
}
