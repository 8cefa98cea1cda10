import BreakwaterTesting
import ControlModel
import Identity
import NIOCore

@testable import DataPlane

/// The routes most tests ask: two endpoints, one that tells who is calling, and forwarded prefixes with and without a token.
enum TestRoutes {
  static let all: [Route] = [hello, echo, me, open, market]

  static let hello = Route(.get, "/hello", access: .open, on: .both, action: .endpoint(say("hello")))
  static let echo = Route(
    .post, "/echo", access: .open,
    action: .endpoint(
      Endpoint("Answers the body.", bodyBytesMax: 1024) { call in
        Reply(200, contentType: "text/plain", body: .bytes(Array(call.body.readableBytesView)))
      }))
  static let me = Route(
    .get, "/me", access: .roles(Set(Role.allCases)),
    action: .endpoint(
      Endpoint("Who calls.") { call in
        let caller = call.caller
        let text =
          "\(caller?.tenant?.text ?? "-") \(caller?.subject ?? "-") \(caller?.role.rawValue ?? "-") \(call.peer)"
        return Reply(200, contentType: "text/plain", body: .bytes(Array(text.utf8)))
      }))
  static let open = Route(nil, "/open", access: .open, action: .forward(upstream: "backend"))
  static let market = Route(nil, "/api/v1/market", access: .roles([.user]), action: .forward(upstream: "backend"))

  static func say(_ text: String) -> Endpoint {
    Endpoint("Says something.") { _ in Reply(200, contentType: "text/plain", body: .bytes(Array(text.utf8))) }
  }
}

/// A gateway with `TestRoutes`, in front of an upstream whose every byte the test decides.
func withForwarding(
  _ change: (inout TestGateway.Options) -> Void = { _ in },
  _ test: (TestGateway, ScriptedUpstream) async throws -> Void
) async throws {
  let upstream = try await ScriptedUpstream.start()
  do {
    try await withGateway {
      $0.routes = TestRoutes.all
      $0.upstreams = [.near(upstream.port)]
      change(&$0)
    } _: { gateway in
      try await test(gateway, upstream)
    }
  } catch {
    await upstream.stop()
    throw error
  }
  await upstream.stop()
}

/// A gateway with the routes that need no upstream.
func withEndpoints(
  _ change: (inout TestGateway.Options) -> Void = { _ in }, _ test: (TestGateway) async throws -> Void
) async throws {
  try await withGateway(
    {
      $0.routes = TestRoutes.all
      change(&$0)
    }, test)
}

extension RawConnection {
  /// Waits for one request head an upstream got: its request line and its header lines, in order.
  func requestHead() async throws -> UpstreamHead {
    let lines = try await take(until: "\r\n\r\n").split(separator: "\r\n").map(String.init)
    return UpstreamHead(line: lines[0], fields: Array(lines.dropFirst()))
  }

  /// Waits for a request without a body and answers it.
  func reply(_ text: String = "ok") async throws {
    _ = try await requestHead()
    try await send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
  }

  func get(_ path: String, _ fields: String...) async throws {
    try await send((["GET \(path) HTTP/1.1", "Host: a.test"] + fields).joined(separator: "\r\n") + "\r\n\r\n")
  }
}

/// A request head as an upstream got it.
struct UpstreamHead: Sendable {
  var line = ""
  /// Header lines as sent, in order.
  var fields: [String] = []

  /// The values of a field by its lower-case name.
  func values(_ name: String) -> [String] {
    fields.filter { $0.lowercased().hasPrefix(name + ":") }
      .map { $0.dropFirst(name.utf8.count + 1).trimmingPrefix(" ").description }
  }
}

extension Upstream {
  /// The upstream of the tests' routes on a port of this machine. Connecting is the one clock that is real: nothing a busy
  /// machine does may make it expire.
  static func near(_ port: Int) -> Upstream {
    var upstream = Upstream(name: "backend", host: "127.0.0.1", port: port)
    upstream.connectTimeout = .seconds(60)
    return upstream
  }
}
