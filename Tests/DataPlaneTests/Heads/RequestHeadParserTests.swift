import Testing

@testable import DataPlane

@Suite struct `A request head` {
  @Test func `is read into method, target, host and framing`() throws {
    let head = try #require(
      ParsedHead(
        "POST /api/v1/orders?dry=1 HTTP/1.1\r\nHost: gateway.test:4018\r\nContent-Length: 12\r\nX-Trace: \t a b \r\n\r\n"
      ).summary)
    #expect(head.method == .post)
    #expect(head.target == "/api/v1/orders?dry=1")
    #expect(head.path == "/api/v1/orders")
    #expect(head.query == "dry=1")
    #expect(head.host == "gateway.test:4018")
    #expect(head.framing == .length(12))
    #expect(head.isKeptAlive)
    #expect(head.fields.last == ParsedHead.Line(name: "X-Trace", value: "a b", kind: .other))
  }

  @Test func `in absolute form is forwarded in origin form`() throws {
    let head = try #require(ParsedHead("GET http://a.test/x?y HTTP/1.1\r\nHost: A.test\r\n\r\n").summary)
    #expect(head.target == "/x?y")
    #expect(head.host == "A.test")
  }

  @Test(arguments: [
    ("close", false), ("Close", false), ("keep-alive", true), ("x-a, close", false), ("close-ish", true), ("", true),
  ])
  func `decides whether the connection is kept`(value: String, isKept: Bool) throws {
    #expect(try #require(ParsedHead.get("Connection: \(value)").summary).isKeptAlive == isKept)
  }

  @Test func `of HTTP 1.0 never keeps the connection and needs no host`() throws {
    let head = try #require(ParsedHead("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").summary)
    #expect(!head.isKeptAlive)
    #expect(head.isHTTP10)
    #expect(head.host == nil)
  }

  @Test func `knows methods by their exact spelling`() throws {
    for method in Method.allCases where method != .other {
      #expect(ParsedHead("\(method.text) / HTTP/1.1\r\nHost: a\r\n\r\n").summary?.method == method)
    }
    #expect(ParsedHead("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n").summary?.method == .other)
    #expect(ParsedHead("get / HTTP/1.1\r\nHost: a\r\n\r\n").problem == .method)
  }

  @Test func `expects 100-continue in HTTP 1.1 only`() throws {
    #expect(try #require(ParsedHead.get("Expect: 100-Continue").summary).expectsContinue)
    let old = ParsedHead("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    #expect(try #require(old.summary).expectsContinue == false)
    #expect(ParsedHead.get("Expect: 200-ok").problem == .expectation)
  }

  @Test func `takes an upgrade for a plain request, unless a WebSocket one has a body`() throws {
    #expect(ParsedHead.get("Connection: upgrade", "Upgrade: h2c").summary != nil)
    #expect(ParsedHead.get("Connection: upgrade", "Upgrade: websocket").summary != nil)
    #expect(
      ParsedHead.get("Connection: upgrade", "Upgrade: websocket", "Content-Length: 1").problem == .upgradeWithBody)
  }

  /// What two implementations could read differently, and the reason that is counted.
  static let refused: [(String, HeadProblem)] = [
    ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    ("GET /\r\n\r\n", .requestLine),
    ("GET\r\n\r\n", .method),
    ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .requestLine),
    ("GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", .requestLine),
    (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", .method),
    ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .method),
    ("GET/ HTTP/1.1\r\nHost: a\r\n\r\n", .method),
    ("VERYLONGMETHODNAME / HTTP/1.1\r\nHost: a\r\n\r\n", .method),
    ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .version),
    ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .version),
    ("GET / http/1.1\r\nHost: a\r\n\r\n", .version),
    ("GET / HTTP/1.1\nHost: a\n\n", .lineEnd),
    ("GET / HTTP/1.1\r\nHost: a\n\r\n", .lineEnd),
    ("GET / HTTP/1.1\r\nHost: a\r\n\n", .fieldName),
    ("GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n", .lineEnd),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", .lineEnd),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", .fieldValue),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7f}b\r\n\r\n", .fieldValue),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", .fieldName),
    ("GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n", .fieldName),
    ("GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n", .fieldName),
    ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", .fieldName),
    ("GET / HTTP/1.1\r\nHost: a\r\nX\u{e9}: a\r\n\r\n", .fieldName),
    ("GET / HTTP/1.1\r\n\r\n", .hostMissing),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .hostDuplicate),
    ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .hostInvalid),
    ("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", .hostInvalid),
    ("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", .hostInvalid),
    ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .hostInvalid),
    ("GET / HTTP/1.1\r\nHost: \r\n\r\n", .hostInvalid),
    ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", .hostMismatch),
    ("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    ("GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    ("GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", .target),
    ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", .target),
  ]

  @Test(arguments: refused)
  func `that could be read in two ways is refused`(text: String, problem: HeadProblem) {
    #expect(ParsedHead(text).problem == problem, "\(text.debugDescription)")
  }

  static let framing: [([String], HeadProblem)] = [
    (["Content-Length: 1", "Content-Length: 1"], .contentLength),
    (["Content-Length: 0", "Content-Length: 5"], .contentLength),
    (["Content-Length: 1, 1"], .contentLength),
    (["Content-Length: +1"], .contentLength),
    (["Content-Length: -1"], .contentLength),
    (["Content-Length: 0x1"], .contentLength),
    (["Content-Length: 1 1"], .contentLength),
    (["Content-Length:"], .contentLength),
    (["Content-Length: 1234567890123456"], .contentLength),
    (["Content-Length: 1", "Transfer-Encoding: chunked"], .framingConflict),
    (["Transfer-Encoding: chunked", "Content-Length: 1"], .framingConflict),
    (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], .transferEncoding),
    (["Transfer-Encoding: gzip, chunked"], .transferEncoding),
    (["Transfer-Encoding: chunked, identity"], .transferEncoding),
    (["Transfer-Encoding: ,chunked"], .transferEncoding),
    (["Transfer-Encoding: identity"], .transferEncoding),
    (["Transfer-Encoding: chunked;q=1"], .transferEncoding),
    (["Transfer-Encoding: \"chunked\""], .transferEncoding),
    (["Transfer-Encoding:"], .transferEncoding),
    (["Transfer-Encoding: xchunked"], .transferEncoding),
  ]

  @Test(arguments: framing)
  func `with doubtful framing is refused`(lines: [String], problem: HeadProblem) {
    let head = (["POST / HTTP/1.1", "Host: a"] + lines).joined(separator: "\r\n") + "\r\n\r\n"
    #expect(ParsedHead(head).problem == problem, "\(lines)")
  }

  @Test func `of HTTP 1.0 may not be chunked`() {
    #expect(ParsedHead("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").problem == .transferEncoding)
  }

  @Test func `with two Authorization fields is refused, with two request ids it has none`() {
    #expect(ParsedHead.get("Authorization: Bearer a", "authorization: Bearer b").problem == .authorizationDuplicate)
  }
}
