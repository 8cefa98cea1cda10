import BreakwaterTesting
import ControlModel
import Foundation
import Testing

@testable import DataPlane

/// One line of JSON for each request, whatever became of it.
@Suite struct `The access line` {
  @Test func `of a forwarded request says who asked what, of whom, and how long it took`() async throws {
    try await withForwarding { gateway, upstream in
      let client = try await gateway.connect()
      let token = try gateway.issuer.token(.user, "ann", tenant: "orchid")
      try await client.send(
        "POST /api/v1/market/bars?x=secret HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n"
          + "X-Request-ID: line-of-ann-1\r\nContent-Length: 5\r\n"
          + "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\nhello")
      let server = try await upstream.accept()
      _ = try await server.requestHead()
      _ = try await server.take(5)
      try await server.send("HTTP/1.1 201 Created\r\nContent-Length: 3\r\n\r\nyes")
      _ = try await client.answer()
      let line = try await gateway.log.line(of: "line-of-ann-1")
      #expect(line.event_name == "http.access" && line.component == "gateway" && line.severity_text == "INFO")
      #expect(line.trace_id == "0af7651916cd43dd8448eb211c80319c")
      #expect(line.tenant == "orchid" && line.actor == "ann" && line.role == "user")
      #expect(line.method == "POST" && line.path == "/api/v1/market/bars" && line.route == "/api/v1/market")
      #expect(line.status == 201 && line.code == nil)
      #expect(line.upstream == "backend" && line.upstream_ms == 0)
      #expect(line.bytes_in == 5 && line.bytes_out == 3)
      #expect(line.duration_ms == 0 && line.ts == "2026-11-22T12:00:00.000Z")
      #expect(line.peer == "127.0.0.1" && line.listener == "public")
      #expect(gateway.log.lines.allSatisfy { !$0.contains("secret") && !$0.contains(token) })
    }
  }

  @Test func `is there exactly once for every answer, under the id the answer carries`() async throws {
    let nobody = try ReservedPort()
    try await withEndpoints {
      $0.upstreams = [.near(nobody.port)]
    } _: { gateway in
      let requests: [(text: String, method: String)] = [
        ("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "GET"), ("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD"),
        ("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", "GET"), ("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE"),
        ("GET /me HTTP/1.1\r\nHost: a\r\n\r\n", "GET"), ("GET /open HTTP/1.1\r\nHost: a\r\n\r\n", "GET"),
        ("GET / HTTP/1.1\r\n\r\n", "GET"), ("nonsense\r\n\r\n", "GET"), ("GET //x HTTP/1.1\r\nHost: a\r\n\r\n", "GET"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n", "POST"),
        ("GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-ID: of-the-client\r\n\r\n", "GET"),
      ]
      var ids: [String] = []
      for request in requests {
        let client = try await gateway.connect()
        try await client.send(request.text)
        let answer = try await client.answer(to: request.method)
        let id = try #require(answer.only("x-request-id"), "\(request.text)")
        ids.append(id)
        #expect(try await gateway.log.line(of: id).status == answer.status)
      }
      let objects = try #require(gateway.log.objects, "every line is a JSON object")
      let logged = objects.compactMap { $0["request_id"] as? String }
      #expect(logged.sorted() == ids.sorted())
      #expect(Set(ids).count == ids.count)
    }
  }

  @Test func `is one line of JSON whatever bytes the path has`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.get("/a'b%22c%0d%0a", "X-Request-ID: odd-bytes-1")  // an encoded line end is refused
      _ = try await client.answer()
      let second = try await gateway.connect()
      try await second.get("/quote'%22%3C&x=\"<>", "X-Request-ID: odd-bytes-2")
      _ = try await second.answer()
      let third = try await gateway.connect()
      try await third.get("/" + String(repeating: "p", count: 3000), "X-Request-ID: long-path-1")
      _ = try await third.answer()
      #expect(try await gateway.log.line(of: "long-path-1").path.utf8.count == 1024)
      #expect(gateway.log.objects != nil)
    }
  }

  @Test func `blames the caller at WARN and the upstream at ERROR`() async throws {
    let nobody = try ReservedPort()
    try await withEndpoints {
      $0.upstreams = [.near(nobody.port)]
    } _: { gateway in
      _ = try await gateway.call("GET", "/me", headers: ["X-Request-ID: callers-fault"])
      _ = try await gateway.call("GET", "/open", headers: ["X-Request-ID: upstreams-fault"])
      #expect(try await gateway.log.line(of: "callers-fault").severity_text == "WARN")
      #expect(try await gateway.log.line(of: "upstreams-fault").severity_text == "ERROR")
    }
  }
}
