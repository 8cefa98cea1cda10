import ControlModel
import Testing

@testable import DataPlane

@Suite struct `The route table` {
  private static let endpoint = Route.Action.endpoint(Endpoint("Test.") { _ in Reply(200) })

  private static let table = RouteTable([
    Route(.get, "/", access: .open, action: endpoint),
    Route(.get, "/admin/controls", access: .open, action: endpoint),
    Route(.post, "/admin/controls", access: .open, action: endpoint),
    Route(.get, "/admin/controls/effective", access: .open, action: endpoint),
    Route(.get, "/admin/controls/{id}", access: .open, action: endpoint),
    Route(.post, "/admin/tenants/{tenant}/profiles/{profile}/disable", access: .open, action: endpoint),
    Route(.get, "/files/{path*}", access: .open, action: endpoint),
    Route(nil, "/any", access: .open, action: endpoint),
    Route(nil, "/api/v1", access: .open, action: .forward(upstream: "all")),
    Route(nil, "/api/v1/market", access: .open, action: .forward(upstream: "market")),
    Route(.get, "/api/v1/news", access: .open, action: .forward(upstream: "news")),
    Route(.post, "/api/v1/orders", access: .open, action: endpoint),
  ])

  private func match(_ method: Method, _ path: String) -> String {
    let bytes = Array(path.utf8)
    switch Self.table.match(method, bytes.span, 0..<bytes.count) {
    case .unknown: return "unknown"
    case .methodNotAllowed(let allowed): return "405 " + allowed.map(\.text).joined(separator: " ")
    case .found(let index):
      let route = Self.table.routes[index]
      if case .forward(let upstream) = route.action { return "forward \(upstream)" }
      return "\(route.method?.text ?? "*") \(route.template)"
    }
  }

  @Test(arguments: [
    ("/", "GET /"), ("/admin/controls", "GET /admin/controls"),
    ("/admin/controls/effective", "GET /admin/controls/effective"),
    ("/admin/controls/ctl_1", "GET /admin/controls/{id}"), ("/files/a/b/c", "GET /files/{path*}"), ("/any", "* /any"),
    ("/files", "unknown"), ("/files/", "unknown"), ("/admin", "unknown"), ("/admin/controls/", "unknown"),
    ("/admin/controls/a/b", "unknown"), ("/Admin/controls", "unknown"), ("/admin/controls%2Fa", "unknown"),
    ("//", "unknown"),
    ("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", "unknown"),
  ])
  func `matches whole paths segment by segment, the first row that fits`(path: String, route: String) {
    #expect(match(.get, path) == route)
  }

  @Test(arguments: [
    ("/api/v1/market", "forward market"), ("/api/v1/market/", "forward market"),
    ("/api/v1/market/quotes", "forward market"),
    ("/api/v1/marketing", "forward all"), ("/api/v1/x", "forward all"), ("/api/v1", "forward all"),
    ("/api/v10", "unknown"),
    ("/api/v1/%6darket", "forward all"),
  ])
  func `forwards the longest prefix that ends at a segment`(path: String, route: String) {
    #expect(match(.get, path) == route)
  }

  @Test func `answers HEAD with the GET route and names the methods a path has`() {
    #expect(match(.head, "/admin/controls") == "GET /admin/controls")
    #expect(match(.delete, "/admin/controls") == "405 GET POST")
    #expect(match(.head, "/admin/tenants/t/profiles/p/disable") == "405 POST")
    #expect(match(.post, "/api/v1/news") == "405 GET")
    #expect(match(.head, "/api/v1/news/today") == "forward news")
  }

  @Test func `lets a path of its own hide a forwarded prefix, whatever the method`() {
    #expect(match(.post, "/api/v1/orders") == "POST /api/v1/orders")
    #expect(match(.get, "/api/v1/orders") == "405 POST")
    #expect(match(.get, "/api/v1/orders/1") == "forward all")
  }

  /// TRACE would show the client the headers added on the way (cross-site tracing).
  @Test func `sends methods it does not know nowhere`() {
    #expect(match(.other, "/api/v1/market") == "405 GET HEAD POST PUT PATCH DELETE OPTIONS")
    #expect(match(.other, "/any") == "405 GET HEAD POST PUT PATCH DELETE OPTIONS")
    #expect(match(.options, "/api/v1/market") == "forward market")
  }

  @Test(arguments: [
    ("/admin/controls/a%20b", ["id": "a b"]), ("/admin/controls/%C3%A9", ["id": "é"]),
    ("/admin/controls/%FF", ["id": "\u{fffd}"]),
    ("/admin/controls/a+b", ["id": "a+b"]), ("/files/a/b%2Bc", ["path": "a/b+c"]),
  ])
  func `decodes parameters once`(path: String, expected: [String: String]) {
    let bytes = Array(path.utf8)
    guard case .found(let index) = Self.table.match(.get, bytes.span, 0..<bytes.count) else {
      Issue.record("\(path) matches")
      return
    }
    #expect(Self.table.parameters(of: index, bytes.span, 0..<bytes.count) == expected)
  }

  @Test func `reads form values, pairs in order and bounded in number`() {
    let query = Query(Array("a=1&b=x%20y+z&a=2&flag&=v&c=%zz".utf8))
    #expect(query.first("a") == "1")
    #expect(query.all("a") == ["1", "2"])
    #expect(query.first("b") == "x y z")
    #expect(query.first("flag") == "")
    #expect(query.first("c") == "%zz")
    #expect(Query(Array(String(repeating: "a=1&", count: 1000).utf8)).pairs.count == Query.pairsMax)
  }
}
