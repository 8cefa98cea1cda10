import BreakwaterTesting
import Foundation
import Testing

@testable import DataPlane

@Suite struct `A malformed request` {
  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", 400, "http.malformed", "host_missing"), ("\0\0\0\0", 400, "http.malformed", "method"),
    ("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.malformed", "path_confusion"),
    ("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, "request.expectation", "expectation"),
    (
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "v", count: 17_000), 431, "request.headers",
      "head_too_large"
    ),
    ("GET /" + String(repeating: "v", count: 5000), 414, "request.uri", "target_too_long"),
    ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "http.malformed", "chunk"),
  ])
  func `is answered, counted, logged and ends its connection`(
    request: String, status: Int, code: String, reason: String
  ) async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send(request)
      let answer = try await client.answer()
      #expect(answer.status == status)
      #expect(answer.only("content-type") == "application/problem+json")
      #expect(answer.only("connection") == "close")
      let problem = try JSONDecoder().decode(Problem.self, from: Data(answer.body))
      #expect(problem.code == code)
      #expect(problem.status == status)
      #expect(problem.requestId == answer.only("x-request-id"))
      try await client.closed()
      #expect(gateway.metric("breakwater_http_parse_errors_total{reason=\"\(reason)\"}") == 1)
      let line = try await gateway.log.line(of: problem.requestId)
      #expect(line.status == status)
      #expect(line.code == code)
      await client.close()
      try await gateway.expectQuiet()
    }
  }

  @Test func `after a good one does not take the good one's answer with it`() async throws {
    try await withEndpoints { gateway in
      let client = try await gateway.connect()
      try await client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\nBAD\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try await client.answer().text == "hello")
      #expect(try await client.answer().status == 400)
      try await client.closed()
      #expect(client.received.isEmpty)
    }
  }
}

/// `application/problem+json`, as a client reads it.
struct Problem: Decodable {
  let type, title, detail, code, requestId: String
  let status: Int
  let instance: String?
  let retryAfter: Int?
}
